"""The table of commands, and the one `except SolidoError`."""

import difflib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import NamedTuple

import structlog

from bot import permissions
from bot.commands.call import Call
from bot.commands.connect import connect
from bot.commands.data import export, forget
from bot.commands.disconnect import disconnect
from bot.commands.history import history
from bot.commands.hold import hold
from bot.commands.missed import with_missed
from bot.commands.reminders import reminders
from bot.commands.settings import settings
from bot.commands.status import status
from bot.commands.support import support
from bot.commands.sync import FULL, sync
from bot.commands.why import why
from bot.views.blocks import Message, Modal
from bot.views.help import help_text, not_understood, refusal
from core import tracing
from core.errors import SolidoError
from core.wording import listed

log = structlog.get_logger()

Handler = Callable[[Call], Awaitable[Message | Modal]]


class Command(NamedTuple):
    """A subcommand and, for the help, what it does. `words`: whether it takes further words after its name; `only`: the
    ones it knows; `listed`: whether the help, which has ten lines, has one for it; `dialog`: it may open one."""

    handler: Handler
    does: str
    words: bool = False
    only: tuple[str, ...] = ()
    listed: bool = True
    dialog: bool = False

    def takes(self, argument: str) -> bool:
        return not argument or self.words or argument.lower() in self.only


async def show_help(_call: Call) -> Message:
    return help_text(SAYS)


COMMANDS: dict[str, Command] = {
    "connect": Command(connect, "connects this channel to Xero, or renews the connection"),
    "sync": Command(sync, "brings the books up to date now; `sync full` reads all that is outstanding", only=(FULL,)),
    "status": Command(status, "tells how syncing goes, and what is outstanding"),
    "reminders": Command(reminders, "shows which reminders go to whom, when and why, and what is held"),
    "hold": Command(
        hold, "leaves an invoice or a customer alone: `hold INV-0042 until 12 Dec because disputed`", True, dialog=True
    ),
    "why": Command(why, "tells why the last sync is in the state it is, or the story of one invoice", words=True),
    "history": Command(history, "tells who did what here; `settings`, `export` and `forget` are for admins"),
    "support": Command(support, "opens a form to get help, with everything that is known filled in", dialog=True),
    "settings": Command(
        settings, "sets channel, rhythm, whom alerts mention, quiet hours and admins", True, listed=False, dialog=True
    ),
    "export": Command(export, "sends you everything I keep of the organisation, as a file", listed=False),
    "forget": Command(forget, "deletes everything I keep of the organisation, after asking", listed=False, dialog=True),
    "disconnect": Command(disconnect, "stops all syncs and reminders, after asking; what is known stays"),
    "help": Command(show_help, "shows this", words=True),
}
SAYS = {name: command.does for name, command in COMMANDS.items() if command.listed}
ALIASES = {"login": "connect", "reconnect": "connect", "logout": "disconnect", "stop": "disconnect"}
TAKES_ONLY = "takes no other word than {}"
TAKES_NOTHING = "takes no further words"


def parse(text: str) -> tuple[str, str]:
    """Split into subcommand and the rest; people paste non-breaking spaces and write in capitals.

    Slack sends `&`, `<` and `>` as entities; here they become what was typed.
    """
    typed = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    words = typed.replace("\u00a0", " ").split(maxsplit=1)
    name = words[0].lower() if words else "help"
    return ALIASES.get(name, name), words[1].strip() if len(words) > 1 else ""


def opens_dialog(text: str) -> bool:
    """Whether `/solido <text>` may be answered by a dialog, for which Slack gives three seconds."""
    name, words = parse(text)
    return name in COMMANDS and COMMANDS[name].dialog and not words


async def dispatch(call: Call, text: str) -> Message | Modal:
    """Answer `/solido <text>`: whatever was typed, something helpful comes back."""
    name, argument = parse(text)
    command = COMMANDS.get(name)
    log.info("command.typed", name=name if command else "unknown")
    tracing.note(command=name if command else "unknown")
    if command is None:
        nearest = difflib.get_close_matches(name[:40], COMMANDS, n=1, cutoff=0.5)
        return help_text(SAYS, above=not_understood(name, nearest[0] if nearest else None))
    if not command.takes(argument):
        takes = TAKES_ONLY.format(listed([f"`{word}`" for word in command.only])) if command.only else TAKES_NOTHING
        return help_text(SAYS, above=f"`/solido {name}` {takes}.")
    return await with_missed(call, await answer(replace(call, argument=argument), command.handler, name))


async def answer(call: Call, handler: Handler, name: str) -> Message | Modal:
    """Carry out a command for somebody who may; what cannot be done is said in words."""
    try:
        allowed = await permissions.checked(call, permissions.of_command(name, call.argument))
        said = await permissions.carried_out(allowed, handler(allowed))
        if isinstance(said, Message) and allowed.checked:
            return replace(said, again=f"{name} {allowed.checked}")
        return said
    except SolidoError as error:
        return refusal(error, command=name)
