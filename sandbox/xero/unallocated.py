"""Credit notes, overpayments and prepayments of customers: the records, their lists and their JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sandbox.xero import wire
from sandbox.xero.papers import Contact
from sandbox.xero.query import Field, Page, cut, paging, parse_order, parse_page, parse_since, parse_where
from sandbox.xero.records import DEPTH
from sandbox.xero.shelf import Shelf
from sandbox.xero.switches import Switches
from sandbox.xero.wire import Literal


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of paper: what Xero calls its list, its id, its type on the sales side, and its webhook category."""

    plural: str
    id_name: str
    type: str
    category: str
    scope: str


CREDIT_NOTE = Kind("CreditNotes", "CreditNoteID", "ACCRECCREDIT", "CREDITNOTE", "accounting.invoices")
OVERPAYMENT = Kind("Overpayments", "OverpaymentID", "RECEIVE-OVERPAYMENT", "OVERPAYMENT", "accounting.payments")
PREPAYMENT = Kind("Prepayments", "PrepaymentID", "RECEIVE-PREPAYMENT", "PREPAYMENT", "accounting.payments")
KINDS = (CREDIT_NOTE, OVERPAYMENT, PREPAYMENT)


@dataclass(slots=True, eq=False)
class Unallocated:
    """`remaining` is what no invoice has got yet; at nothing the paper is PAID."""

    id: str
    kind: Kind
    number: str
    contact: Contact
    issued_on: date
    currency: str
    total: Decimal
    remaining: Decimal
    updated_at: datetime
    status: str = "AUTHORISED"
    type: str = ""


FIELDS: dict[str, Field] = {
    "status": Field(lambda each: each.status, str),
    "type": Field(lambda each: each.type, str),
    "contact.contactid": Field(lambda each: each.contact.id, str),
}


def chosen(
    shelf: Shelf[Unallocated], kind: Kind, query: Mapping[str, str], headers: Mapping[str, str], switches: Switches
) -> tuple[Sequence[Unallocated], dict[str, int]]:
    """Those of one kind that a request selects, always paged."""
    asked = {name.lower(): value for name, value in query.items()}
    parse_order(asked.get("order"), {"updateddateutc": lambda each: each.updated_at})
    since = parse_since(headers.get("if-modified-since"), strict=switches.strict_modified_since)
    tests = parse_where(asked["where"], FIELDS) if asked.get("where") else []
    found = [each for each in shelf.since(since) if each.kind is kind and all(test(each) for test in tests)]
    page = parse_page(asked, forced=True) or Page(1, 100)
    return cut(found, page), paging(page, len(found))


def as_json(paper: Unallocated) -> bytes:
    named = {"ContactID": paper.contact.id, "Name": paper.contact.name}
    pairs = {
        paper.kind.id_name: paper.id,
        "CreditNoteNumber": paper.number,
        "Type": paper.type,
        "Status": paper.status,
        "Contact": named,
        "CurrencyCode": paper.currency,
        "Total": paper.total,
        "RemainingCredit": paper.remaining,
        "Allocations": [],
        "LineItems": [],
        "Date": wire.day(paper.issued_on),
        "UpdatedDateUTC": wire.moment(paper.updated_at),
    }
    if paper.kind is not CREDIT_NOTE:
        del pairs["CreditNoteNumber"]
    written = {name: Literal(wire.render(value, DEPTH + 1)) for name, value in pairs.items()}
    return wire.fields(written, DEPTH).encode()
