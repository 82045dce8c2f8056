"""Answers read into rows: exact, tolerant, and never one bad record at the cost of a page."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import XeroUnreadable
from core.xero import wire

ID = "7a1d3c52-5b0e-4c7e-9a66-0f6a2d1b8e01"
WHO = "91b0c7de-3f52-4d18-a2c4-6e5f7a8b9c0d"


class Bare(str):
    """A number as Xero writes it, trailing zeros and all."""


def written(value: Any) -> str:
    """JSON with numbers exactly as given and slashes escaped as Xero does."""
    if isinstance(value, Bare):
        return str(value)
    if isinstance(value, dict):
        return "{\r\n" + ",\r\n".join(f"{json.dumps(k)}: {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value).replace("/", "\\/")


def an_invoice(**changed: Any) -> dict[str, Any]:
    """Ellipsis takes a field away."""
    plain = {
        "Type": "ACCREC",
        "InvoiceID": ID,
        "InvoiceNumber": "INV-2041",
        "Reference": "PO 8817",
        "AmountDue": Bare("720.00"),
        "AmountPaid": Bare("480.00"),
        "AmountCredited": Bare("0.00"),
        "Total": Bare("1200.00"),
        "CurrencyRate": Bare("1.000000"),
        "Contact": {"ContactID": WHO, "Name": "Quayside Books", "Addresses": []},
        "Date": "/Date(1791936000000+0000)/",
        "DueDate": "/Date(1794528000000+0000)/",
        "Status": "AUTHORISED",
        "UpdatedDateUTC": "/Date(1794564187340+0000)/",
        "CurrencyCode": "GBP",
    }
    return {name: value for name, value in (plain | changed).items() if value is not ...}


def a_contact(**changed: Any) -> dict[str, Any]:
    plain = {
        "ContactID": WHO,
        "ContactStatus": "ACTIVE",
        "Name": "Quayside Books",
        "EmailAddress": "books@example.com",
        "UpdatedDateUTC": "/Date(1792636000270+0000)/",
        "ContactPersons": [
            {"FirstName": "Mia", "EmailAddress": "mia@example.com", "IncludeInEmails": True},
            {"FirstName": "Jo", "EmailAddress": "jo@example.com", "IncludeInEmails": False},
        ],
    }
    return {name: value for name, value in (plain | changed).items() if value is not ...}


def page(name: str, *records: Any, **envelope: Any) -> bytes:
    plain = {"Id": "f2b1", "Status": "OK", "DateTimeUTC": "/Date(1795312801456)/"}
    return written(plain | envelope | {name: list(records)}).encode()


def read_one(**changed: Any) -> dict[str, Any]:
    found = wire.read_invoices(page("Invoices", an_invoice(**changed)))
    assert found.set_aside == []
    [row] = found.rows
    return row


def reason(**changed: Any) -> str:
    found = wire.read_invoices(page("Invoices", an_invoice(**changed)))
    assert found.rows == []
    [record] = found.set_aside
    return record.reason


def test_an_invoice_is_read_whole() -> None:
    assert read_one() == {
        "invoice_id": UUID(ID),
        "number": "INV-2041",
        "reference": "PO 8817",
        "contact_id": UUID(WHO),
        "contact_name": "Quayside Books",
        "status": "AUTHORISED",
        "currency": "GBP",
        "total": Decimal("1200.00"),
        "amount_due": Decimal("720.00"),
        "amount_paid": Decimal("480.00"),
        "amount_credited": Decimal("0.00"),
        "issued_on": date(2026, 10, 14),
        "due_on": date(2026, 11, 13),
        "fully_paid_on": None,
        "expected_payment_on": None,
        "updated_at": datetime(2026, 11, 13, 10, 3, 7, 340_000, tzinfo=UTC),
    }


def test_a_contact_is_read_with_those_of_its_people_who_want_mail() -> None:
    [row] = wire.read_contacts(page("Contacts", a_contact())).rows
    assert row == {
        "contact_id": UUID(WHO),
        "name": "Quayside Books",
        "email": "books@example.com",
        "people": ["mia@example.com"],
        "status": "ACTIVE",
        "updated_at": datetime(2026, 10, 22, 2, 26, 40, 270_000, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    ("told", "means"),
    [
        ("/Date(0+0000)/", datetime(1970, 1, 1, tzinfo=UTC)),
        ("/Date(1539993600000)/", datetime(2018, 10, 20, tzinfo=UTC)),
        ("/Date(-1000+0000)/", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("/Date(-62135596800000+0000)/", datetime(1, 1, 1, tzinfo=UTC)),
        ("/Date(253402300799999+0000)/", datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
        ("/Date(1539993600000+1300)/", datetime(2018, 10, 20, tzinfo=UTC)),
        ("/Date(1539993600000-0500)/", datetime(2018, 10, 20, tzinfo=UTC)),
        (None, None),
        ("", None),
    ],
)
def test_a_date_is_milliseconds_in_utc_whatever_offset_decorates_it(told: str | None, means: datetime | None) -> None:
    assert wire.moment(told) == means


@pytest.mark.parametrize(
    "told",
    [
        "2026-11-15",
        "/Date()/",
        "/Date(12x)/",
        "Date(0)",
        "/Date(99999999999999999+0000)/",
        "/Date(-99999999999999999)/",
    ],
)
def test_a_date_of_another_kind_is_not_guessed_at(told: str) -> None:
    with pytest.raises(wire.NotUnderstood):
        wire.moment(told)


@given(st.datetimes().map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)))
def test_every_moment_of_the_calendar_comes_back(moment: datetime) -> None:
    milliseconds = (moment - wire.EPOCH) // timedelta(milliseconds=1)
    assert wire.moment(f"/Date({milliseconds}+0000)/") == moment


@given(st.dates())
def test_a_calendar_date_is_the_day_in_utc(day: date) -> None:
    milliseconds = (datetime(day.year, day.month, day.day, tzinfo=UTC) - wire.EPOCH) // timedelta(milliseconds=1)
    assert wire.day(f"/Date({milliseconds}+0000)/") == day


@given(st.decimals(min_value=-(10**14) + 1, max_value=10**14 - 1, places=4))
def test_amounts_are_exact_to_the_last_digit(amount: Decimal) -> None:
    assert read_one(AmountDue=Bare(f"{amount:f}"))["amount_due"] == amount


@pytest.mark.parametrize("amount", ["0.00001", "100000000000000", "1e400", "1e-400"])
def test_an_amount_that_cannot_be_kept_exactly_is_not_kept_at_all(amount: str) -> None:
    assert "amount" in reason(AmountDue=Bare(amount))


@pytest.mark.parametrize("field", ["Status", "ContactStatus"])
def test_a_status_of_tomorrow_is_kept_as_it_is(field: str) -> None:
    if field == "Status":
        assert read_one(Status="FROZEN")["status"] == "FROZEN"
    else:
        [row] = wire.read_contacts(page("Contacts", a_contact(ContactStatus="GDPRREQUEST"))).rows
        assert row["status"] == "GDPRREQUEST"


def test_fields_nobody_knows_yet_are_passed_over() -> None:
    assert read_one(RoundingAmount=Bare("0.10"), Novelty={"a": [1]}) == read_one()


def test_an_invoice_may_lack_whatever_is_not_needed_to_know_what_is_owed() -> None:
    row = read_one(
        InvoiceNumber=..., Reference=..., Contact=..., Date=..., DueDate=..., AmountPaid=..., AmountCredited=...
    )
    assert (row["number"], row["contact_id"], row["due_on"], row["amount_paid"]) == ("", None, None, Decimal(0))


@pytest.mark.parametrize(
    "field", ["InvoiceID", "Type", "Status", "AmountDue", "Total", "CurrencyCode", "UpdatedDateUTC"]
)
def test_a_record_without_what_is_needed_is_set_aside_and_says_what_is_missing(field: str) -> None:
    assert reason(**{field: ...}) == f"Xero left out {field}"


@pytest.mark.parametrize(
    "odd",
    [
        {"AmountDue": "much"},
        {"AmountDue": None},
        {"CurrencyCode": "£"},
        {"CurrencyCode": "gbp"},
        {"DueDate": "next week"},
        {"UpdatedDateUTC": ""},
        {"InvoiceID": "INV-1"},
        {"InvoiceNumber": 7},
        {"Contact": {"ContactID": "Quayside"}},
        {"Contact": []},
    ],
)
def test_one_record_that_cannot_be_read_does_not_spoil_its_page(odd: dict[str, Any]) -> None:
    good = [an_invoice(InvoiceID=ID.replace("7a", f"{index:02x}")) for index in range(3)]
    found = wire.read_invoices(page("Invoices", good[0], an_invoice(**odd), *good[1:]))
    assert len(found.rows) == 3
    assert (len(found.set_aside), found.length) == (1, 4)


@pytest.mark.parametrize("record", [None, 5, "text", [], {}])
def test_what_is_no_record_at_all_is_set_aside_too(record: Any) -> None:
    found = wire.read_invoices(page("Invoices", record, an_invoice()))
    assert len(found.rows) == 1
    assert found.set_aside[0].record == "without an id"


SECRET = "Herr Müller owes 4711"


@pytest.mark.parametrize(
    "field", ["AmountDue", "CurrencyCode", "DueDate", "UpdatedDateUTC", "Date", "Total", "InvoiceID", "Contact"]
)
def test_the_reason_tells_nothing_of_what_the_record_holds(field: str) -> None:
    assert SECRET not in reason(**{field: SECRET})


def test_a_record_set_aside_is_called_by_its_id_and_number() -> None:
    [record] = wire.read_invoices(page("Invoices", an_invoice(InvoiceID=ID.upper(), Total="x"))).set_aside
    assert (record.record, record.label) == (ID, "INV-2041")


def test_bills_are_passed_over_without_a_word() -> None:
    found = wire.read_invoices(page("Invoices", an_invoice(Type="ACCPAY"), an_invoice(Type="NOVELTY")))
    assert (found.rows, found.set_aside, found.length) == ([], [], 2)


def test_a_page_knows_xeros_clock_and_how_many_there_are() -> None:
    found = wire.read_invoices(
        page("Invoices", pagination={"page": 1, "pageSize": 1000, "pageCount": 7, "itemCount": 1})
    )
    assert found.pages == 7
    assert found.told_at == datetime(2026, 11, 22, 2, 0, 1, 456_000, tzinfo=UTC)


def test_an_answer_may_come_without_clock_and_page_count() -> None:
    found = wire.read_invoices(page("Invoices", an_invoice(), DateTimeUTC="now"))
    assert (found.told_at, found.pages, found.items) == (None, None, None)


GARBAGE = [
    b"",
    b"null",
    b"[]",
    b"true",
    b"{}",
    b"<!doctype html><html></html>",
    b'<?xml version="1.0"?><Response/>',
    b'{"Status": "OK"}',
    b'{"Invoices": null}',
    b'{"Invoices": {}}',
    b'{"Invoices": [',
    b"\xff\xfe",
    b'{"Invoices": [], "pagination": {"pageCount": "many"}}',
]


@pytest.mark.parametrize("body", GARBAGE)
def test_a_200_that_is_no_answer_is_said_to_be_unreadable(body: bytes) -> None:
    with pytest.raises(XeroUnreadable):
        wire.read_invoices(body)


@given(st.binary())
def test_no_bytes_whatever_break_the_reader(body: bytes) -> None:
    with pytest.raises(XeroUnreadable):
        wire.read_contacts(body)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*an_invoice(), "FullyPaidOnDate"]), anything, max_size=4))
def test_no_field_however_odd_breaks_the_page(odd: dict[str, Any]) -> None:
    found = wire.read_invoices(page("Invoices", an_invoice(**odd), an_invoice()))
    assert len(found.rows) + len(found.set_aside) in (1, 2)
    assert found.rows


def test_an_organisation_is_read() -> None:
    body = page(
        "Organisations", {"Name": "Acme", "BaseCurrency": "GBP", "Timezone": "UTC", "ShortCode": "!a", "Class": "ULTRA"}
    )
    found = wire.read_organisation(body)
    assert (found.name, found.base_currency, found.timezone, found.short_code) == ("Acme", "GBP", "UTC", "!a")


@pytest.mark.parametrize("body", [*GARBAGE, page("Organisations"), page("Organisations", {"BaseCurrency": "GBP"})])
def test_an_answer_without_the_organisation_is_unreadable(body: bytes) -> None:
    with pytest.raises(XeroUnreadable):
        wire.read_organisation(body)
