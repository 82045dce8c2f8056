"""Submitted dialogs. Each is checked anew: who submitted, and whether the thing is theirs. A dialog's `private` is
`<workspace> [more]`."""

from collections.abc import Awaitable, Callable, Mapping

from bot import permissions
from bot.commands.call import Call
from bot.commands.data import forgotten
from bot.commands.settings import save as save_settings
from bot.commands.support import described, send
from bot.reminder_modals import REMINDER_MODALS
from bot.views.blocks import FieldErrors, Message, Modal
from bot.views.help import refusal
from core import tracing
from core.errors import NotYours, SolidoError

Values = Mapping[str, str]
"""What was entered, by block_id: text, the chosen option's value, a date as YYYY-MM-DD, several joined by commas."""
Outcome = Message | Modal | FieldErrors | None
Handler = Callable[[Call, Values], Awaitable[Outcome]]

MODALS: dict[str, Handler] = {
    "support": described,
    "support_send": send,
    "settings": save_settings,
    "forget": forgotten,
    **REMINDER_MODALS,
}


async def submit(
    call: Call, callback: str, values: Values, *, submitter_team: str
) -> Message | Modal | FieldErrors | None:
    """Take a submission; `call.argument` is the dialog's `private`. None closes it, a Message is shown in its place."""
    tracing.note(dialog=callback if callback in MODALS else "other")
    try:
        handler = MODALS.get(callback)
        if handler is None or not call.team.has_member(submitter_team):
            raise NotYours
        allowed = await permissions.checked(call, permissions.DIALOGS.get(callback))
        return await permissions.carried_out(allowed, handler(allowed, values))
    except SolidoError as error:
        return refusal(error)


def entered(state: Mapping[str, object]) -> dict[str, str]:
    """Read Slack's `view.state.values`, which has one element per input block."""
    found: dict[str, str] = {}
    for block_id, elements in state.items():
        for element in elements.values() if isinstance(elements, dict) else ():
            if isinstance(element, dict):
                found[block_id] = _text_of(element)
    return found


def _text_of(element: Mapping[str, object]) -> str:
    for key in ("value", "selected_date", "selected_time", "selected_user", "selected_conversation"):
        if isinstance(element.get(key), str):
            return str(element[key])
    option = element.get("selected_option")
    if isinstance(option, dict):
        return str(option.get("value") or "")
    several = element.get("selected_options") or element.get("selected_users")
    if not isinstance(several, list):
        return ""
    return ",".join(str(one.get("value")) if isinstance(one, dict) else str(one) for one in several)
