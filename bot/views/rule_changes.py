"""What an admin changed about the reminders, from what to what."""

from bot.views.blocks import escape, one_line
from bot.views.reasons import step_words
from bot.views.reminder_forms import DAYS
from core.edits import Edit, decode
from core.reminders.rules import LETTER, THANKS
from core.wording import listed

THINGS = {
    "steps": "steps",
    "send at": "sent from",
    "weekdays": "days",
    "minimums": "least amounts",
    "sender": "sender",
    "replies": "replies to",
    "an hour": "letters an hour",
    "thank": "thank-you letters",
    "note": "notes in Xero",
}


def rules_changed(detail: str) -> str:
    return "; ".join(map(_changed, decode(detail)))


def _changed(it: Edit) -> str:
    if not it.name.startswith(LETTER):
        return f"{THINGS.get(it.name, escape(it.name))} {_said(it.name, it.before)} → {_said(it.name, it.after)}"
    days = int(it.name.removeprefix(LETTER))
    which = "the thank-you letter" if days == THANKS.days else f"the letter {step_words(days)}"
    was, now = (escape(one_line(text.partition("\n")[0])) for text in (it.before, it.after))
    if not it.after:
        return f"{which}, “{was}”, is gone"
    return f"{which}, now “{now}” instead of “{was}”" if was != now else which


def _said(name: str, value: str) -> str:
    match name:
        case "thank" | "note":
            return "on" if value else "off"
        case "weekdays":
            return listed([DAYS[int(day)] for day in value.split(",")])
        case "steps" | "minimums":
            return value.replace(",", ", ").replace("-", "−") or "none"
    return escape(one_line(value)) or "none"
