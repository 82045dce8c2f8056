"""Pages of Xero's answers, read straight from bytes into what the mirror stores. No I/O.

A record that cannot be understood is set aside with a reason in words; it never spoils the rest of its page.
Facts: "Requests and responses", "Invoices", "Contacts" in Xero's developer docs; dates as in recorded answers.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from core.errors import XeroUnreadable
from storage.exact import exact_money

A_MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BAD_ID = "its id is not an id as Xero makes them"
XERO_DATE = re.compile(r"^/Date\((-?\d{1,17})(?:[+-]\d{4})?\)/$")


class NotUnderstood(Exception):
    """One record cannot be read; the message says why, in words without the record's contents."""


class _Pagination(msgspec.Struct, rename="camel"):
    page_count: int | None = None
    item_count: int | None = None


class Envelope(msgspec.Struct):
    DateTimeUTC: str | None = None
    pagination: _Pagination | None = None
    Invoices: list[msgspec.Raw] | None = None
    Contacts: list[msgspec.Raw] | None = None
    Organisations: list[msgspec.Raw] | None = None
    CreditNotes: list[msgspec.Raw] | None = None
    Overpayments: list[msgspec.Raw] | None = None
    Prepayments: list[msgspec.Raw] | None = None


# gc=False: no record can hold itself, and looking for such rings took half of the decoding's time.


class ContactNamed(msgspec.Struct, gc=False):
    ContactID: UUID | None = None
    Name: str | None = None


class _Invoice(msgspec.Struct, gc=False):
    InvoiceID: UUID
    Type: str
    Status: str
    AmountDue: Decimal
    Total: Decimal
    CurrencyCode: str
    UpdatedDateUTC: str
    InvoiceNumber: str | None = None
    Reference: str | None = None
    Contact: ContactNamed | None = None
    AmountPaid: Decimal = Decimal(0)
    AmountCredited: Decimal = Decimal(0)
    Date: str | None = None
    DueDate: str | None = None
    FullyPaidOnDate: str | None = None
    ExpectedPaymentDate: str | None = None


class ContactNamedSomehow(msgspec.Struct, gc=False):
    ContactID: str | None = None
    Name: str | None = None


class _OddInvoice(_Invoice, gc=False):
    """For a record by itself, when a page holds something odd: here an invoice may lack its contact's id."""

    Contact: ContactNamedSomehow | None = None  # type: ignore[assignment]


class _Person(msgspec.Struct, gc=False):
    EmailAddress: str | None = None
    IncludeInEmails: bool = False


class _Contact(msgspec.Struct, gc=False):
    ContactID: UUID
    Name: str
    ContactStatus: str = "ACTIVE"
    EmailAddress: str | None = None
    ContactPersons: list[_Person] | None = None
    UpdatedDateUTC: str | None = None


class Organisation(msgspec.Struct, rename="pascal"):
    """What is asked of an organisation once: `timezone` is Windows' name in capitals, without blanks."""

    name: str
    base_currency: str = ""
    timezone: str = ""
    country_code: str = ""
    short_code: str = ""


class _Label(msgspec.Struct):
    InvoiceID: Any = None
    ContactID: Any = None
    InvoiceNumber: Any = None


@dataclass(frozen=True)
class Unreadable:
    """A record that was set aside: its id as far as it has one, what people call it, and why."""

    record: str
    label: str
    reason: str

    @property
    def record_id(self) -> UUID | None:
        """Its id, where it has one as Xero makes them."""
        try:
            return UUID(self.record)
        except ValueError:
            return None


@dataclass
class Page:
    """One page: rows as column values, ordered as Xero sent them; `told_at` is Xero's own clock (UTC).

    `pages` and `items` are how many the whole list has; None where Xero did not say.
    """

    told_at: datetime | None
    pages: int | None = None
    items: int | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    set_aside: list[Unreadable] = field(default_factory=list)
    length: int = 0

    @property
    def moments(self) -> Sequence[datetime]:
        """When each record last changed, as far as Xero said so, in Xero's order."""
        return [row["updated_at"] for row in self.rows if row["updated_at"] is not None]


def read_invoices(body: bytes) -> Page:
    """Return the sales invoices of an answer; bills are passed over. Raise XeroUnreadable for no answer at all."""
    return read_list(body, "Invoices", _invoices, _OddInvoice, _invoice_row)


def read_contacts(body: bytes) -> Page:
    return read_list(body, "Contacts", _contacts, _Contact, _contact_row)


def read_organisation(body: bytes) -> Organisation:
    envelope = _open(body)
    try:
        [raw] = envelope.Organisations or []
        return msgspec.json.decode(raw, type=Organisation)
    except (ValueError, msgspec.ValidationError):
        raise XeroUnreadable("no organisation in the answer") from None


class _InvoicePage(Envelope):
    Invoices: list[_Invoice] | None = None  # type: ignore[assignment]  # the quick way, when every record is sound


class _ContactPage(Envelope):
    Contacts: list[_Contact] | None = None  # type: ignore[assignment]


_envelope = msgspec.json.Decoder(Envelope)
_invoices = msgspec.json.Decoder(_InvoicePage)
_contacts = msgspec.json.Decoder(_ContactPage)


def _open(body: bytes) -> Envelope:
    try:
        return _envelope.decode(body)
    except msgspec.DecodeError:
        raise XeroUnreadable("the answer is not one of Xero's") from None


