"""Buttons. Each is checked anew when it is pressed: who pressed, and whether the thing is theirs."""

from dataclasses import replace
from typing import NamedTuple

from bot import cards, permissions
from bot import reminder_actions as reminders
from bot.commands import COMMANDS, Handler, answer
from bot.commands.call import Call, as_id
from bot.commands.data import of_menu
from bot.commands.settings import form as settings_form
from bot.commands.support import help_with
from bot.limits import SHOW_ALL
from bot.views import connections as views
from bot.views.blocks import Message, Modal
from bot.views.help import refusal
from core import tracing
from core.errors import NotYours, SolidoError


class Button(NamedTuple):
    """`replaces`: whether the answer takes the place of the question."""

    handler: Handler
    replaces: bool = False


async def disconnect(call: Call) -> Message:
    organisation = await call.services.connecting.disconnect(call.workspace_id, by=call.user_id, now=call.now)
    return views.disconnecting(organisation)


async def cancel(call: Call) -> Message:
    assert call.workspace_id  # nothing is done to it, but others are not told so either
    return views.cancelled()


async def choose(call: Call) -> Message | Modal:
    """`<command> <workspace>`: the command again, for the workspace that was chosen."""
    name, _space, workspace = call.argument.partition(" ")
    command = COMMANDS.get(name)
    if command is None:
        raise NotYours
    return await answer(replace(call, argument="", chosen=as_id(workspace)), command.handler, name)


async def show_all(call: Call) -> Message | Modal:
    """The same as choosing, shown where there is room. What can be pressed stays in the message."""
    said = await choose(call)
    if isinstance(said, Modal):
        return said
    return Modal("Solido", [block for block in said.blocks if block["type"] != "actions"])


async def press(call: Call, name: str, *, presser_team: str) -> Message | Modal:
    """Answer a press. Only members of the team may: in a shared channel other companies see the same buttons."""
    tracing.note(button=name if name in ACTIONS else "other")
    try:
        if not call.team.has_member(presser_team):
            raise NotYours
        if name.startswith("choose_"):
            return await choose(call)
        if name == SHOW_ALL:
            return await show_all(call)
        if name not in ACTIONS:
            raise NotYours
        allowed = await permissions.checked(call, permissions.BUTTONS.get(name))
        return await permissions.carried_out(allowed, ACTIONS[name].handler(allowed))
    except SolidoError as error:
        return refusal(error)


def replaces(name: str) -> bool:
    return name in ACTIONS and ACTIONS[name].replaces


ACTIONS: dict[str, Button] = {
    "reconnect": Button(cards.reconnect),
    "retry": Button(cards.retry),
    "snooze": Button(cards.snooze),
    "take": Button(cards.take),
    "help": Button(help_with),
    "disconnect": Button(disconnect, replaces=True),
    "cancel": Button(cancel, replaces=True),
    "settings": Button(settings_form),
    "data": Button(of_menu),
    "reminders_start": Button(reminders.start),
    "reminders_start_anyway": Button(reminders.start_anyway, replaces=True),
    "reminders_pause": Button(reminders.pause),
    "reminders_resume": Button(reminders.resume),
    "reminders_rules": Button(reminders.rules),
    "reminders_letters": Button(reminders.letters),
    "reminders_letter": Button(reminders.letter),
    "reminders_more": Button(reminders.more, replaces=True),
    "reminders_hold": Button(reminders.hold_something),
    "hold_invoice": Button(reminders.hold_invoice),
    "hold_release": Button(reminders.release),
    "hold_release_customer": Button(reminders.release_customer),
    "letter_went": Button(reminders.letter_went),
    "letter_did_not": Button(reminders.letter_did_not),
    "credit_send": Button(reminders.credit_send),
    "credit_hold": Button(reminders.credit_hold),
    "credit_ask": Button(reminders.credit_ask),
    "subscribe": Button(reminders.subscribe),
}
"""By action id. Who may press them is in bot/permissions.py: whoever asks who may do what reads one page, without any
handlers between."""
