"""Letters on their way, at most once each: asked afresh, let through the gate, written down, handed to SMTP.

A tick looks at workspaces whose time has come. Nothing is open in the database while Xero or SMTP is spoken to. A crash
anywhere leaves either nothing, or a letter that is written down and whose fate a person is asked about.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core import measures, tracing
from core.budget import Budget
from core.clock import utc_now
from core.errors import Superseded, XeroError
from core.guard import survived
from core.mail import Fate, Mail, Mailer, Outcome
from core.reminders import asking, telling
from core.reminders.asking import Fresh, UnappliedMoney
from core.reminders.claiming import Claimed, claim, content_of, firmest, is_thanks, let_through, new_secret
from core.reminders.gate import FRESH_FOR
from core.reminders.letters import TemplateBroken, Written, write
from core.reminders.outlook import Outlook, Standing, look, open_slot
from core.reminders.plan import PlannedLetter
from core.reminders.thanking import thanks_due
from core.restored import LetterCount
from core.sealed_places import of_pay_link
from core.sync import Syncing
from core.vault import CannotOpen
from core.xero.client import Meter, OrganisationCalls
from core.xero.queries import IDS_AT_ONCE
from storage.models import Connection, ConnectionState
from storage.reminder_models import LetterState, ReminderPolicy
from storage.store import WorkspaceStore

log = structlog.get_logger()

WORKSPACES_AT_ONCE = 20
LEASE = timedelta(minutes=10)
LOST_AFTER = timedelta(minutes=15)
"""Longer than any conversation with an SMTP server may take: whoever claimed such a letter is gone."""
AGAIN_SOON, AGAIN = timedelta(minutes=1), timedelta(minutes=5)
NOT_BEFORE = timedelta(minutes=15)
"""How long a customer's letter rests after the server refused to take it."""
HELD_FOR = timedelta(hours=1)
"""How long Xero is not asked again about a letter that the gate held, unless somebody changes something."""
LONGEST_REST = timedelta(hours=1)
ASKED_ANEW_AFTER = FRESH_FOR * 0.6
"""All but the first letter of a batch are begun with a reading no older than this: they still have to be worded, and
their pay links asked for."""
ASK_XERO_EVERY = timedelta(days=1)
FATES = {
    Fate.SENT: LetterState.SENT,
    Fate.REFUSED: LetterState.REFUSED,
    Fate.BOUNCED: LetterState.BOUNCED,
    Fate.UNKNOWN: LetterState.UNKNOWN,
}


