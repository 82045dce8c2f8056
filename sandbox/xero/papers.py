"""What an organisation keeps: contacts, invoices, payments, credits. Plain values, money in Decimal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")


def money(value: Decimal | int | str) -> Decimal:
    """Exactly two decimals; a float or a third decimal is refused."""
    if isinstance(value, float):
        raise TypeError("money is never a float")
    amount = Decimal(value)
    rounded = amount.quantize(CENT)
    if rounded != amount:
        raise ValueError(f"{amount} has more than two decimals")
    return rounded


@dataclass(frozen=True, slots=True)
class Person:
    """A contact person; `include` is Xero's IncludeInEmails."""

    first: str
    last: str
    email: str
    include: bool = True


@dataclass(slots=True, eq=False)
class Contact:
    id: str
    name: str
    email: str
    updated_at: datetime
    persons: tuple[Person, ...] = ()
    status: str = "ACTIVE"
    number: str = ""
    odd: Mapping[str, Any] = field(default_factory=dict)
    """Overrides on the wire, by Xero's field name; Ellipsis takes the field away."""
    invoices: list["Invoice"] = field(default_factory=list, repr=False)


@dataclass(frozen=True, slots=True)
class Payment:
    id: str
    amount: Decimal
    on: date


@dataclass(frozen=True, slots=True)
class Credit:
    id: str
    number: str
    amount: Decimal
    on: date


@dataclass(slots=True, eq=False)
class Invoice:
    """`paid`, `credited` and `due` follow from payments and credits through `recount`."""

    id: str
    number: str
    contact: Contact
    type: str
    status: str
    issued_on: date
    due_on: date | None
    currency: str
    total: Decimal
    updated_at: datetime
    reference: str = ""
    rate: Decimal = Decimal("1.000000")
    sent: bool = True
    expected_on: date | None = None
    paid: Decimal = NOTHING
    credited: Decimal = NOTHING
    due: Decimal = NOTHING
    settled_on: date | None = None
    payments: list[Payment] = field(default_factory=list)
    credits: list[Credit] = field(default_factory=list)
    history: list[tuple[datetime, str]] = field(default_factory=list)
    odd: Mapping[str, Any] = field(default_factory=dict)
    """Overrides on the wire, by Xero's field name; Ellipsis takes the field away."""
    written: dict[str, bytes] = field(default_factory=dict, repr=False)
    """This invoice as JSON, by level of detail, until it changes."""

    def recount(self) -> None:
        self.paid = sum((payment.amount for payment in self.payments), NOTHING)
        self.credited = sum((credit.amount for credit in self.credits), NOTHING)
        self.due = self.total - self.paid - self.credited
        self.written.clear()