def read_list(
    body: bytes,
    name: str,
    quick: msgspec.json.Decoder[Any],
    record: type[msgspec.Struct],
    row_of: Callable[[Any], dict[str, Any] | None],
) -> Page:
    """Decode all records at once; where one does not fit, each by itself."""
    envelope: Any
    try:
        envelope = quick.decode(body)
    except msgspec.ValidationError:
        envelope = _open(body)
    except msgspec.DecodeError:
        raise XeroUnreadable("the answer is not one of Xero's") from None
    records = getattr(envelope, name)
    if records is None:
        raise XeroUnreadable(f"no {name} in the answer")
    page = told(envelope, len(records))
    for item in records:
        try:
            row = row_of(item if isinstance(item, msgspec.Struct) else msgspec.json.decode(item, type=record))
        except (msgspec.ValidationError, NotUnderstood) as why:
            page.set_aside.append(_unreadable(item, why))
        else:
            if row is not None:
                page.rows.append(row)
    return page


def told(envelope: Envelope, length: int) -> Page:
    """What a page tells of the list it is from."""
    paging = envelope.pagination or _Pagination()
    return Page(_told_at(envelope), paging.page_count, paging.item_count, length=length)


def _told_at(envelope: Envelope) -> datetime | None:
    try:
        return moment(envelope.DateTimeUTC)
    except NotUnderstood:
        return None


def _unreadable(item: Any, why: Exception) -> Unreadable:
    plain = msgspec.to_builtins(item, enc_hook=str) if isinstance(item, msgspec.Struct) else msgspec.json.decode(item)
    label = msgspec.convert(plain, _Label) if isinstance(plain, dict) else _Label()
    record = str(label.InvoiceID or label.ContactID or "without an id")[:100]
    return Unreadable(_canonical(record), str(label.InvoiceNumber or "")[:100], _in_words(why))


def _canonical(record: str) -> str:
    """Return an id as the mirror writes it, so that what is understood later is recognised."""
    try:
        return str(UUID(record))
    except ValueError:
        return record


def _in_words(why: Exception) -> str:
    """Turn msgspec's complaint into a sentence; it names fields and types, never values."""
    if "UUID" in str(why):
        return BAD_ID
    return str(why).replace("Object missing required field", "Xero left out").replace("`", "")[:300]


NOBODY = ContactNamed()


def _invoice_row(invoice: _Invoice) -> dict[str, Any] | None:
    if invoice.Type != "ACCREC":
        return None
    contact = invoice.Contact or NOBODY
    return {
        "invoice_id": invoice.InvoiceID,
        "number": invoice.InvoiceNumber or "",
        "reference": invoice.Reference or "",
        "contact_id": owner(contact.ContactID),
        "contact_name": contact.Name or "",
        "status": invoice.Status,
        "currency": currency(invoice.CurrencyCode),
        "total": amount(invoice.Total),
        "amount_due": amount(invoice.AmountDue),
        "amount_paid": amount(invoice.AmountPaid),
        "amount_credited": amount(invoice.AmountCredited),
        "issued_on": day(invoice.Date),
        "due_on": day(invoice.DueDate),
        "fully_paid_on": day(invoice.FullyPaidOnDate),
        "expected_payment_on": day(invoice.ExpectedPaymentDate),
        "updated_at": needed(moment(invoice.UpdatedDateUTC), "UpdatedDateUTC"),
    }


def _contact_row(contact: _Contact) -> dict[str, Any]:
    people = [p.EmailAddress for p in contact.ContactPersons or [] if p.IncludeInEmails and p.EmailAddress]
    return {
        "contact_id": contact.ContactID,
        "name": contact.Name,
        "email": contact.EmailAddress or "",
        "people": people,
        "status": contact.ContactStatus,
        "updated_at": moment(contact.UpdatedDateUTC),
    }


def owner(contact_id: UUID | str | None) -> UUID | None:
    """Return whose invoice it is; None for one that says nobody's."""
    if not isinstance(contact_id, str):
        return contact_id
    try:
        return UUID(contact_id) if contact_id.strip() else None
    except ValueError:
        raise NotUnderstood(BAD_ID) from None


@lru_cache(maxsize=4096)
def guid(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise NotUnderstood(BAD_ID) from None


def amount(value: Decimal) -> Decimal:
    # Not remembered: to look a Decimal up takes three times as long as to look at it.
    try:
        return exact_money(value)
    except ValueError as why:
        raise NotUnderstood(str(why)) from None


@lru_cache(maxsize=256)
def currency(code: str) -> str:
    if len(code) == 3 and code.isascii() and code.isalpha() and code.isupper():
        return code
    raise NotUnderstood("its currency is not a currency code")


@lru_cache(maxsize=4096)
def moment(value: str | None) -> datetime | None:
    """Return the moment a `/Date(ms+0000)/` means, in UTC. The offset is decoration: the number is UTC already."""
    if not value:
        return None
    match = XERO_DATE.match(value)
    if not match:
        raise NotUnderstood("a date is written in a way we do not know")
    try:
        return EPOCH + int(match[1]) * A_MILLISECOND
    except OverflowError:
        raise NotUnderstood("a date lies outside the calendar") from None


@lru_cache(maxsize=4096)
def day(value: str | None) -> date | None:
    """Return the calendar date meant by a midnight in UTC; never converted to another zone."""
    at = moment(value)
    return None if at is None else at.date()


def needed(value: datetime | None, name: str) -> datetime:
    if value is None:
        raise NotUnderstood(f"Xero left out {name}")
    return value