@dataclass(frozen=True)
class Sending:
    """`mailer` is None where no SMTP server is set: everything stays a preview. `public_url` without a slash."""

    syncing: Syncing
    mailer: Mailer | None
    unapplied: UnappliedMoney
    public_url: str

    async def tick(self) -> None:
        now = utc_now()
        database = self.syncing.database
        async with database.unscoped() as unscoped:
            lost = await unscoped.due.lost_letters(claimed_before=now - LOST_AFTER)
            due = await unscoped.due.reminders(now=now, next_at=now + LEASE, limit=WORKSPACES_AT_ONCE)
        for workspace_id, letter_id in lost:
            await survived("letter.lost", self._lost(workspace_id, letter_id), letter=str(letter_id))
        for workspace_id in due:
            await survived("reminders", self._look(workspace_id), workspace=str(workspace_id))

    async def _lost(self, workspace_id: UUID, letter_id: UUID) -> None:
        async with self.syncing.database.workspace(workspace_id) as store:
            await self._end(store, letter_id, Outcome(Fate.UNKNOWN, "nobody came back"), now=utc_now())

    async def _look(self, workspace_id: UUID) -> None:
        """Send what is due in this workspace now, as far as the hour's cap allows, and say when to look again."""
        now = utc_now()
        outlook, letters = await self._seen(workspace_id, now=now)
        if outlook is None:
            await self._rest(workspace_id, None, now + LONGEST_REST)
            return
        seen = outlook.standing.row
        await self._ask_whether_xero_reminds(workspace_id, outlook, now=now)
        again = next_look(outlook, now)
        if letters and self.mailer:
            again = utc_now() + AGAIN
            with tracing.span("letters", workspace=workspace_id):
                more = await self._send(workspace_id, outlook, letters, self.mailer)
            if more:
                again = utc_now() + AGAIN_SOON
            outlook, letters = await self._seen(workspace_id, now=utc_now())
        await self._rest(workspace_id, None if letters else outlook, again, seen=seen)

    async def _seen(self, workspace_id: UUID, *, now: datetime) -> tuple[Outlook | None, list[PlannedLetter]]:
        """How things stand, and the letters to try now."""
        async with self.syncing.database.reading(workspace_id) as store:
            outlook = await look(store, now=now)
            return outlook, await to_try(store, outlook, now) if outlook else []

    async def _send(self, workspace_id: UUID, outlook: Outlook, letters: list[PlannedLetter], mailer: Mailer) -> bool:
        """Send a batch; True when it went well and more may follow at once."""
        batch = list(one_reading(letters, room=outlook.standing.policy.rules.per_hour - outlook.standing.last_hour))
        if not batch:
            return False
        calls = self.syncing.calls(outlook.standing.connection, Meter())
        try:
            fresh = await self._ask(outlook.standing.connection, calls, batch)
        except (XeroError, Superseded) as error:
            log.info("reminders.not_asked", workspace=str(workspace_id), error=error.code)
            return False
        for number, letter in enumerate(batch):
            if number and utc_now() - fresh.read_at > ASKED_ANEW_AFTER:
                return True  # the server is slow; the gate would hold the rest for an hour, because of us
            outcome = await self._one(workspace_id, letter, fresh, calls, mailer)
            if outcome and outcome.fate is Fate.REFUSED:
                return False
        return len(batch) < len(letters)

    async def _ask(self, connection: Connection, calls: OrganisationCalls, batch: list[PlannedLetter]) -> Fresh:
        """Ask Xero about exactly these invoices and their customers; what it says goes into the mirror too."""
        invoices = [line.debt.invoice_id for letter in batch for line in letter.lines]
        customers = [letter.customer.contact_id for letter in batch]
        fresh = await asking.ask(
            calls,
            self.unapplied,
            invoices,
            customers,
            payments=not connection.lacks_payments,
            calls_kept=Budget(self.syncing.daily_limit).kept,
            now=utc_now(),
        )
        ours = {"connection_id": connection.id}
        async with self.syncing.database.workspace(connection.workspace_id) as store:
            await store.invoices.put([row | ours for row in fresh.invoice_rows])
            await store.contacts.put([row | ours for row in fresh.contact_rows])
            store.touch(utc_now())
        return fresh

    async def _one(
        self, workspace_id: UUID, planned: PlannedLetter, fresh: Fresh, calls: OrganisationCalls, mailer: Mailer
    ) -> Outcome | None:
        """Send one letter; None when it must not go, as a whole or any more."""
        database, now = self.syncing.database, utc_now()
        async with database.workspace(workspace_id) as store:
            through = await let_through(store, planned, fresh, now=now)
        if through is None:
            return None
        letter, it = through
        secret = new_secret()
        stop = f"{self.public_url}/unsubscribe/{secret}"
        try:
            links = {} if is_thanks(letter) else await self._links(workspace_id, letter, calls)
            written = write(firmest(letter), content_of(letter, fresh, it, links, stop))
        except TemplateBroken as broken:
            log.warning("reminders.template_broken", workspace=str(workspace_id), line=broken.line)
            return None
        with tracing.span("letter.claim"):
            async with database.unscoped() as unscoped:
                store = unscoped.within(workspace_id)
                claimed = await claim(store, letter, fresh, subject=written.subject, secret=secret, now=utc_now())
                count = await unscoped.installation.count_letter() if claimed and database.embedded else 0
        if claimed is None:
            return None
        await LetterCount(database).keep(count)
        with tracing.beginning(claimed.letter_id, "letter.send", letter=claimed.letter_id) as sent:
            outcome = await mailer.send(a_mail(claimed, written, it, stop))
            sent.note(result=outcome.fate)
            async with database.workspace(workspace_id) as store:
                await self._end(store, claimed.letter_id, outcome, now=utc_now())
        return outcome

    async def _links(self, workspace_id: UUID, letter: PlannedLetter, calls: OrganisationCalls) -> dict[UUID, str]:
        """The pay links of a letter's invoices: asked for once, kept sealed. One that is not to be had is left out."""
        vault, database = self.syncing.vault, self.syncing.database
        ids = [line.debt.invoice_id for line in letter.lines]
        async with database.reading(workspace_id) as store:
            sealed = await store.reminders.pay_links(ids)
        links = {}
        for found, value in sealed.items():
            with suppress(CannotOpen):  # sealed with a key that is gone: it is asked for anew
                links[found] = vault.open(value, place=of_pay_link(workspace_id, found))
        for invoice_id in ids:
            if invoice_id in links:
                continue
            link = await asking.pay_link(calls, invoice_id)
            if link:
                links[invoice_id] = link
                async with database.workspace(workspace_id) as store:
                    value = vault.seal(link, place=of_pay_link(workspace_id, invoice_id))
                    await store.reminders.keep_pay_link(invoice_id, value)
        return links

    async def _end(self, store: WorkspaceStore, letter_id: UUID, outcome: Outcome, *, now: datetime) -> None:
        if await store.letters.finish(letter_id, FATES[outcome.fate], now=now, detail=outcome.detail):
            measures.LETTERS.labels(FATES[outcome.fate]).inc()
            log.info("letter.finished", letter=str(letter_id), fate=outcome.fate, detail=outcome.detail)
            await telling.letter(store, letter_id, bounced=outcome.bounced, now=now)

    async def _rest(
        self, workspace_id: UUID, outlook: Outlook | None, until: datetime, *, seen: ReminderPolicy | None = None
    ) -> None:
        """Look again then, or at once where somebody has decided something since the policy was `seen`. With `outlook`:
        nothing more is to go today, and the day's letters are told in one line."""
        async with self.syncing.database.workspace(workspace_id) as store:
            if outlook:
                await telling.day(store, outlook, now=utc_now())
            if seen is None or (await store.reminders.policy()).changed_at == seen.changed_at:
                await store.reminders.decide(next_look_at=until)
            else:
                await store.reminders.decide(next_look_at=utc_now())

    async def _ask_whether_xero_reminds(self, workspace_id: UUID, outlook: Outlook, *, now: datetime) -> None:
        """Once a day: two senders of reminders would be one too many."""
        row, connection = outlook.standing.row, outlook.standing.connection
        if connection.state != ConnectionState.ACTIVE:
            return
        if row.xero_asked_at and now - row.xero_asked_at < ASK_XERO_EVERY:
            return
        try:
            reminds = await asking.xero_reminds(self.syncing.calls(connection, Meter()))
        except (XeroError, Superseded) as error:
            log.info("reminders.xero_not_asked", workspace=str(workspace_id), error=error.code)
            return
        async with self.syncing.database.workspace(workspace_id) as store:
            await store.reminders.decide(xero_reminds=reminds, xero_asked_at=now)


