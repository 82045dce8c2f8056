"""The gate: the last question before a letter leaves. Pure, and closed unless every clause is content.

Each clause is one `if`; `make mutants` takes them away one by one and sees a test fail for each.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from core.reminders.currencies import KNOWN
from core.reminders.facts import HoldFact, HoldReason, InvoiceNow, LetterFacts, LineFacts, Policy
from core.reminders.rules import THANKS, step_due

FRESH_FOR = timedelta(minutes=5)
BOOKS_GOOD_FOR = timedelta(hours=6)
PER_CUSTOMER_A_WEEK = 2
A_WEEK = timedelta(days=7)
WRITABLE = ("ACTIVE", "ARCHIVED")
"""Customers who may be written to; an archived one can still owe. Never one who asked to be forgotten (GDPRREQUEST)."""
NOTHING = Decimal(0)


class Why(StrEnum):
    """Why something is not sent. bot/views/reasons.py has the words."""

    NOT_STARTED = "not_started"
    NOT_CONNECTED = "not_connected"
    BOOKS_OLD = "books_old"
    NOT_FRESH = "not_fresh"
    QUOTA = "quota"
    OUTSIDE_WINDOW = "outside_window"
    HOUR_FULL = "hour_full"
    LETTER_TODAY = "letter_today"
    WEEK_FULL = "week_full"
    NO_RECIPIENT = "no_recipient"
    UNSUBSCRIBED = "unsubscribed"
    NOT_WRITABLE = "not_writable"
    EMPTY = "empty"
    UNKNOWN = "unknown"
    NOT_SALES = "not_sales"
    NOT_OUTSTANDING = "not_outstanding"
    SETTLED = "settled"
    BELOW_MINIMUM = "below_minimum"
    ODD_CURRENCY = "odd_currency"
    CONTRADICTORY = "contradictory"
    OTHER_CUSTOMER = "other_customer"
    NO_DUE_DATE = "no_due_date"
    DUE_DATE_MOVED = "due_date_moved"
    STEP_SENT = "step_sent"
    STEP_NOT_DUE = "step_not_due"
    UNAPPLIED_UNKNOWN = "unapplied_unknown"
    UNAPPLIED = "unapplied"
    DISPUTED = "disputed"
    PROMISED = "promised"
    HELD = "held"
    NO_THANKS = "no_thanks"
    NOT_PAID = "not_paid"


HELD_AS = {HoldReason.DISPUTED: Why.DISPUTED, HoldReason.PROMISED: Why.PROMISED, HoldReason.OTHER: Why.HELD}


@dataclass(frozen=True)
class Reason:
    """Of one invoice, or (None) of the letter as a whole."""

    why: Why
    invoice_id: UUID | None = None


@dataclass(frozen=True)
class Send:
    """Every clause is content with exactly this letter."""


@dataclass(frozen=True)
class Withhold:
    """Some clause is not; a hold that somebody placed is one reason of many."""

    reasons: tuple[Reason, ...]


def may_send(facts: LetterFacts, policy: Policy, now: datetime) -> Send | Withhold:
    """Say whether this letter may go at this moment, or all that speaks against it. `now` is aware."""
    today = policy.send_times.today(now)
    reasons = [Reason(why) for why in about_letter(facts, policy, today, now)]
    for line in facts.lines:
        reasons += [Reason(why, line.invoice_id) for why in about_line(line, facts, policy, today)]
    return Withhold(tuple(reasons)) if reasons else Send()


def about_letter(facts: LetterFacts, policy: Policy, today: date, now: datetime) -> Iterator[Why]:
    if not policy.started:
        yield Why.NOT_STARTED
    if facts.connection_state != "active":
        yield Why.NOT_CONNECTED
    if facts.last_success_at is None or not within(BOOKS_GOOD_FOR, facts.last_success_at, now):
        yield Why.BOOKS_OLD
    if facts.read_at is None or not within(FRESH_FOR, facts.read_at, now):
        yield Why.NOT_FRESH
    if facts.calls_left is None or facts.calls_left < facts.calls_kept:
        yield Why.QUOTA
    slot = policy.send_times.slot_at(now)
    if slot is None or slot.day != facts.day:
        yield Why.OUTSIDE_WINDOW
    if facts.last_hour >= policy.rules.per_hour:
        yield Why.HOUR_FULL
    if facts.day in facts.letter_days:
        yield Why.LETTER_TODAY
    if sum(facts.day - A_WEEK < day <= facts.day for day in facts.letter_days) >= PER_CUSTOMER_A_WEEK:
        yield Why.WEEK_FULL
    if not facts.recipients:
        yield Why.NO_RECIPIENT
    if facts.unsubscribed is not False:
        yield Why.UNSUBSCRIBED
    if facts.contact_status not in WRITABLE:
        yield Why.NOT_WRITABLE
    if not facts.lines:
        yield Why.EMPTY
    yield from about_holds(facts.holds, today)


def about_line(line: LineFacts, facts: LetterFacts, policy: Policy, today: date) -> Iterator[Why]:
    now = line.now
    if now is None:
        yield Why.UNKNOWN
        return
    if now.type != "ACCREC":
        yield Why.NOT_SALES
    if now.contact_id != facts.contact_id:
        yield Why.OTHER_CUSTOMER
    yield from about_holds(line.holds, today)
    if line.step == THANKS.days:
        yield from about_thanks(line, now, policy, today)
        return
    if now.status != "AUTHORISED":
        yield Why.NOT_OUTSTANDING
    yield from about_money(now, facts, policy)
    yield from about_step(line, now, policy, today)
    if now.expected_payment_on is not None and now.expected_payment_on >= today:
        yield Why.PROMISED


def about_thanks(line: LineFacts, now: InvoiceNow, policy: Policy, today: date) -> Iterator[Why]:
    """A letter that thanks for a payment goes once, on the first send day after it, to who had been reminded."""
    if not policy.rules.thank:
        yield Why.NO_THANKS
    if now.currency not in KNOWN:
        yield Why.ODD_CURRENCY
    if now.due_on is None:
        yield Why.NO_DUE_DATE
    if THANKS.days in line.sent:
        yield Why.STEP_SENT
    if not line.sent - {THANKS.days}:
        yield Why.STEP_NOT_DUE
    if now.status != "PAID" or now.amount_due != NOTHING or not (now.amount_paid or NOTHING) > NOTHING:
        yield Why.NOT_PAID
    if now.fully_paid_on is None or policy.send_times.send_day_after(now.fully_paid_on) != today:
        yield Why.STEP_NOT_DUE


def about_money(now: InvoiceNow, facts: LetterFacts, policy: Policy) -> Iterator[Why]:
    currency = now.currency
    if currency not in KNOWN:
        yield Why.ODD_CURRENCY
        return
    if now.amount_due is None:
        yield Why.UNKNOWN
        return
    if now.amount_due <= NOTHING:
        yield Why.SETTLED
    if now.amount_due < policy.rules.minimums.get(currency, NOTHING):
        yield Why.BELOW_MINIMUM
    if not adds_up(now, now.amount_due):
        yield Why.CONTRADICTORY
    if facts.unapplied is None:
        yield Why.UNAPPLIED_UNKNOWN
        return
    if covers(facts.unapplied, facts.allowed, currency, now.amount_due):
        yield Why.UNAPPLIED


def covers(
    unapplied: Mapping[str, Decimal], allowed: Mapping[str, Decimal], currency: str, amount_due: Decimal
) -> bool:
    """Whether a customer has credit for all of an invoice, and more of it than somebody has allowed for."""
    credit = unapplied.get(currency, NOTHING)
    return credit >= amount_due and credit > allowed.get(currency, NOTHING)


def adds_up(now: InvoiceNow, due: Decimal) -> bool:
    """Whether Xero's own amounts and dates agree with each other."""
    if now.total is None or now.amount_paid is None or now.amount_credited is None:
        return False
    if now.fully_paid_on is not None:
        return False
    return now.total - now.amount_paid - now.amount_credited == due


def about_step(line: LineFacts, now: InvoiceNow, policy: Policy, today: date) -> Iterator[Why]:
    if now.due_on is None:
        yield Why.NO_DUE_DATE
        return
    if now.due_on != line.planned_due_on:
        yield Why.DUE_DATE_MOVED
    if line.step in line.sent:
        yield Why.STEP_SENT
    calendar = policy.send_times.calendar
    due = step_due(policy.rules.steps, due_on=now.due_on, sent=line.sent, today=today, calendar=calendar)
    if due is None or due.days != line.step:
        yield Why.STEP_NOT_DUE


def about_holds(holds: tuple[HoldFact, ...], today: date) -> Iterator[Why]:
    for hold in holds:
        if not hold.is_over(today):
            yield HELD_AS.get(hold.reason, Why.HELD)


def within(limit: timedelta, then: datetime, now: datetime) -> bool:
    """Whether `then` lies in the last `limit`; what claims to come from the future does not."""
    return timedelta(0) <= now - then <= limit
