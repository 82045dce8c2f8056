"""What Xero says at this moment about the invoices of letters about to go. Read leniently, believed strictly: what is
missing or cannot be read stays None, and the gate holds it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

import msgspec

from core.errors import PermissionMissing, Superseded, XeroError, XeroUnreadable
from core.reminders.facts import InvoiceNow
from core.xero import wire
from core.xero.client import OrganisationCalls
from core.xero.queries import PAGE_SIZE, batches, by_ids, paged

MOST_PAGES = 20
Credit = Mapping[UUID, Mapping[str, Decimal]]
"""By customer and currency: what is on no invoice yet."""


class UnappliedMoney(Protocol):
    """Where a customer's credit that is on no invoice comes from."""

    async def of(self, calls: OrganisationCalls, contact_ids: Sequence[UUID], *, payments: bool) -> Credit | None:
        """Return the credit of these customers; None where it could not be looked up. `payments`: whether the
        permission covers overpayments and prepayments; without it they cannot be seen."""


@dataclass(frozen=True)
class Person:
    """A customer as Xero has it now."""

    name: str
    email: str
    people: tuple[str, ...]
    status: str


@dataclass(frozen=True)
class Fresh:
    """One reading. `read_at` is the moment before the first question; `calls_kept` of `calls_left` are for people
    alone; rows are for the mirror."""

    read_at: datetime
    invoices: Mapping[UUID, InvoiceNow]
    customers: Mapping[UUID, Person]
    credit: Credit | None
    calls_left: int | None
    calls_kept: int
    invoice_rows: list[dict[str, Any]] = field(default_factory=list)
    contact_rows: list[dict[str, Any]] = field(default_factory=list)


async def ask(
    calls: OrganisationCalls,
    unapplied: UnappliedMoney,
    invoice_ids: Sequence[UUID],
    contact_ids: Sequence[UUID],
    *,
    payments: bool,
    calls_kept: int,
    now: datetime,
) -> Fresh:
    """Ask about exactly these; raise the XeroError that kept an answer away."""
    invoices: dict[UUID, InvoiceNow] = {}
    invoice_rows, contact_rows = [], []
    for some in batches(invoice_ids):
        body = await calls.get("Invoices", by_ids(some) | {"summaryOnly": "true"})
        invoices |= read_invoices_now(body)
        invoice_rows += wire.read_invoices(body).rows
    for some in batches(contact_ids):
        body = await calls.get("Contacts", by_ids(some) | {"includeArchived": "true"})
        contact_rows += wire.read_contacts(body).rows
    times = Counter(row["contact_id"] for row in contact_rows)
    customers = {
        row["contact_id"]: Person(row["name"], row["email"], tuple(row["people"]), row["status"])
        for row in contact_rows
        if times[row["contact_id"]] == 1
    }
    credit = await unapplied.of(calls, contact_ids, payments=payments)
    left = calls.meter.day_left
    return Fresh(now, invoices, customers, credit, left, calls_kept, invoice_rows, contact_rows)


class _Owner(msgspec.Struct):
    ContactID: str | None = None


class _Invoice(msgspec.Struct):
    InvoiceID: str
    Type: str | None = None
    Status: str | None = None
    CurrencyCode: str | None = None
    Contact: _Owner | None = None
    DueDate: str | None = None
    Total: Decimal | None = None
    AmountDue: Decimal | None = None
    AmountPaid: Decimal | None = None
    AmountCredited: Decimal | None = None
    FullyPaidOnDate: str | None = None
    ExpectedPaymentDate: str | None = None


class _Invoices(msgspec.Struct):
    Invoices: list[msgspec.Raw]


def read_invoices_now(body: bytes) -> dict[UUID, InvoiceNow]:
    """Return each invoice of the answer; one that cannot be read, or stands there twice, is left out."""
    try:
        records = msgspec.json.decode(body, type=_Invoices).Invoices
    except msgspec.DecodeError:
        raise XeroUnreadable("no Invoices in the answer") from None
    found: dict[UUID, InvoiceNow] = {}
    times: Counter[UUID] = Counter()
    for raw in records:
        try:
            record = msgspec.json.decode(raw, type=_Invoice)
            invoice_id = wire.guid(record.InvoiceID)
            times[invoice_id] += 1
            found[invoice_id] = _as_fact(record)
        except (msgspec.ValidationError, wire.NotUnderstood):
            continue
    return {invoice_id: now for invoice_id, now in found.items() if times[invoice_id] == 1}


def _as_fact(record: _Invoice) -> InvoiceNow:
    owner = record.Contact.ContactID if record.Contact else None
    amounts = (record.Total, record.AmountDue, record.AmountPaid, record.AmountCredited)
    total, due, paid, credited = [None if amount is None else wire.amount(amount) for amount in amounts]
    return InvoiceNow(
        type=record.Type,
        status=record.Status,
        currency=record.CurrencyCode,
        contact_id=wire.guid(owner) if owner else None,
        due_on=wire.day(record.DueDate),
        total=total,
        amount_due=due,
        amount_paid=paid,
        amount_credited=credited,
        fully_paid_on=wire.day(record.FullyPaidOnDate),
        expected_payment_on=wire.day(record.ExpectedPaymentDate),
    )


