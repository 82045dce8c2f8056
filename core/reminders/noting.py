"""A line in the invoice's own history in Xero for each letter that went: at most once, and never in a letter's way."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog

from core import quotas
from core.clock import utc_now
from core.errors import Superseded, XeroError
from core.guard import survived
from core.reminders.letters import said
from core.reminders.rules import THANKS, decode_rules
from core.sync import Syncing
from core.wording import money
from core.xero.client import Meter
from storage.models import Connection, ConnectionState
from storage.reminder_models import Letter, Reminder

log = structlog.get_logger()

AT_ONCE = 20
NOT_AFTER = timedelta(days=1)
"""What could not be noted for so long, for want of calls or a connection, stays without a note."""
LEFT_TO_OTHERS = 30
"""Calls of a minute. A letter that waits for its look at Xero must not wait because of notes."""
LONGEST = 2500
"""Xero's limit for a note's Details. Source: Xero developer docs, history and notes."""


@dataclass(frozen=True)
class Noting:
    """`writes`: whether this installation asks Xero for more than reading (SOLIDO_XERO_ACCESS)."""

    syncing: Syncing
    writes: bool

    async def tick(self) -> None:
        if not self.writes:
            return
        async with self.syncing.database.asking() as unscoped:
            due = await unscoped.due.letters_to_note(finished_after=utc_now() - NOT_AFTER, limit=AT_ONCE)
        for workspace_id, letter_id in due:
            await survived("letter.noted", self._note(workspace_id, letter_id), letter=str(letter_id))

    async def _note(self, workspace_id: UUID, letter_id: UUID) -> None:
        """The right to write is taken before Xero is spoken to: what breaks off is not tried again."""
        now = utc_now()
        async with self.syncing.database.workspace(workspace_id) as store:
            connection, letter = await store.connections.latest(), await store.letters.get(letter_id)
            if letter is None or connection is None or not self._may_write(connection, now):
                return
            calls = self.syncing.calls(connection, Meter())
            if calls.room < LEFT_TO_OTHERS:
                return  # a later look has room
            wanted = decode_rules((await store.reminders.policy()).rules).note_in_xero
            if not await store.letters.take_note(letter_id, now=now) or not wanted:
                return
            reminders = await store.letters.reminders([letter_id])
        try:
            for reminder in reminders:
                body = {"HistoryRecords": [{"Details": note(letter, reminder)}]}
                path = f"Invoices/{reminder.invoice_id}/History"
                await calls.put(path, msgspec.json.encode(body), key=f"{letter.id}:{reminder.invoice_id}")
        except (XeroError, Superseded) as error:
            log.info("letter.not_noted", workspace=str(workspace_id), letter=str(letter_id), error=error.code)

    def _may_write(self, connection: Connection, now: datetime) -> bool:
        left = quotas.of(connection, limit=self.syncing.daily_limit, now=now)
        return connection.state == ConnectionState.ACTIVE and left.free > 0


def note(letter: Letter, reminder: Reminder) -> str:
    who = f"by e-mail on {said(letter.goes_on)} to {', '.join(letter.recipients)}"
    if reminder.step == THANKS.days:
        return f"Thank-you letter {who} (Solido)."[:LONGEST]
    return f"Reminder {who}; {money(reminder.amount_due, reminder.currency)} due (Solido)."[:LONGEST]
