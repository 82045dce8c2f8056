"""What an admin changed about the reminders, from what to what."""

from bot.views.blocks import escape, one_line
from bot.views.reasons import step_words
from bot.views.reminder_forms import DAYS
from core.edits import Edit, decode
from core.reminders.rules import LETTER
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
        return f"{THINGS[it.name]} {_said(it.name, it.before)} → {_said(it.name, it.after)}"
    which = step_words(int(it.name.removeprefix(LETTER)))
    was, now = (text.partition("\n")[0] for text in (it.before, it.after))
    subject = f", now “{escape(one_line(now))}” instead of “{escape(one_line(was))}”" if was != now else ""
    return f"the letter {which}{subject}"


def _said(name: str, value: str) -> str:
    match name:
        case "thank" | "note":
            return "on" if value else "off"
        case "weekdays":
            return listed([DAYS[int(day)] for day in value.split(",")])
        case "steps" | "minimums":
            return value.replace(",", ", ").replace("-", "−") or "none"
    return escape(one_line(value)) or "none"
