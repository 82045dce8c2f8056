"""Pages read column by column tell the same as row by row, or nothing at all."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import columns, layout
from core.errors import XeroUnreadable
from core.xero import wire
from tests.core.xero.test_wire import GARBAGE, Bare, an_invoice, page

IDS = ["7a1d3c52-5b0e-4c7e-9a66-0f6a2d1b8e01", "7A1D3C52-5B0E-4C7E-9A66-0F6A2D1B8E02"]
ODD_IDS = [
    "",
    "7a1d3c525b0e4c7e9a660f6a2d1b8e01",
    "{7a1d3c52-5b0e-4c7e-9a66-0f6a2d1b8e01}",
    "7a1d3c52-5b0e-4c7e-9a66-0f6a2d1b8e0",
    "7a1d3c52-5b0e-4c7e-9a66-0f6a2d1b8e0g",
    "7a1d3c52-5b0e-4c7e-9a66-0f6a2d1b8  1",
    "7a1d3c5-25b0e-4c7e-9a66-0f6a2d1b8e01",
    "7a1d3c52-5b0e-4c7e-9a66-0f6a2d1b8e0१",
]
AMOUNTS = ["0.00", "-0.00", "720.00", "-12.34", "999999999999.99", "0.01"]
ODD_AMOUNTS = ["7", "7.5", "7.123", "1e2", "7.00001", "99999999999999999.00", '"7.00"', "null", "true"]
DATES = ["/Date(1791936000000+0000)/", "/Date(0)/", "/Date(1794564187340+1300)/", "/Date(253402214400000)/"]
ODD_DATES = [
    "",
    "/Date(-1)/",
    "/Date(999999999999999)/",
    "2026-11-30",
    "/Date(1)/\n/Date(2)/",
    "x\n/Date(1)/",
    "/Date(१)/",
]

words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
sound = st.fixed_dictionaries(
    {"InvoiceID": st.uuids().map(str) | st.sampled_from(IDS)},
    optional={
        **dict.fromkeys(("AmountDue", "Total", "AmountPaid", "AmountCredited"), st.sampled_from(AMOUNTS).map(Bare)),
        **dict.fromkeys(("Date", "DueDate", "FullyPaidOnDate", "UpdatedDateUTC"), st.sampled_from(DATES)),
        "Status": st.sampled_from(["AUTHORISED", "PAID", "VOIDED", "DELETED"]),
        "CurrencyCode": st.sampled_from(["GBP", "USD"]),
        "InvoiceNumber": words,
        "Reference": st.none() | words,
        "Contact": st.sampled_from(IDS).map(lambda id: {"ContactID": id, "Name": "Quayside Books"}),
    },
)
odd = st.fixed_dictionaries(
    {},
    optional={
        "InvoiceID": st.sampled_from(ODD_IDS),
        **dict.fromkeys(("AmountDue", "Total", "AmountPaid"), st.sampled_from(ODD_AMOUNTS).map(Bare)),
        **dict.fromkeys(("Date", "DueDate", "UpdatedDateUTC"), st.sampled_from(ODD_DATES) | st.none()),
        "Type": st.sampled_from(["ACCPAY", ""]),
        "CurrencyCode": st.sampled_from(["", "gbp", "EURO"]),
        "Contact": st.sampled_from([None, {}, {"ContactID": ""}, {"ContactID": IDS[0], "Name": None}]),
    },
)


def body_of(invoices: list[dict[str, Any]]) -> bytes:
    return page("Invoices", *(an_invoice(**each) for each in invoices), pagination={"pageCount": 3, "itemCount": 2_345})


def told_by(found: wire.Page) -> tuple[Any, ...]:
    return (found.told_at, found.pages, found.items, found.length)


@given(st.lists(sound, min_size=1, max_size=5, unique_by=lambda each: each["InvoiceID"].lower()))
def test_what_xero_writes_every_day_is_read_by_columns_and_means_the_same(invoices: list[dict[str, Any]]) -> None:
    body = body_of(invoices)
    found, laid = columns.read(body)
    careful = wire.read_invoices(body)
    assert laid == layout.by_rows(careful)
    assert told_by(found) == told_by(careful)


@given(st.lists(st.tuples(sound, odd).map(lambda two: two[0] | two[1]), max_size=4))
def test_what_is_odd_means_the_same_or_is_left_to_the_careful_way(invoices: list[dict[str, Any]]) -> None:
    body = body_of(invoices)
    try:
        _found, laid = columns.read(body)
    except columns.Odd:
        return
    assert laid == layout.by_rows(wire.read_invoices(body))


@pytest.mark.parametrize("body", GARBAGE)
def test_what_is_no_answer_is_left_to_the_careful_way(body: bytes) -> None:
    with pytest.raises(columns.Odd):
        columns.read(body)
    with pytest.raises(XeroUnreadable):
        layout.lay_out(body)


def test_an_invoice_that_comes_twice_is_left_to_the_careful_way() -> None:
    with pytest.raises(columns.Odd):
        columns.read(body_of([{}, {}]))


@pytest.mark.parametrize("name", ["InvoiceNumber", "Reference", "Status"])
def test_a_text_with_nul_is_laid_out_without_it(name: str) -> None:
    laid = layout.lay_out(body_of([{name: "a\0b"}]))
    assert laid.columns[name.removeprefix("Invoice").lower()] == ["a\ufffdb"]
