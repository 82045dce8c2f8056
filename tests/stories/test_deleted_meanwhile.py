"""A workspace deleted in the moment between the check of who may and what was asked for: refused, never a crash."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.actions import ACTIONS
from bot.commands import COMMANDS
from bot.commands.call import Call
from bot.modals import MODALS
from bot.permissions import BUTTONS, DIALOGS, About, Right, carried_out, checked, may, of_command
from bot.permissions import COMMANDS as RIGHTS
from core.errors import NotYours, Refusal
from tests.stories.play import HARBOUR, Play, workspace_of
from tests.stories.test_permissions import call_of

Work = Callable[[Call], Awaitable[Any]]
ENTERED = {
    "channel": "C0GENERAL",
    "description": "It does not work",
    "name": HARBOUR,
    "target": "everything",
    "whom": "U0MEMBER",
    "steps": "0, 7",
    "send_at": "09:00",
    "weekdays": "0,1",
    "per_hour": "9",
    "subject": "Due",
    "body": "{{ invoices }}",
    "what": "Save",
}
A_THING = "5a0dfb3c-6a2f-4f0b-8b64-2d8e0c7a1f11"
"""An id of Xero's: of an invoice, a customer or a letter that is not ours."""


async def everything_asked_for(play: Play) -> list[tuple[str, Call, Work]]:
    """Each command, button and dialog, checked for an admin."""
    workspace = str(await workspace_of(play))
    found: list[tuple[str, Call, Work]] = []
    for name in RIGHTS:
        word, _space, rest = name.partition(" ")
        call = await checked(await call_of(play, "admin", rest), of_command(word, rest))
        found.append((f"command {name}", call, COMMANDS[word].handler))
    for kind, rights in (("button", BUTTONS), ("dialog", DIALOGS)):
        for name, permission in rights.items():
            assert permission.about is About.NAMED
            for rest in ("", " 7", f" {A_THING}"):
                call = await checked(await call_of(play, "admin", workspace + rest), permission)
                found.append((f"{kind} {name}", call, ACTIONS[name].handler if kind == "button" else submitted(name)))
    return found


def submitted(name: str) -> Work:
    async def work(call: Call) -> Any:
        return await MODALS[name](call, ENTERED)

    return work


async def test_whatever_was_asked_for_of_a_workspace_that_is_gone_by_then_is_refused(play: Play):
    await play.connect()
    asked = await everything_asked_for(play)
    workspace_id = await workspace_of(play)
    async with play.database.workspace(workspace_id) as store:
        await store.everything.forget()
    refused = set()
    for name, call, work in asked:
        try:
            said = await carried_out(call, work(call))
        except Refusal:
            refused.add(name)
        else:
            assert HARBOUR not in str(said), name
    assert {"command sync", "command status", "button retry", "button disconnect", "dialog settings"} <= refused


async def test_a_workspace_that_is_gone_while_the_right_to_it_is_looked_up_is_refused(play: Play):
    await play.connect()
    workspace_id = await workspace_of(play)
    async with play.database.workspace(workspace_id) as store:
        await store.everything.forget()
    assert not await may(await call_of(play, "member"), Right.READ, workspace_id)


async def test_a_handler_that_is_called_past_the_check_is_refused(play: Play):
    await play.connect()
    unchecked = await call_of(play, "admin", str(await workspace_of(play)))
    for name, button in ACTIONS.items():
        with pytest.raises(NotYours):
            await button.handler(unchecked)
        assert name in BUTTONS
