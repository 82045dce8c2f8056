"""A page of sound invoices, read column by column: what `wire.read_invoices` tells row by row, in half the time.

A column is looked at as a whole, most as one text. Whatever is not as Xero writes it every day makes the whole page
odd, and is left to the careful way. Part of the process beside (core/layout.py): no I/O, no database.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from core.changes import is_outstanding
from core.counting import Outstanding
from core.errors import XeroUnreadable
from core.xero import wire
from storage.exact import as_day

NAIVE_EPOCH = wire.EPOCH.replace(tzinfo=None)
CENT = Decimal("0.01")
UNITS_A_CENT = 100
REMEMBERED = 4096
ID_LENGTH, DASHES = 36, (8, 13, 18, 23)
AMOUNTS = re.compile(rb"-?\d{1,12}\.\d\d(?:\n-?\d{1,12}\.\d\d)*")
MOMENTS = re.compile(r"^/Date\((\d{1,15})(?:[+-]\d{4})?\)/$", re.MULTILINE)
NOTHING = msgspec.Raw(b"0.00")


class Odd(Exception):
    """The page holds something that only the careful way can tell more of."""


class _Named(msgspec.Struct, gc=False):
    ContactID: str
    Name: str | None = None


class _Invoice(msgspec.Struct, gc=False):
    """As in wire.py, with amounts and ids as they are written."""

    InvoiceID: str
    Type: str
    Status: str
    AmountDue: msgspec.Raw
    Total: msgspec.Raw
    CurrencyCode: str
    UpdatedDateUTC: str
    Contact: _Named
    InvoiceNumber: str | None = None
    Reference: str | None = None
    AmountPaid: msgspec.Raw = NOTHING
    AmountCredited: msgspec.Raw = NOTHING
    Date: str | None = None
    DueDate: str | None = None
    FullyPaidOnDate: str | None = None
    ExpectedPaymentDate: str | None = None


class _Page(wire.Envelope):
    Invoices: list[_Invoice] | None = None  # type: ignore[assignment]


class Columns(NamedTuple):
    """The invoices of a page as SQLite's driver takes them, when each changed, and what of them is outstanding."""

    columns: dict[str, list[Any]]
    moments: list[datetime]
    held: dict[str, Outstanding]


_decoder = msgspec.json.Decoder(_Page)


def read(body: bytes) -> tuple[wire.Page, Columns]:
    """Return what a page tells of its list, without rows, and its columns; raise Odd where it is not all sound."""
    try:
        page = _decoder.decode(body)
        invoices = page.Invoices
        if not invoices:
            raise Odd
        return wire.told(page, len(invoices)), _columns(invoices)
    except (msgspec.DecodeError, ValueError, OverflowError, wire.NotUnderstood, XeroUnreadable):
        raise Odd from None


def _columns(invoices: Sequence[_Invoice]) -> Columns:
    def each(name: str) -> list[Any]:
        return list(map(attrgetter(name), invoices))

    must(set(each("Type")) == {"ACCREC"})
    statuses, currencies, owed = texts(each("Status")), each("CurrencyCode"), units(each("AmountDue"))
    for code in set(currencies):
        wire.currency(code)
    ages = since_1970(each("UpdatedDateUTC"))
    columns = {
        "invoice_id": hexes(each("InvoiceID")),
        "number": texts(each("InvoiceNumber")),
        "reference": texts(each("Reference")),
        "contact_id": hexes(each("Contact.ContactID")),
        "contact_name": texts(each("Contact.Name")),
        "status": statuses,
        "currency": currencies,
        "total": units(each("Total")),
        "amount_due": owed,
        "amount_paid": units(each("AmountPaid")),
        "amount_credited": units(each("AmountCredited")),
        "issued_on": days(each("Date")),
        "due_on": days(each("DueDate")),
        "fully_paid_on": days(each("FullyPaidOnDate")),
        "expected_payment_on": days(each("ExpectedPaymentDate")),
        "updated_at": [(NAIVE_EPOCH + age).isoformat(" ", "microseconds") for age in ages],
    }
    must(len(set(columns["invoice_id"])) == len(invoices))
    return Columns(columns, [wire.EPOCH + age for age in ages], outstanding_in(statuses, currencies, owed))


def must(sound: bool) -> None:
    if not sound:
        raise Odd


def hexes(ids: Sequence[str]) -> list[str]:
    """Ids as SQLite keeps them, from the way Xero writes them."""
    must(set(map(len, ids)) == {ID_LENGTH})
    joined = "".join(ids)
    must(all(joined[place::ID_LENGTH] == "-" * len(ids) for place in DASHES))
    plain = joined.replace("-", "").lower()
    must(len(plain) == 32 * len(ids) == 2 * len(bytes.fromhex(plain)))  # ValueError for what is no digit
    return [plain[start : start + 32] for start in range(0, len(plain), 32)]


def units(amounts: Sequence[msgspec.Raw]) -> list[int]:
    """Amounts of two decimals as ten-thousandths."""
    joined = b"\n".join(amounts)
    must(AMOUNTS.fullmatch(joined) is not None)
    return [UNITS_A_CENT * cents for cents in map(int, joined.replace(b".", b"").split(b"\n"))]


def texts(values: Sequence[str | None]) -> list[str]:
    found = [value or "" for value in values]
    must("\0" not in "".join(found))  # PostgreSQL cannot store it: the careful way puts another sign there
    return found


def since_1970(moments: Sequence[str]) -> list[timedelta]:
    joined = "\n".join(moments)
    found = MOMENTS.findall(joined)
    must(len(found) == len(moments) == joined.count("\n") + 1)
    return [milliseconds * wire.A_MILLISECOND for milliseconds in map(int, found)]


@lru_cache(REMEMBERED)
def _day(value: str | None) -> str | None:
    return as_day(wire.day(value))


def days(values: Sequence[str | None]) -> list[str | None]:
    """Calendar dates as SQLite keeps them."""
    return list(map(_day, values))


def outstanding_in(statuses: Sequence[str], currencies: Sequence[str], owed: Sequence[int]) -> dict[str, Outstanding]:
    """The same as core/counting.py's, of columns."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for status, currency, amount in zip(statuses, currencies, owed, strict=True):
        if is_outstanding(status, amount):
            found[currency].append(amount)
    return {currency: Outstanding(len(each), CENT * (sum(each) // UNITS_A_CENT)) for currency, each in found.items()}