class _Credit(msgspec.Struct):
    CurrencyCode: str
    RemainingCredit: Decimal
    Type: str
    Status: str
    Contact: _Owner


class _Pagination(msgspec.Struct, rename="camel"):
    page_count: int = 1


class _Credits(msgspec.Struct):
    CreditNotes: list[_Credit] | None = None
    Overpayments: list[_Credit] | None = None
    Prepayments: list[_Credit] | None = None
    pagination: _Pagination | None = None


OURS = ("ACCRECCREDIT", "RECEIVE-OVERPAYMENT", "RECEIVE-PREPAYMENT", "AROVERPAYMENT", "ARPREPAYMENT")
"""Credit of customers; the same lists hold our own credit with suppliers."""
THEIRS = ("ACCPAYCREDIT", "SPEND-OVERPAYMENT", "SPEND-PREPAYMENT", "APOVERPAYMENT", "APPREPAYMENT")
USED_UP = ("DRAFT", "SUBMITTED", "PAID", "VOIDED", "DELETED")
"""Statuses in which nothing is left to allocate. What is neither one of these nor AUTHORISED is not understood."""


class AskedAfresh:
    """Reads credit notes whenever letters are about to go, and over- and prepayments where the permission covers them
    (scope accounting.payments.read). One record that cannot be read and nothing is known any more.

    The mirror has them too (core/unapplied), for the plan; but what was paid too much since the last sync counts.
    """

    async def of(self, calls: OrganisationCalls, contact_ids: Sequence[UUID], *, payments: bool) -> Credit | None:
        wanted = set(contact_ids)
        found: dict[UUID, dict[str, Decimal]] = {contact_id: {} for contact_id in contact_ids}
        try:
            for name in ("CreditNotes", "Overpayments", "Prepayments") if payments else ("CreditNotes",):
                for record in await self._all(calls, name):
                    owner, left = wire.guid(record.Contact.ContactID or ""), left_of(record)
                    if owner in wanted and left:
                        mine = found[owner]
                        mine[record.CurrencyCode] = mine.get(record.CurrencyCode, Decimal(0)) + left
        except (PermissionMissing, XeroUnreadable, wire.NotUnderstood):
            return None
        return found

    async def _all(self, calls: OrganisationCalls, name: str) -> list[_Credit]:
        records: list[_Credit] = []
        for page in range(1, MOST_PAGES + 1):
            params = paged({"where": 'Status=="AUTHORISED"'}, page)
            try:
                answer = msgspec.json.decode(await calls.get(name, params), type=_Credits)
            except msgspec.DecodeError:
                raise XeroUnreadable(f"no {name} in the answer") from None
            part = getattr(answer, name)
            if part is None:
                raise XeroUnreadable(f"no {name} in the answer")
            records += part
            if answer.pagination is None and len(part) >= PAGE_SIZE:
                raise XeroUnreadable(f"nothing says whether these are all {name}")
            if not part or page >= (answer.pagination.page_count if answer.pagination else 1):
                return records
        raise XeroUnreadable(f"too many {name}")


def left_of(record: _Credit) -> Decimal:
    """What a customer still has of a paper; raise NotUnderstood for a kind, a status or an amount never seen."""
    left = wire.amount(record.RemainingCredit)
    if record.Type not in OURS + THEIRS or record.Status not in ("AUTHORISED", *USED_UP) or left < 0:
        raise wire.NotUnderstood("a paper of a kind, a status or an amount never seen")
    return left if record.Type in OURS and record.Status == "AUTHORISED" else Decimal(0)


class _Link(msgspec.Struct):
    OnlineInvoiceUrl: str | None = None


class _Links(msgspec.Struct):
    OnlineInvoices: list[_Link] = []


async def pay_link(calls: OrganisationCalls, invoice_id: UUID) -> str:
    """The address at which the customer sees and pays an invoice; empty where Xero has none for it."""
    try:
        links = msgspec.json.decode(await calls.get(f"Invoices/{invoice_id}/OnlineInvoice"), type=_Links)
    except (XeroError, Superseded, msgspec.DecodeError):
        return ""
    found = links.OnlineInvoices[0].OnlineInvoiceUrl if links.OnlineInvoices else None
    return found if found and found.startswith("https://") else ""


class _Setting(msgspec.Struct):
    Enabled: bool


class _Settings(msgspec.Struct):
    InvoiceReminders: list[_Setting]


async def xero_reminds(calls: OrganisationCalls) -> bool:
    """Whether Xero itself sends reminders for this organisation."""
    try:
        settings = msgspec.json.decode(await calls.get("InvoiceReminders/Settings"), type=_Settings)
    except msgspec.DecodeError:
        raise XeroUnreadable("no InvoiceReminders in the answer") from None
    return any(setting.Enabled for setting in settings.InvoiceReminders)
