"""What the gate is told of a letter about to go: plain values, each as fresh as it says. None means: not known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from core.reminders.rules import Rules
from core.reminders.slots import SendTimes


@dataclass(frozen=True)
class InvoiceNow:
    """An invoice as Xero told it a moment ago. Anything may be missing."""

    type: str | None = None
    status: str | None = None
    currency: str | None = None
    contact_id: UUID | None = None
    due_on: date | None = None
    total: Decimal | None = None
    amount_due: Decimal | None = None
    amount_paid: Decimal | None = None
    amount_credited: Decimal | None = None
    fully_paid_on: date | None = None
    expected_payment_on: date | None = None


class HoldReason(StrEnum):
    DISPUTED = "disputed"
    PROMISED = "promised"
    OTHER = "other"


@dataclass(frozen=True)
class HoldFact:
    """Somebody asked to leave an invoice, a customer or everything alone, through the day `until_on` (None: until
    released)."""

    reason: HoldReason
    until_on: date | None = None

    def is_over(self, today: date) -> bool:
        return self.until_on is not None and self.until_on < today


@dataclass(frozen=True)
class LineFacts:
    """One invoice of the letter: what was planned, what Xero says `now`, which steps went out before, who holds it."""

    invoice_id: UUID
    step: int
    planned_due_on: date | None
    now: InvoiceNow | None
    sent: frozenset[int] = frozenset()
    holds: tuple[HoldFact, ...] = ()


@dataclass(frozen=True)
class LetterFacts:
    """One letter: to one customer, on one day of the organisation.

    `read_at` is when Xero was asked about exactly these invoices. `unapplied` is the customer's credit that is on no
    invoice, by currency; `allowed` how much of it a person has seen and said *send anyway* to. `letter_days` are the
    days on which this customer got letters, `last_hour` how many letters the workspace sent in the last sixty minutes,
    `calls_left` what Xero still allows today, of which letters leave the last `calls_kept` to people.
    """

    contact_id: UUID
    day: date
    lines: tuple[LineFacts, ...]
    connection_state: str | None
    last_success_at: datetime | None
    read_at: datetime | None
    contact_status: str | None
    recipients: tuple[str, ...]
    unsubscribed: bool | None
    unapplied: Mapping[str, Decimal] | None
    calls_left: int | None
    allowed: Mapping[str, Decimal] = field(default_factory=dict)
    holds: tuple[HoldFact, ...] = ()
    letter_days: tuple[date, ...] = ()
    last_hour: int = 0
    calls_kept: int = 10


@dataclass(frozen=True)
class Policy:
    """The workspace's rules, where and whether they apply."""

    rules: Rules
    send_times: SendTimes
    started: bool
