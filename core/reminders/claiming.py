"""The last step before SMTP: one transaction in which the gate is asked with all that is known, and the letter is
written down. What was decided is kept with everything the gate was told, so that it can be asked again.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from core.notices import CreditAsked, encode
from core.reminders.addresses import recipients
from core.reminders.asking import Fresh, Person
from core.reminders.facts import LetterFacts, LineFacts, Policy
from core.reminders.gate import Reason, Send, Why, Withhold, may_send
from core.reminders.letters import Content, Owed
from core.reminders.outlook import Standing, standing
from core.reminders.plan import PlannedLetter, PlannedLine
from core.reminders.rules import THANKS, Rules, Step
from core.reminders.slots import SendTimes
from core.reminders.workdays import working_days
from core.tracing import new_id
from core.vault import hash_of
from core.zones import zone
from storage.reminder_models import Letter, Reminder, Scope
from storage.store import WorkspaceStore


class Told(msgspec.Struct, frozen=True):
    """Everything the gate was told about one invoice of a letter, to be asked again later."""

    facts: LetterFacts
    rules: Rules
    zone: str
    country: str
    started: bool
    now: datetime


@dataclass(frozen=True)
class Claimed:
    """A letter that is written down: from here on it counts as sent until its fate is known."""

    letter_id: UUID
    recipients: tuple[str, ...]


def replay(told: str) -> list[Reason]:
    """Ask the gate again what it was asked then; the same facts get the same answer. Empty: it may go."""
    it = msgspec.json.decode(told, type=Told)
    send_times = SendTimes(it.rules.send_at, frozenset(it.rules.weekdays), zone(it.zone), working_days(it.country))
    found = may_send(it.facts, Policy(it.rules, send_times, it.started), it.now)
    return [] if isinstance(found, Send) else list(found.reasons)


def facts_of(planned: PlannedLetter, it: Standing, fresh: Fresh) -> LetterFacts:
    """Join what Xero says now with what our database says now."""
    contact_id = planned.customer.contact_id
    person = fresh.customers.get(contact_id)
    return LetterFacts(
        contact_id=contact_id,
        day=planned.day,
        lines=tuple(_line(line, it, fresh) for line in planned.lines),
        connection_state=it.connection.state,
        last_success_at=it.connection.last_success_at,
        read_at=fresh.read_at,
        contact_status=person.status if person else None,
        recipients=recipients(person.email, person.people) if person else (),
        unsubscribed=contact_id in it.unsubscribed,
        unapplied=None if fresh.credit is None else fresh.credit.get(contact_id),
        calls_left=fresh.calls_left,
        calls_kept=fresh.calls_kept,
        allowed=it.allowed.get(contact_id, {}),
        holds=it.holds_on(Scope.CUSTOMER, contact_id) + it.holds_on(Scope.EVERYTHING, None),
        letter_days=it.letter_days.get(contact_id, ()),
        last_hour=it.last_hour,
    )


def _line(line: PlannedLine, it: Standing, fresh: Fresh) -> LineFacts:
    invoice_id = line.debt.invoice_id
    thanked = invoice_id in it.thanked or it.restored_on == it.today
    sent = it.gone(invoice_id, line.debt.due_on)
    if line.step.days == THANKS.days and thanked:
        sent |= {THANKS.days}
    return LineFacts(
        invoice_id=invoice_id,
        step=line.step.days,
        planned_due_on=line.debt.due_on,
        now=fresh.invoices.get(invoice_id),
        sent=sent,
        holds=it.holds_on(Scope.INVOICE, invoice_id),
    )


def narrowed(planned: PlannedLetter, found: Send | Withhold) -> PlannedLetter | None:
    """The letter without the invoices that are held; None where nothing of it is left, or all of it is held."""
    if isinstance(found, Send):
        return planned
    held = {reason.invoice_id for reason in found.reasons}
    left = tuple(line for line in planned.lines if line.debt.invoice_id not in held)
    return replace(planned, lines=left) if left and None not in held else None


def content_of(planned: PlannedLetter, fresh: Fresh, it: Standing, links: dict[UUID, str], stop: str) -> Content:
    """What the letter says, in Xero's amounts of this moment."""
    owed = []
    for line in planned.lines:
        now = fresh.invoices[line.debt.invoice_id]
        assert now.due_on is not None  # the gate has looked, here and below
        assert now.amount_due is not None
        assert now.total is not None
        link = links.get(line.debt.invoice_id, "")
        paid = now.amount_paid if is_thanks(planned) else None
        due, total = (now.amount_due, now.total) if paid is None else (paid, paid)
        owed.append(Owed(line.debt.number, now.due_on, due, total, now.currency or "", pay_link=link))
    person: Person = fresh.customers[planned.customer.contact_id]
    organisation = it.connection.tenant_name
    return Content(
        customer=person.name or planned.customer.name,
        organisation=organisation,
        sender=it.policy.rules.sender_name or organisation,
        invoices=tuple(owed),
        today=it.today,
        unsubscribe=stop,
        paid=is_thanks(planned),
    )


