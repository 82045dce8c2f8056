"""A workspace's reminders as its own database has them: everything a plan, a page and the gate are told from it."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from core.notices import Held
from core.reminders.addresses import recipients
from core.reminders.facts import HoldFact, HoldReason, Policy
from core.reminders.gate import A_WEEK, BOOKS_GOOD_FOR, within
from core.reminders.plan import HORIZON, Customer, Debt, Plan, plan
from core.reminders.rules import THANKS, decode_rules
from core.reminders.slots import SendTimes, Slot
from core.reminders.workdays import working_days
from core.zones import zone
from storage.mirror_models import Contact, Invoice
from storage.models import Connection, ConnectionState
from storage.reminder_models import Hold, ReminderPolicy, Scope
from storage.store import WorkspaceStore

AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Standing:
    """What people decided and what went out, without the books. `paused` is the hold on everything, while it lasts;
    `sent` are the steps that reminded, `thanked` the invoices whose payment was thanked for."""

    connection: Connection
    row: ReminderPolicy
    policy: Policy
    today: date
    holds: tuple[Hold, ...]
    unsubscribed: frozenset[UUID]
    sent: dict[UUID, frozenset[int]]
    thanked: frozenset[UUID]
    letter_days: dict[UUID, tuple[date, ...]]
    last_hour: int
    allowed: dict[UUID, dict[str, Decimal]]

    def gone(self, invoice_id: UUID, due_on: date | None) -> frozenset[int]:
        """The steps that went out for this invoice, or may have: after an old backup was restored, all whose day had
        come by then."""
        known = self.sent.get(invoice_id, frozenset())
        until = self.restored_on
        if until is None or due_on is None:
            return known
        rules, calendar = self.policy.rules, self.policy.send_times.calendar
        return known | {step.days for step in rules.steps if calendar.shift(due_on, step.days) <= until}

    @property
    def restored_on(self) -> date | None:
        """The day here on which the database was last set back."""
        moment = self.row.restored_at
        return None if moment is None else self.policy.send_times.today(moment)

    @property
    def paused(self) -> Hold | None:
        return next((h for h in self.holds if h.scope == Scope.EVERYTHING and not fact_of(h).is_over(self.today)), None)

    def holds_on(self, scope: Scope, target: UUID | None) -> tuple[HoldFact, ...]:
        wanted = str(target) if target else ""
        return tuple(fact_of(hold) for hold in self.holds if hold.scope == scope and hold.target == wanted)


@dataclass(frozen=True)
class Outlook:
    standing: Standing
    customers: tuple[Customer, ...]

    def plan(self, now: datetime, *, slots: int = HORIZON, credit: bool = True) -> Plan:
        """`credit`: whether what customers have on no invoice, as the mirror has it, holds what it covers."""
        it = self.standing
        customers = self.customers if credit else [replace(one, unapplied={}) for one in self.customers]
        return plan(customers, it.policy, now, slots=slots, last_hour=it.last_hour)


def policy_of(connection: Connection, row: ReminderPolicy) -> Policy:
    rules = decode_rules(row.rules)
    send_times = SendTimes(
        rules.send_at, frozenset(rules.weekdays), zone(connection.timezone), working_days(connection.country_code)
    )
    return Policy(rules, send_times, started=row.started_at is not None)


def fact_of(hold: Hold) -> HoldFact:
    known = hold.reason in set(HoldReason)
    return HoldFact(HoldReason(hold.reason) if known else HoldReason.OTHER, hold.until_on)


async def standing(
    store: WorkspaceStore, *, now: datetime, invoices: Collection[UUID] | None = None
) -> Standing | None:
    """Everything but the books; None where nothing was ever connected. `invoices` limits whose steps are looked up."""
    connection = await store.connections.latest()
    if connection is None:
        return None
    row = await store.reminders.policy()
    policy = policy_of(connection, row)
    today = policy.send_times.today(now)
    sent: dict[UUID, set[int]] = defaultdict(set)
    thanked: set[UUID] = set()
    for step in await store.letters.steps(None if invoices is None else list(invoices)):
        if step.step == THANKS.days:
            thanked.add(step.invoice_id)
        else:
            sent[step.invoice_id].add(step.step)
    days: dict[UUID, list[date]] = defaultdict(list)
    for letter in await store.letters.days_since(today - A_WEEK):
        days[letter.contact_id].append(letter.goes_on)
    questions = await store.reminders.credit_questions()
    return Standing(
        connection=connection,
        row=row,
        policy=policy,
        today=today,
        holds=tuple(await store.holds.live()),
        unsubscribed=frozenset(await store.reminders.unsubscribed()),
        sent={invoice: frozenset(steps) for invoice, steps in sent.items()},
        thanked=frozenset(thanked),
        letter_days={contact: tuple(found) for contact, found in days.items()},
        last_hour=await store.letters.count_since(now - AN_HOUR),
        allowed={
            contact: {currency: Decimal(amount) for currency, amount in question.allowed.items()}
            for contact, question in questions.items()
        },
    )


async def look(store: WorkspaceStore, *, now: datetime) -> Outlook | None:
    """Gather what a plan needs; None where nothing was ever connected."""
    it = await standing(store, now=now)
    if it is None:
        return None
    contacts = {contact.contact_id: contact for contact in await store.contacts.all()}
    owed: dict[UUID, list[Invoice]] = defaultdict(list)
    for invoice in await store.invoices.outstanding():
        if invoice.contact_id is not None:
            owed[invoice.contact_id].append(invoice)
    credit: dict[UUID, dict[str, Decimal]] = defaultdict(dict)
    for rest in await store.unapplied.by_contact():
        credit[rest.contact_id][rest.currency] = rest.remaining
    customers = [
        customer_of(contact_id, rows, contacts.get(contact_id), credit[contact_id], it)
        for contact_id, rows in owed.items()
    ]
    return Outlook(it, tuple(sorted(customers, key=lambda customer: customer.name.lower())))


def customer_of(
    contact_id: UUID, rows: list[Invoice], contact: Contact | None, credit: dict[str, Decimal], it: Standing
) -> Customer:
    return Customer(
        contact_id=contact_id,
        name=(contact.name if contact and contact.name else rows[0].contact_name) or "a customer without a name",
        debts=tuple(debt_of(row, it) for row in rows),
        recipients=recipients(contact.email, contact.people) if contact else (),
        # One that is not mirrored yet is asked for afresh before anything goes.
        status=contact.status if contact else "UNKNOWN",
        unsubscribed=contact_id in it.unsubscribed,
        holds=it.holds_on(Scope.CUSTOMER, contact_id),
        letter_days=it.letter_days.get(contact_id, ()),
        unapplied=credit,
        allowed=it.allowed.get(contact_id, {}),
    )


def debt_of(row: Invoice, it: Standing) -> Debt:
    return Debt(
        invoice_id=row.invoice_id,
        number=row.number,
        currency=row.currency,
        amount_due=row.amount_due,
        due_on=row.due_on,
        expected_on=row.expected_payment_on,
        sent=it.gone(row.invoice_id, row.due_on),
        holds=it.holds_on(Scope.INVOICE, row.invoice_id),
    )


def books_are_good(connection: Connection, now: datetime) -> bool:
    last = connection.last_success_at
    return connection.state == ConnectionState.ACTIVE and last is not None and within(BOOKS_GOOD_FOR, last, now)


def open_slot(outlook: Outlook, now: datetime) -> Slot | None:
    """The slot in which letters may go now; None where anything speaks against all of them."""
    it = outlook.standing
    if it.paused or not it.policy.started or not books_are_good(it.connection, now):
        return None
    return it.policy.send_times.slot_at(now)


async def held(store: WorkspaceStore, *, now: datetime) -> Held:
    """How many reminders wait for the next send day: what a trouble keeps back until it is over."""
    outlook = await look(store, now=now)
    if outlook is None or not outlook.standing.policy.started or outlook.standing.paused:
        return Held(0, None)
    letters = outlook.plan(now).letters
    if not letters:
        return Held(0, None)
    first = min(letter.day for letter in letters)
    return Held(sum(len(letter.lines) for letter in letters if letter.day == first), first)


class RemindersOnHold:
    """What the plan says to the card of a trouble (core/held.py)."""

    async def held(self, store: WorkspaceStore, connection: Connection, *, now: datetime) -> Held | None:
        """What waits while this connection is in trouble; None where reminders were never started."""
        started = (await store.reminders.policy()).started_at is not None
        return await held(store, now=now) if started else None
