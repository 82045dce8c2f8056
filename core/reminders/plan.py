"""What goes out when, and what does not and why, as the mirror has it. Pure; the gate looks again before each letter.

A letter covers all invoices of a customer that are due a step on its day. No customer gets more than one a day and
two a week, and the workspace no more an hour than its cap, so old debts of a new connection spread by themselves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from uuid import UUID

from core.reminders.currencies import KNOWN
from core.reminders.facts import HoldFact, HoldReason, Policy
from core.reminders.gate import A_WEEK, HELD_AS, NOTHING, PER_CUSTOMER_A_WEEK, WRITABLE, Why, covers
from core.reminders.rules import Step
from core.reminders.slots import Slot

FAR_BEFORE = 1000
"""Further than any step lies before a due date."""
HORIZON = 10
"""Send days that a plan looks ahead unless asked for more."""
AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Debt:
    """An outstanding invoice of the mirror, with the steps that went out and the holds on it."""

    invoice_id: UUID
    number: str
    currency: str
    amount_due: Decimal
    due_on: date | None
    expected_on: date | None = None
    sent: frozenset[int] = frozenset()
    holds: tuple[HoldFact, ...] = ()


@dataclass(frozen=True)
class Customer:
    """Who owes, what, and whether they can be written to. `unapplied` is credit on no invoice as the mirror has it, by
    currency, and `allowed` how much of it somebody has said *send anyway* to."""

    contact_id: UUID
    name: str
    debts: tuple[Debt, ...]
    recipients: tuple[str, ...] = ()
    status: str = "ACTIVE"
    unsubscribed: bool = False
    holds: tuple[HoldFact, ...] = ()
    letter_days: tuple[date, ...] = ()
    unapplied: Mapping[str, Decimal] = field(default_factory=dict)
    allowed: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedLine:
    debt: Debt
    step: Step


@dataclass(frozen=True)
class PlannedLetter:
    customer: Customer
    day: date
    at: datetime
    lines: tuple[PlannedLine, ...]


@dataclass(frozen=True)
class HeldDebt:
    """`until` is the last day on which it is held, where that is known."""

    customer: Customer
    debt: Debt
    why: Why
    until: date | None = None


@dataclass
class Plan:
    """Letters by time; `finished` counts invoices whose last step went out."""

    letters: list[PlannedLetter] = field(default_factory=list)
    held: list[HeldDebt] = field(default_factory=list)
    unreachable: list[Customer] = field(default_factory=list)
    finished: int = 0


@dataclass
class _Ladder:
    """A debt on its way up the steps, in this plan: each step's day is worked out once."""

    debt: Debt
    days: list[tuple[date, Step]]
    free_from: date
    highest: int

    def due(self, today: date) -> Step | None:
        """As core.reminders.rules.step_due, over days known already."""
        assert self.debt.due_on is not None  # without one there is no ladder
        if today < self.free_from:
            return None
        reached = [step for day, step in self.days if day <= today]
        latest = max(reached, key=lambda step: step.days, default=None)
        if latest is None or latest.days <= self.highest:
            return None
        return None if latest.days < 0 and today > self.debt.due_on else latest


@dataclass
class _Account:
    customer: Customer
    ladders: list[_Ladder]
    letter_days: list[date]

    def lines(self, day: date) -> list[tuple[_Ladder, Step]]:
        found = [(ladder, ladder.due(day)) for ladder in self.ladders]
        return [(ladder, step) for ladder, step in found if step]

    def may_get_one(self, day: date) -> bool:
        week = sum(day - A_WEEK < sent <= day for sent in self.letter_days)
        return day not in self.letter_days and week < PER_CUSTOMER_A_WEEK


def plan(
    customers: Iterable[Customer], policy: Policy, now: datetime, *, slots: int = HORIZON, last_hour: int = 0
) -> Plan:
    """Plan the next so many send days, the open one included; `last_hour` letters went out in the last hour."""
    today = policy.send_times.today(now)
    made = Plan()
    accounts = []
    for customer in customers:
        account = _account(customer, policy, today, made)
        if account.ladders:
            accounts.append(account)
    accounts.sort(key=_oldest)
    for slot in islice(policy.send_times.slots_from(now), slots):
        room = room_in(slot, now, policy.rules.per_hour, last_hour if slot.opens_at <= now else 0)
        made.letters += _fill(slot, accounts, now, policy.rules.per_hour, room)
    return made