def due_now(outlook: Outlook, now: datetime) -> list[PlannedLetter]:
    """The letters of the slot that is open now, in their order; none where anything speaks against all of them.

    Credit is looked up for each of them just before it goes: the mirror's may be a day old.
    """
    if open_slot(outlook, now) is None:
        return []
    return outlook.plan(now, slots=1, credit=False).letters


async def to_try(store: WorkspaceStore, outlook: Outlook, now: datetime) -> list[PlannedLetter]:
    """The letters due now, without those that were refused or held a short while ago."""
    resting = await store.letters.refused_since(now - NOT_BEFORE)
    changed = outlook.standing.row.changed_at
    held = await store.reminders.held_since(max(now - HELD_FOR, changed) if changed else now - HELD_FOR)
    return [
        letter
        for letter in [*due_now(outlook, now), *await thanks_due(store, outlook, now)]
        if letter.customer.contact_id not in resting and not held >= {line.debt.invoice_id for line in letter.lines}
    ]


def a_mail(claimed: Claimed, written: Written, it: Standing, stop: str) -> Mail:
    rules = it.policy.rules
    return Mail(
        message_id=str(claimed.letter_id),
        recipients=claimed.recipients,
        subject=written.subject,
        text=written.text,
        html=written.html,
        at=utc_now(),
        sender_name=rules.sender_name or it.connection.tenant_name,
        reply_to=rules.reply_to,
        unsubscribe=stop,
    )


def one_reading(letters: list[PlannedLetter], *, room: int) -> Iterator[PlannedLetter]:
    """As many letters as one question to Xero can cover, and the hour's cap leaves room for; at least one."""
    invoices = 0
    for number, letter in enumerate(letters[: max(room, 0)]):
        invoices += len(letter.lines)
        if number and invoices > IDS_AT_ONCE:
            return
        yield letter


def next_look(outlook: Outlook, now: datetime) -> datetime:
    """When the next slot opens, but within the hour: rules and zones may change. In an open slot, some minutes on."""
    send_times = outlook.standing.policy.send_times
    if send_times.slot_at(now):
        return now + AGAIN
    coming = next(send_times.slots_from(now), None)
    return min(coming.opens_at, now + LONGEST_REST) if coming else now + LONGEST_REST
