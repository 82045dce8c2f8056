"""`/solido history`: who did what, newest first."""

from collections.abc import Sequence
from datetime import datetime

from bot.views.blocks import Message, bold, user, when
from bot.views.rule_changes import rules_changed
from bot.views.settings import settings_changed
from storage.audit import Did
from storage.models import AuditEvent

DID: dict[str, str] = {
    Did.CONNECTED: "connected {0}",
    Did.RECONNECTED: "connected {0} again",
    Did.DISCONNECTED: "disconnected {0}",
    Did.ASKED_FOR_SYNC: "asked for a sync",
    Did.ASKED_FOR_FULL_SYNC: "asked for a full sync",
    Did.REMOVED: "was removed from this Slack workspace, which disconnected {0}",
    Did.TAKEN: "is on it",
    Did.SNOOZED: "snoozed an alert{0}",
    Did.WOKE: "ended a snooze",
    Did.RETRIED_BY_OPERATORS: "tried a failed sync again",
    Did.RESTORED: "was set back to an old backup",
    Did.EXPORTED: "took a copy of everything",
    Did.SETTINGS_CHANGED: "changed the settings",
    Did.ASKED_FOR_HELP: "asked for help",
    Did.HOLD_PLACED: "put a hold on {0}",
    Did.HOLD_RELEASED: "took the hold off {0}",
    Did.LETTER_DECIDED: "said what became of a letter",
    Did.CREDIT_ANSWERED: "answered about the credit of {0}",
    Did.CREDIT_ASKED: "asked the bookkeeper about the credit of {0}",
    Did.SUBSCRIBED_AGAIN: "let letters go to {0} again",
    Did.REMINDERS_STARTED: "started the reminders",
    Did.REMINDERS_PAUSED: "paused the reminders",
    Did.REMINDERS_RESUMED: "resumed the reminders",
    Did.RULES_CHANGED: "changed the rules of the reminders",
    Did.LETTER_CHANGED: "changed the words of a letter",
}


def history(events: Sequence[AuditEvent]) -> Message:
    if not events:
        return Message.of("Nobody has done anything here yet.")
    text = "*Who did what here*\n" + "\n".join(f"{when(event.at)}: {_who(event)} {_did(event)}" for event in events)
    return Message.of(text)


def _who(event: AuditEvent) -> str:
    return user(event.who) if event.who else "Solido"


def _did(event: AuditEvent) -> str:
    if event.what == Did.SNOOZED:
        return DID[event.what].format(f" until {when(datetime.fromisoformat(event.detail))}" if event.detail else "")
    if event.what == Did.SETTINGS_CHANGED and event.detail:
        return f"changed the settings: {settings_changed(event.detail)}"
    if event.what in (Did.RULES_CHANGED, Did.LETTER_CHANGED) and event.detail:
        return f"{DID[Did(event.what)]}: {rules_changed(event.detail)}"
    plain = DID.get(event.what)
    return plain.format(bold(event.detail)) if plain else bold(f"{event.what} {event.detail}")