def room_in(slot: Slot, now: datetime, per_hour: int, last_hour: int) -> int:
    """How many letters still fit into a slot at the cap; at least one an hour begun."""
    left = slot.closes_at - max(slot.opens_at, now)
    return max(int(per_hour * (left / AN_HOUR)) - last_hour, 0)


def _account(customer: Customer, policy: Policy, today: date, made: Plan) -> _Account:
    whole = _customer_hold(customer, today)
    if whole is Why.NO_RECIPIENT:
        made.unreachable.append(customer)
    ladders = []
    for debt in customer.debts:
        if whole is not None:
            made.held.append(HeldDebt(customer, debt, whole, _until(customer.holds, today)))
            continue
        held = held_at(debt, policy, today)
        if held is None and covers(customer.unapplied, customer.allowed, debt.currency, debt.amount_due):
            held = Why.UNAPPLIED, None
        if held is not None:
            made.held.append(HeldDebt(customer, debt, held[0], held[1]))
            if held[1] is None:
                continue
        ladder = _ladder(debt, policy, held[1] + timedelta(days=1) if held and held[1] else today)
        if not any(step.days > ladder.highest for _, step in ladder.days):
            made.finished += 1
        else:
            ladders.append(ladder)
    return _Account(customer, ladders, list(customer.letter_days))


def _ladder(debt: Debt, policy: Policy, free_from: date) -> _Ladder:
    assert debt.due_on is not None  # held_at() has looked
    shift = policy.send_times.calendar.shift
    days = [(shift(debt.due_on, step.days), step) for step in policy.rules.steps]
    return _Ladder(debt, days, free_from, max(debt.sent, default=-FAR_BEFORE))


def _customer_hold(customer: Customer, today: date) -> Why | None:
    """What keeps every letter to this customer back, for as long as nobody changes it."""
    for hold in customer.holds:
        if not hold.is_over(today):
            return HELD_AS.get(hold.reason, Why.HELD)
    if customer.unsubscribed:
        return Why.UNSUBSCRIBED
    if customer.status not in WRITABLE:
        return Why.NOT_WRITABLE
    return None if customer.recipients else Why.NO_RECIPIENT


def _until(holds: Sequence[HoldFact], today: date) -> date | None:
    ends = [hold.until_on for hold in holds if not hold.is_over(today)]
    return None if None in ends else max((end for end in ends if end), default=None)


def held_at(debt: Debt, policy: Policy, today: date) -> tuple[Why, date | None] | None:
    """Why an invoice is left alone on this day and until when (None: until somebody acts), or None."""
    if debt.due_on is None:
        return Why.NO_DUE_DATE, None
    if debt.currency not in KNOWN:
        return Why.ODD_CURRENCY, None
    if debt.amount_due < policy.rules.minimums.get(debt.currency, NOTHING):
        return Why.BELOW_MINIMUM, None
    live = [hold for hold in debt.holds if not hold.is_over(today)]
    if debt.expected_on is not None and debt.expected_on >= today:
        live.append(HoldFact(HoldReason.PROMISED, debt.expected_on))
    return (HELD_AS.get(live[0].reason, Why.HELD), _until(live, today)) if live else None


def _oldest(account: _Account) -> tuple[date, str]:
    return min(ladder.debt.due_on or date.max for ladder in account.ladders), account.customer.name


def _fill(slot: Slot, accounts: list[_Account], now: datetime, per_hour: int, room: int) -> list[PlannedLetter]:
    letters: list[PlannedLetter] = []
    starts = max(slot.opens_at, now)
    for account in accounts:
        if len(letters) >= room:
            break
        lines = account.lines(slot.day)
        if not lines or not account.may_get_one(slot.day):
            continue
        at = starts + AN_HOUR * (len(letters) / max(per_hour, 1))
        planned = tuple(PlannedLine(ladder.debt, step) for ladder, step in lines)
        letters.append(PlannedLetter(account.customer, slot.day, at, planned))
        account.letter_days.append(slot.day)
        for ladder, step in lines:
            ladder.highest = step.days
    return letters
