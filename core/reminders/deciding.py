"""What people decide about reminders: start, pause, resume, rules, holds, and what became of a letter.

Every decision is one transaction with its line in the audit, and reminders are looked at again at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from core.edits import encode as encode_edits
from core.errors import BadArgument, NotConnected, NotYours
from core.mail import Mail, Mailer, Outcome
from core.notices import CreditAsked, RemindersDecided, Unsubscribed, encode
from core.reminders import telling
from core.reminders.facts import HoldReason
from core.reminders.outlook import Outlook, look
from core.reminders.rules import Rules, decode_rules, edits, encode_rules
from core.vault import hash_of
from storage.audit import Did
from storage.database import Database
from storage.models import Connection, ConnectionState
from storage.reminder_models import LetterState, Scope
from storage.store import WorkspaceStore

NO_MAIL = "There is no mail server yet, so letters cannot be sent: the people who run Solido for you set SMTP_URL."
SEE_FIRST = "Please look at the plan first: type `/solido reminders`."
ANSWERS = ("send", "hold")


@dataclass(frozen=True)
class Reminding:
    """`mailer` is None where no mail server is set."""

    database: Database
    mailer: Mailer | None

    async def outlook(self, workspace_id: UUID, *, now: datetime) -> Outlook:
        """Everything there is to see; raise NotConnected where nothing was ever connected."""
        async with self.database.reading(workspace_id) as store:
            found = await look(store, now=now)
        if found is None:
            raise NotConnected
        return found

    async def saw_plan(self, workspace_id: UUID, *, by: str, now: datetime) -> None:
        """An admin has the plan before their eyes; from here on Xero is asked whether it reminds by itself."""
        async with self.database.workspace(workspace_id) as store:
            if (await store.reminders.policy()).plan_seen_at is None:
                await store.reminders.decide(plan_seen_by=by, plan_seen_at=now, next_look_at=now)

    async def start(self, workspace_id: UUID, *, by: str, now: datetime) -> str:
        """Start reminders; raise BadArgument before anybody has seen the plan. Returns the organisation's name."""
        async with self.database.workspace(workspace_id) as store:
            connection = await live(store)
            row = await store.reminders.policy()
            if row.plan_seen_at is None:
                raise BadArgument(SEE_FIRST)
            if self.mailer is None:
                raise BadArgument(NO_MAIL)
            if row.started_at is None:
                await store.reminders.decide(started_by=by, started_at=now)
                notice = RemindersDecided(connection.tenant_name, "started", by)
                await tell(store, notice, Did.REMINDERS_STARTED, now=now)
            return connection.tenant_name

    async def pause(self, workspace_id: UUID, *, by: str, now: datetime, until: date | None = None) -> str:
        """Hold everything, through `until` or until somebody resumes."""
        async with self.database.workspace(workspace_id) as store:
            connection = await live(store)
            await store.holds.place(
                Scope.EVERYTHING, "", label="all reminders", reason=HoldReason.OTHER, by=by, now=now, until_on=until
            )
            notice = RemindersDecided(connection.tenant_name, "paused", by, until)
            await tell(store, notice, Did.REMINDERS_PAUSED, now=now)
            return connection.tenant_name

    async def resume(self, workspace_id: UUID, *, by: str, now: datetime) -> str:
        async with self.database.workspace(workspace_id) as store:
            connection = await live(store)
            if await store.holds.release(Scope.EVERYTHING, "", by=by, now=now):
                notice = RemindersDecided(connection.tenant_name, "resumed", by)
                await tell(store, notice, Did.REMINDERS_RESUMED, now=now)
            return connection.tenant_name

    async def set_rules(
        self, workspace_id: UUID, rules: Rules, *, by: str, now: datetime, did: Did = Did.RULES_CHANGED
    ) -> None:
        """Keep the rules, of which `did` says what was changed; raise NotConnected. Of two at once the later counts."""
        async with self.database.workspace(workspace_id) as store:
            await live(store)
            different = edits(decode_rules((await store.reminders.policy()).rules), rules)
            await store.reminders.decide(rules=encode_rules(rules))
            if different:
                await changed(store, by, did, now=now, detail=encode_edits(different))

    async def hold(
        self,
        workspace_id: UUID,
        scope: Scope,
        target: UUID,
        *,
        reason: HoldReason,
        by: str,
        now: datetime,
        until: date | None = None,
        note: str = "",
    ) -> str:
        """Leave an invoice or a customer alone; raise NotYours for one that is not there. Returns its name."""
        async with self.database.workspace(workspace_id) as store:
            label = await label_of(store, scope, target)
            await store.holds.place(
                scope, str(target), label=label, reason=reason, by=by, now=now, until_on=until, note=note
            )
            await changed(store, by, Did.HOLD_PLACED, now=now, detail=f"{label}: {reason}")
            return label

    async def release(self, workspace_id: UUID, scope: Scope, target: UUID, *, by: str, now: datetime) -> str:
        async with self.database.workspace(workspace_id) as store:
            label = await label_of(store, scope, target)
            if await store.holds.release(scope, str(target), by=by, now=now):
                await changed(store, by, Did.HOLD_RELEASED, now=now, detail=label)
            return label

    async def say_what_became(self, workspace_id: UUID, letter_id: UUID, *, went: bool, by: str, now: datetime) -> bool:
        """A person says what became of a letter of unknown fate; False when that was known already."""
        async with self.database.workspace(workspace_id) as store:
            if await store.letters.get(letter_id) is None:
                raise NotYours
            state = LetterState.SENT if went else LetterState.NOT_SENT
            decided = await store.letters.finish(letter_id, state, now=now, by=by)
            if decided:
                await changed(store, by, Did.LETTER_DECIDED, now=now, detail=f"{letter_id}: {state}")
                await telling.letter(store, letter_id, now=now)
            return decided

    async def answer_about_credit(
        self, workspace_id: UUID, contact_id: UUID, answer: str, *, by: str, now: datetime
    ) -> str:
        """*Send anyway* allows for this much credit; *hold* leaves the customer alone. Returns the customer's name."""
        async with self.database.workspace(workspace_id) as store:
            question = await store.reminders.credit_question(contact_id)
            if question is None or answer not in ANSWERS:
                raise NotYours
            question.answer, question.answered_by, question.answered_at = answer, by, now
            question.allowed = dict(question.credit) if answer == "send" else {}
            store.session.add(question)
            if answer == "hold":
                await store.holds.place(
                    Scope.CUSTOMER,
                    str(contact_id),
                    label=question.contact_name,
                    reason=HoldReason.OTHER,
                    by=by,
                    now=now,
                    note="credit to be allocated",
                )
            await changed(store, by, Did.CREDIT_ANSWERED, now=now, detail=f"{question.contact_name}: {answer}")
            credit: Mapping[str, str] = question.credit
            notice = CreditAsked(
                store.id,
                contact_id,
                question.contact_name,
                {currency: Decimal(amount) for currency, amount in credit.items()},
                answer,
                by,
            )
            card = f"credit:{contact_id}:{question.asked_at.isoformat()}"
            await store.outbox.tell(card, encode(notice), now=now)
            return question.contact_name

    async def ask_somebody(self, workspace_id: UUID, contact_id: UUID, whom: str, *, by: str, now: datetime) -> None:
        """Put the question about a customer's credit to one person too; raise NotYours where there is none."""
        async with self.database.workspace(workspace_id) as store:
            question = await store.reminders.credit_question(contact_id)
            if question is None or question.answer or not whom:
                raise NotYours
            credit = {currency: Decimal(amount) for currency, amount in question.credit.items()}
            notice = CreditAsked(store.id, contact_id, question.contact_name, credit)
            await store.outbox.tell(f"credit-ask:{contact_id}:{whom}", encode(notice), now=now, to_user=whom)
            store.audit.add(by, Did.CREDIT_ASKED, at=now, detail=question.contact_name)

    async def test_letter(self, mail: Mail) -> Outcome:
        """Send a letter to its writer; raise BadArgument without a mail server."""
        if self.mailer is None:
            raise BadArgument(NO_MAIL)
        return await self.mailer.send(mail)

    async def whose_letter(self, secret: str) -> str | None:
        """The organisation behind the link in a letter; None for a link that is not ours."""
        async with self.database.asking() as unscoped:
            owned = await unscoped.letter_by_unsubscribe(hash_of(secret))
            connection = await unscoped.within(owned.workspace_id).connections.latest() if owned else None
        return connection.tenant_name if connection else None

    async def unsubscribe(self, secret: str, *, now: datetime) -> str | None:
        """A customer wants no more letters. Returns the organisation's name; None for a link that is not ours."""
        async with self.database.asking() as unscoped:
            owned = await unscoped.letter_by_unsubscribe(hash_of(secret))
        if owned is None:
            return None
        async with self.database.workspace(owned.workspace_id) as store:
            letter = await store.letters.get(owned.id)
            connection = await store.connections.latest()
            if letter is None or connection is None:
                return None
            if letter.contact_id not in await store.reminders.unsubscribed():
                await store.reminders.unsubscribe(letter.contact_id, now=now)
                notice = Unsubscribed(store.id, letter.contact_id, letter.contact_name)
                await store.outbox.tell(f"unsubscribed:{letter.id}", encode(notice), now=now)
            return connection.tenant_name

    async def subscribe(self, workspace_id: UUID, contact_id: UUID, *, by: str, now: datetime) -> str:
        """Write to a customer again who had unsubscribed; raise NotYours for one who had not."""
        async with self.database.workspace(workspace_id) as store:
            if contact_id not in await store.reminders.unsubscribed():
                raise NotYours
            label = await label_of(store, Scope.CUSTOMER, contact_id)
            await store.reminders.subscribe(contact_id)
            await changed(store, by, Did.SUBSCRIBED_AGAIN, now=now, detail=label)
            return label


async def live(store: WorkspaceStore) -> Connection:
    connection = await store.connections.latest()
    if connection is None or connection.state == ConnectionState.DISCONNECTED:
        raise NotConnected
    return connection


async def tell(store: WorkspaceStore, notice: RemindersDecided, did: Did, *, now: datetime) -> None:
    await store.outbox.tell(f"reminders-{notice.what}:{now.isoformat()}", encode(notice), now=now)
    await changed(store, notice.by, did, now=now)


async def changed(store: WorkspaceStore, by: str, what: Did, *, now: datetime, detail: str = "") -> None:
    store.audit.add(by, what, at=now, detail=detail)
    await store.reminders.decide(changed_at=now, next_look_at=now)


async def label_of(store: WorkspaceStore, scope: Scope, target: UUID) -> str:
    """What people call an invoice or a customer; raise NotYours for one that is not in this workspace."""
    if scope == Scope.INVOICE:
        invoice = await store.invoices.get(target)
        if invoice is None:
            raise NotYours
        return invoice.number or "an invoice without a number"
    contact = await store.contacts.get(target)
    if contact is None:
        raise NotYours
    return contact.name
