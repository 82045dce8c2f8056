"""What a channel reads after Solido was set back to an old backup."""

from bot.views.blocks import Message, bold, context, saying, section, when
from core.notices import Restored

KNOWN_NO_MORE = "Letters, holds, settings and customers who unsubscribed since then are not known here any more."
TO_DO = "So reminders are off until an admin looks at `/solido reminders`, puts back what is missing and starts them."
STAYS_AWAY = "What was due by today is not sent again, as it may have gone already. Syncs go on by themselves."


def restored(it: Restored) -> Message:
    text = f":warning: Solido was set back to what it knew of {bold(it.organisation)} on {when(it.since)}."
    return saying([section(f"{text} {KNOWN_NO_MORE} {TO_DO}"), context(STAYS_AWAY)])
