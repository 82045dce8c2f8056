"""`/solido history`: who did what, newest first."""

from collections.abc import Sequence
from datetime import datetime

from bot.views.blocks import Message, bold, section, user, when
from bot.views.settings import settings_changed
from core.incidents import Happening
from storage.models import AuditEvent

DID = {
    "connected": "connected {0}",
    "reconnected": "connected {0} again",
    "disconnected": "disconnected {0}",
    "asked for a sync": "asked for a sync",
    "asked for a full sync": "asked for a full sync",
    "removed": "was removed from this Slack workspace, which disconnected {0}",
    Happening.TAKEN: "is on it",
    Happening.SNOOZED: "snoozed an alert{0}",
    Happening.WOKE: "ended a snooze",
    "had a sync tried again": "tried a failed sync again",
    "restored": "was set back to an old backup",
    "exported": "took a copy of everything",
    "settings": "changed the settings",
    "asked for help": "asked for help",
    "hold placed": "put a hold on {0}",
    "hold released": "took the hold off {0}",
    "letter decided": "said what became of a letter",
    "credit answered": "answered about the credit of {0}",
    "credit asked": "asked the bookkeeper about the credit of {0}",
    "subscribed again": "let letters go to {0} again",
    "reminders started": "started the reminders",
    "reminders paused": "paused the reminders",
    "reminders resumed": "resumed the reminders",
    "reminder rules changed": "changed the rules of the reminders",
    "reminder letter changed": "changed the words of a letter",
}


def history(events: Sequence[AuditEvent]) -> Message:
    if not events:
        text = "Nobody has done anything here yet."
        return Message(text, [section(text)])
    text = "*Who did what here*\n" + "\n".join(f"{when(event.at)}: {_who(event)} {_did(event)}" for event in events)
    return Message(text, [section(text)])


def _who(event: AuditEvent) -> str:
    return user(event.who) if event.who else "Solido"


def _did(event: AuditEvent) -> str:
    if event.what == Happening.SNOOZED:
        return DID[event.what].format(f" until {when(datetime.fromisoformat(event.detail))}" if event.detail else "")
    if event.what == "settings" and event.detail:
        return f"changed the settings: {settings_changed(event.detail)}"
    plain = DID.get(event.what)
    return plain.format(bold(event.detail)) if plain else bold(f"{event.what} {event.detail}")
