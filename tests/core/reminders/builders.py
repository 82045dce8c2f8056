"""A letter that may go, and everything around it. Tests change one fact and see what follows."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from core.reminders.facts import InvoiceNow, LetterFacts, LineFacts, Policy
from core.reminders.plan import Customer, Debt
from core.reminders.rules import Rules
from core.reminders.slots import SendTimes
from core.reminders.workdays import working_days

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 24)
"""A Tuesday; in London the day's slot has been open for half an hour."""
CUSTOMER = UUID(int=7)
OTHER = UUID(int=8)
INVOICE = UUID(int=42)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def send_times(zone: str = "Europe/London", *, country: str = "GB", at: time = time(9), weekdays=range(5)) -> SendTimes:
    return SendTimes(at, frozenset(weekdays), ZoneInfo(zone), working_days(country))


def policy(*, started: bool = True, zone: str = "Europe/London", **rules) -> Policy:
    made = Rules(**rules)
    return Policy(made, send_times(zone, at=made.send_at, weekdays=made.weekdays), started)


def invoice_now(**changed) -> InvoiceNow:
    """120.00 GBP due today, nothing paid."""
    fields = {
        "type": "ACCREC",
        "status": "AUTHORISED",
        "currency": "GBP",
        "contact_id": CUSTOMER,
        "due_on": TODAY,
        "total": Decimal("120.00"),
        "amount_due": Decimal("120.00"),
        "amount_paid": Decimal("0.00"),
        "amount_credited": Decimal("0.00"),
    }
    return InvoiceNow(**(fields | changed))


def a_line(*, now: InvoiceNow | str | None = "good", **changed) -> LineFacts:
    fields = {"invoice_id": INVOICE, "step": 0, "planned_due_on": TODAY}
    return LineFacts(**(fields | changed), now=invoice_now() if now == "good" else now)


def a_letter(*lines: LineFacts, **changed) -> LetterFacts:
    """To one customer, about one invoice, on the day it falls due: nothing speaks against it."""
    fields = {
        "contact_id": CUSTOMER,
        "day": TODAY,
        "lines": lines or (a_line(),),
        "connection_state": "active",
        "last_success_at": NOW - HOUR,
        "read_at": NOW - MINUTE,
        "contact_status": "ACTIVE",
        "recipients": ("accounts@example.com",),
        "unsubscribed": False,
        "unapplied": {},
        "calls_left": 900,
    }
    return LetterFacts(**(fields | changed))


def a_debt(number: int = 1, *, due_on: date | None = TODAY, **changed) -> Debt:
    fields = {"currency": "GBP", "amount_due": Decimal("120.00")}
    return Debt(UUID(int=number), f"INV-{number:04d}", due_on=due_on, **(fields | changed))


def a_customer(*debts: Debt, number: int = 7, **changed) -> Customer:
    fields = {"name": f"Customer {number}", "recipients": (f"customer{number}@example.com",)}
    return Customer(UUID(int=number), debts=debts or (a_debt(),), **(fields | changed))