def is_thanks(planned: PlannedLetter) -> bool:
    return firmest(planned).days == THANKS.days


def firmest(planned: PlannedLetter) -> Step:
    """The step whose words a letter about several invoices has."""
    return max((line.step for line in planned.lines), key=lambda step: step.days)


def new_secret() -> str:
    return secrets.token_urlsafe(24)


async def asked(
    store: WorkspaceStore, planned: PlannedLetter, fresh: Fresh, *, now: datetime
) -> tuple[Standing, LetterFacts, Send | Withhold] | None:
    """Ask the gate with all that is known in this transaction, and keep its answer; None where nothing is connected.

    Everything of ours is read inside the transaction: a hold placed a moment ago counts.
    """
    it = await standing(store, now=now, invoices=[line.debt.invoice_id for line in planned.lines])
    if it is None:
        return None
    facts = facts_of(planned, it, fresh)
    found = may_send(facts, it.policy, now)
    await remember(store, facts, it, found, now=now)
    return it, facts, found


async def let_through(
    store: WorkspaceStore, planned: PlannedLetter, fresh: Fresh, *, now: datetime
) -> tuple[PlannedLetter, Standing] | None:
    """Return what of the letter may go, before it is worded; None where nothing of it may."""
    answer = await asked(store, planned, fresh, now=now)
    if answer is None:
        return None
    it, _facts, found = answer
    left = narrowed(planned, found)
    return (left, it) if left else None


async def claim(
    store: WorkspaceStore, planned: PlannedLetter, fresh: Fresh, *, subject: str, secret: str, now: datetime
) -> Claimed | None:
    """Ask the gate once more, about exactly this letter, and write it down; None where it must not go."""
    answer = await asked(store, planned, fresh, now=now)
    if answer is None:
        return None
    it, facts, found = answer
    if isinstance(found, Withhold):
        return None
    letter = Letter(
        id=new_id(),
        workspace_id=store.id,
        connection_id=it.connection.id,
        contact_id=planned.customer.contact_id,
        contact_name=planned.customer.name,
        goes_on=planned.day,
        subject=subject,
        recipients=list(facts.recipients),
        unsubscribe_hash=hash_of(secret),
        claimed_at=now,
    )
    written = await store.letters.claim(letter, [_reminder(line, fresh, letter) for line in planned.lines])
    return Claimed(letter.id, facts.recipients) if written else None


def _reminder(line: PlannedLine, fresh: Fresh, letter: Letter) -> Reminder:
    now = fresh.invoices[line.debt.invoice_id]
    assert now.due_on is not None  # the gate has looked
    return Reminder(
        workspace_id=letter.workspace_id,
        letter_id=letter.id,
        invoice_id=line.debt.invoice_id,
        step=line.step.days,
        number=line.debt.number,
        currency=now.currency or "",
        amount_due=now.amount_due or Decimal(0),
        due_on=now.due_on,
    )


async def remember(
    store: WorkspaceStore, facts: LetterFacts, it: Standing, found: Send | Withhold, *, now: datetime
) -> None:
    """Keep the verdict on each invoice, and ask about credit where that is what speaks against the letter."""
    reasons = () if isinstance(found, Send) else found.reasons
    connection, policy = it.connection, it.policy
    rows: list[dict[str, object]] = []
    for line in facts.lines:
        mine = replace(facts, lines=(line,))
        told = Told(mine, policy.rules, connection.timezone, connection.country_code, policy.started, now)
        whys = [str(reason.why) for reason in reasons if reason.invoice_id in (None, line.invoice_id)]
        rows.append(
            {
                "invoice_id": line.invoice_id,
                "at": now,
                "told": msgspec.json.encode(told).decode(),
                "reasons": whys,
            }
        )
    await store.reminders.decided(rows)
    if any(reason.why is Why.UNAPPLIED for reason in reasons):
        await ask_about_credit(store, facts.contact_id, facts.unapplied or {}, now=now)


async def ask_about_credit(
    store: WorkspaceStore, contact_id: UUID, unapplied: Mapping[str, Decimal], *, now: datetime
) -> None:
    """Ask in Slack, once for this much credit."""
    credit = {currency: amount for currency, amount in unapplied.items() if amount > 0}
    asked = await store.reminders.credit_question(contact_id)
    known = {currency: Decimal(amount) for currency, amount in asked.credit.items()} if asked else {}
    if asked and all(amount <= known.get(currency, Decimal(0)) for currency, amount in credit.items()):
        return
    name = await customer_name(store, contact_id)
    await store.reminders.ask_about_credit(
        contact_id, name, {currency: str(amount) for currency, amount in credit.items()}, now=now
    )
    notice = CreditAsked(store.id, contact_id, name, credit)
    await store.outbox.tell(f"credit:{contact_id}:{now.isoformat()}", encode(notice), now=now)


async def customer_name(store: WorkspaceStore, contact_id: UUID) -> str:
    contact = await store.contacts.get(contact_id)
    return contact.name if contact else ""
