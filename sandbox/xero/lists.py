"""GET /Invoices and GET /Contacts: which records a request selects, in which order and detail."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.xero.books import Organisation
from sandbox.xero.papers import Contact, Invoice
from sandbox.xero.query import (
    Field,
    QueryError,
    commas,
    cut,
    paging,
    parse_order,
    parse_page,
    parse_since,
    parse_where,
    yes,
)
from sandbox.xero.records import LIST, PAGED, SUMMARY
from sandbox.xero.shelf import R, Shelf
from sandbox.xero.switches import Switches

HIGH_VOLUME = 100_000
"""Documents an unpaged list may touch."""

INVOICE_FIELDS: dict[str, Field] = {
    "status": Field(lambda each: each.status, str),
    "type": Field(lambda each: each.type, str),
    "contact.contactid": Field(lambda each: each.contact.id, str),
    "contact.name": Field(lambda each: each.contact.name, str),
    "contact.contactnumber": Field(lambda each: each.contact.number, str),
    "reference": Field(lambda each: each.reference, str),
    "invoicenumber": Field(lambda each: each.number, str),
    "invoiceid": Field(lambda each: each.id, str),
    "amountpaid": Field(lambda each: each.paid, Decimal),
    "amountdue": Field(lambda each: each.due, Decimal, ranged=True),
    "date": Field(lambda each: each.issued_on, date, ranged=True),
    "duedate": Field(lambda each: each.due_on, date, ranged=True),
}
CONTACT_FIELDS: dict[str, Field] = {
    "contactid": Field(lambda each: each.id, str),
    "contactstatus": Field(lambda each: each.status, str),
    "name": Field(lambda each: each.name, str),
    "emailaddress": Field(lambda each: each.email, str),
    "contactnumber": Field(lambda each: each.number, str),
}
INVOICE_ORDERS: dict[str, Callable[[Invoice], Any]] = {
    "updateddateutc": lambda each: each.updated_at,
    "invoiceid": lambda each: each.id,
    "invoicenumber": lambda each: each.number,
    "date": lambda each: each.issued_on,
    "duedate": lambda each: each.due_on or date.min,
}
CONTACT_ORDERS: dict[str, Callable[[Contact], Any]] = {
    "updateddateutc": lambda each: each.updated_at,
    "contactid": lambda each: each.id,
    "name": lambda each: each.name.lower(),
}


def invoices(
    organisation: Organisation, query: Mapping[str, str], headers: Mapping[str, str], switches: Switches
) -> tuple[Sequence[Invoice], str, dict[str, int] | None]:
    """The selected invoices, their level of detail, and the pagination object if there is one."""
    asked = {name.lower(): value for name, value in query.items()}
    statuses = frozenset(status.upper() for status in commas(asked.get("statuses")))
    wanted: list[Callable[[Invoice], bool]] = []
    if asked.get("where"):
        wanted += parse_where(asked["where"], INVOICE_FIELDS)
    if statuses:
        wanted.append(lambda each: each.status in statuses and each.id not in organisation.unlisted)
    elif not switches.deleted_listed:
        wanted.append(lambda each: each.status != "DELETED")
    numbers = frozenset(commas(asked.get("invoicenumbers")))
    if numbers:
        wanted.append(lambda each: each.number in numbers)
    owners = frozenset(id.lower() for id in commas(asked.get("contactids")))
    if owners:
        wanted.append(lambda each: each.contact.id in owners)
    chosen = _select(organisation.invoices, asked, headers, switches, wanted, INVOICE_ORDERS)
    return _paged(chosen, asked, forced=bool(statuses))


def contacts(
    organisation: Organisation, query: Mapping[str, str], headers: Mapping[str, str], switches: Switches
) -> tuple[Sequence[Contact], str, dict[str, int] | None]:
    asked = {name.lower(): value for name, value in query.items()}
    wanted: list[Callable[[Contact], bool]] = []
    if asked.get("where"):
        wanted += parse_where(asked["where"], CONTACT_FIELDS)
    by_ids = switches.archived_by_ids and bool(commas(asked.get("ids")))
    if not yes(asked.get("includearchived")) and not by_ids:
        wanted.append(lambda each: each.status != "ARCHIVED")
    chosen = _select(organisation.contacts, asked, headers, switches, wanted, CONTACT_ORDERS)
    return _paged(chosen, asked, forced=False)


def invoice(organisation: Organisation, id: str, switches: Switches) -> Invoice | None:
    """By id, or by number."""
    found = organisation.invoices.by_id.get(id.lower())
    if found is None:
        found = next((each for each in organisation.invoices if each.number.lower() == id.lower()), None)
    return None if found is not None and found.status == "DELETED" and not switches.deleted_listed else found


def contact(organisation: Organisation, id: str) -> Contact | None:
    """By id, or by contact number."""
    found = organisation.contacts.by_id.get(id.lower())
    if found is None:
        found = next((each for each in organisation.contacts if each.number.lower() == id.lower()), None)
    return found


def _select(
    shelf: Shelf[R],
    asked: Mapping[str, str],
    headers: Mapping[str, str],
    switches: Switches,
    wanted: Sequence[Callable[[R], bool]],
    orders: Mapping[str, Callable[[R], Any]],
) -> list[R]:
    since = parse_since(headers.get("if-modified-since"), strict=switches.strict_modified_since)
    order = parse_order(asked.get("order"), orders)
    ids = frozenset(id.lower() for id in commas(asked.get("ids")))

    def choose() -> list[R]:
        found = shelf.since(since)
        if ids:
            found = [each for each in found if each.id in ids]
        for fits in wanted:
            found = [each for each in found if fits(each)]
        if order is not None:
            name, descending = order
            found = sorted(found, key=lambda each: each.id)
            found.sort(key=orders[name], reverse=descending)
        return found

    unpaged = {name: value for name, value in asked.items() if name not in ("page", "pagesize", "summaryonly")}
    return shelf.select((since, tuple(sorted(unpaged.items()))), choose)


def _paged(
    chosen: list[R], asked: Mapping[str, str], *, forced: bool
) -> tuple[Sequence[R], str, dict[str, int] | None]:
    summary = yes(asked.get("summaryonly"))
    page = parse_page(asked, forced=forced or summary)
    if page is not None:
        return cut(chosen, page), SUMMARY if summary else PAGED, paging(page, len(chosen))
    if len(chosen) > HIGH_VOLUME:
        raise QueryError("Narrow the query", type="HighVolumeException", number=51)
    return chosen, LIST, None
