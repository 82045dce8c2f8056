"""Buttons. Each is checked anew when it is pressed: who pressed, and whether the thing is theirs."""

from dataclasses import replace
from uuid import UUID

from bot import cards, permissions
from bot.commands import COMMANDS, Handler, answer
from bot.commands.call import Call
from bot.commands.data import of_menu
from bot.commands.pressed import as_id
from bot.commands.settings import of_button
from bot.commands.support import help_with
from bot.limits import SHOW_ALL
from bot.reminder_actions import REMINDER_ACTIONS
from bot.reminder_actions import REPLACES as REMINDER_REPLACES
from bot.views import connections as views
from bot.views.blocks import Message, Modal
from bot.views.help import refusal
from core import tracing
from core.errors import NotYours, SolidoError


async def the_workspace(call: Call) -> UUID:
    """The workspace named by a button's value, if it is the clicker's team's."""
    return await call.services.workspaces.of_team(call.team.id, as_id(call.argument))


async def disconnect(call: Call) -> Message:
    organisation = await call.services.connecting.disconnect(await the_workspace(call), by=call.user_id, now=call.now)
    return views.disconnecting(organisation)


async def cancel(call: Call) -> Message:
    await the_workspace(call)
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
        handler = ACTIONS.get(name)
        if handler is None:
            raise NotYours
        return await handler(await permissions.checked(call, permissions.BUTTONS.get(name)))
    except SolidoError as error:
        return refusal(error)


ACTIONS: dict[str, Handler] = {
    "reconnect": cards.reconnect,
    "retry": cards.retry,
    "snooze": cards.snooze,
    "take": cards.take,
    "help": help_with,
    "disconnect": disconnect,
    "cancel": cancel,
    "settings": of_button,
    "data": of_menu,
}
ACTIONS |= REMINDER_ACTIONS
REPLACES = {"disconnect", "cancel", *REMINDER_REPLACES}
"""Buttons whose answer takes the place of the question."""
