"""What is said of the calls that Xero allows for a day."""

from bot.views.blocks import Message, bold, context, lasting, section
from core.notices import QuotaLow


def low(it: QuotaLow) -> Message:
    used = f"{it.used:,} of the {it.limit:,} calls that Xero allows in a day"
    text = f":hourglass: {bold(it.organisation)}: {used} are used."
    below = (
        f"Automatic syncs are {lasting(it.every)} apart for now. A part is kept back: `/solido sync` and reminders "
        "work as always. If other programs use the same Xero app, they use the same calls."
    )
    return Message(f"{text} {below}", [section(text), context(below)])
