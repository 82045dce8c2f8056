"""Ledgers: a CSV played back on the clock, and generated ones."""

import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.xero import LedgerError, big_ledger, demo_ledger, load_receivables
from tests.sandbox.xero.visitor import Visitor, numbers

BESIDE = Path(__file__).parents[4] / "shared" / "data" / "ibm_accounts_receivable_part_a.csv"
RECEIVABLES = Path(os.environ.get("SOLIDO_RECEIVABLES") or BESIDE)
HEAD = "customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,Disputed,SettledDate\n"
needs_receivables = pytest.mark.skipif(
    not RECEIVABLES.exists(), reason=f"no ledger at {RECEIVABLES}; set SOLIDO_RECEIVABLES to one"
)


def a_file(folder: Path, *lines: str, head: str = HEAD) -> Path:
    path = folder / "ledger.csv"
    path.write_text(head + "".join(line + "\n" for line in lines))
    return path


@needs_receivables
async def test_on_30_june_2013_the_real_ledger_has_29_open_invoices():
    visitor = Visitor()
    visitor.clock.now = datetime(2013, 6, 30, 9, tzinfo=UTC)
    books = load_receivables(visitor.xero, RECEIVABLES)
    outstanding = books.outstanding()
    assert len(outstanding) == 29
    assert sum(each.due for each in outstanding) == Decimal("1721.94")
    assert len({each.contact.id for each in outstanding}) == 19
    assert sum(each.due_on < date(2013, 6, 30) for each in outstanding) == 6


@needs_receivables
async def test_the_real_ledger_reads_the_same_over_http_and_moves_on_with_the_clock():
    visitor = Visitor(access_token_seconds=10**9)
    visitor.clock.now = datetime(2013, 6, 30, 9, tzinfo=UTC)
    books = load_receivables(visitor.xero, RECEIVABLES)
    await visitor.connect(books)
    visitor.acme = books
    query = {"where": 'Type=="ACCREC" AND AmountDue>0', "Statuses": "AUTHORISED", "pageSize": "1000"}
    found = await visitor.invoices(query)
    assert sum(each["AmountDue"] for each in found) == Decimal("1721.94")
    visitor.clock.now = datetime(2030, 1, 1, tzinfo=UTC)
    assert await visitor.invoices(query) == []


async def test_a_settled_invoice_counts_as_paid_on_its_settled_day(tmp_path):
    visitor = Visitor(access_token_seconds=10**9)
    path = a_file(tmp_path, "C-1,100,11/1/2026,12/1/2026,94.5,No,11/25/2026", "C-1,101,11/23/2026,12/1/2026,5,Yes,")
    books = load_receivables(visitor.xero, path, organisation="From a file")
    assert [each.number for each in books.outstanding()] == ["100"]
    visitor.clock.now = datetime(2026, 11, 24, 23, 59, tzinfo=UTC)
    assert [each.number for each in books.outstanding()] == ["100", "101"]
    visitor.clock.now = datetime(2026, 11, 25, tzinfo=UTC)
    assert [each.number for each in books.outstanding()] == ["101"]
    await visitor.connect(books)
    visitor.acme = books
    found = await visitor.invoices()
    assert numbers(found) == ["101", "100"]
    assert found[1]["UpdatedDateUTCString"] == "2026-11-25T00:00:00Z"
    [contact] = await visitor.contacts()
    assert contact["EmailAddress"] == "accounts@c-1.example.com"


async def test_what_was_settled_by_hand_is_not_settled_again(tmp_path):
    visitor = Visitor()
    path = a_file(tmp_path, "C,1,11/1/2026,12/1/2026,10,No,11/25/2026", "C,2,11/1/2026,12/1/2026,0,No,11/25/2026")
    books = load_receivables(visitor.xero, path)
    [invoice] = books.outstanding()
    books.void(invoice)
    visitor.clock.forward(days=30)
    books.settle()
    assert invoice.status == "VOIDED"


async def test_the_same_file_gives_the_same_ids(tmp_path):
    path = a_file(tmp_path, "C-1,100,1/1/2026,2/1/2026,94.5,No,")
    first, second = (load_receivables(Visitor().xero, path).outstanding()[0] for _ in range(2))
    assert (first.id, first.contact.id) == (second.id, second.contact.id)


async def test_as_of_leaves_out_what_comes_later(tmp_path):
    path = a_file(tmp_path, "C,1,1/1/2026,2/1/2026,10,No,3/1/2026", "C,2,4/1/2026,5/1/2026,20,No,")
    books = load_receivables(Visitor().xero, path, as_of=date(2026, 2, 1))
    assert [each.number for each in books.outstanding()] == ["1"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("C,1,31/1/2026,2/1/2026,10,No,", "Line 2, column InvoiceDate: '31/1/2026' is no date like 2/28/2013."),
        ("C,1,1/1/2026,,10,No,", "Line 2, column DueDate: there is nothing in it."),
        ("C,1,1/1/2026,2/1/2026,ten,No,", "Line 2, column InvoiceAmount: 'ten' is no amount like 94.50."),
        ("C,1,1/1/2026,2/1/2026,NaN,No,", "Line 2, column InvoiceAmount: 'NaN' is no amount like 94.50."),
        ("C", "Line 2, column invoiceNumber: there is nothing in it."),
    ],
)
async def test_a_bad_cell_is_named_by_line_and_column(tmp_path, line, said):
    with pytest.raises(LedgerError) as refused:
        load_receivables(Visitor().xero, a_file(tmp_path, line))
    assert str(refused.value) == said


async def test_a_bad_file_adds_no_organisation(tmp_path):
    visitor = Visitor()
    for path in (tmp_path / "absent.csv", tmp_path, a_file(tmp_path, "x", head="a,b\n")):
        with pytest.raises(LedgerError):
            load_receivables(visitor.xero, path)
    assert [each.name for each in visitor.xero.organisations] == ["Acme"]


async def test_an_invoice_number_may_appear_once(tmp_path):
    line = "C,1,1/1/2026,2/1/2026,10,No,"
    with pytest.raises(LedgerError, match="Line 3, column invoiceNumber: '1' appears a second time"):
        load_receivables(Visitor().xero, a_file(tmp_path, line, line))


async def test_the_demo_has_every_state_two_organisations_and_odd_records():
    visitor = Visitor()
    harbour, star = demo_ledger(visitor.xero)
    assert (harbour.name, star.name) == ("Harbour Lane Ltd", "Southern Star Traders")
    assert (star.base_currency, star.timezone) == ("NZD", "NEWZEALANDSTANDARDTIME")
    states = {each.status for each in harbour.invoices}
    assert states == {"DRAFT", "AUTHORISED", "PAID", "VOIDED", "DELETED"}
    assert {each.currency for each in star.invoices} == {"NZD", "AUD"}
    assert any(each.paid and each.due for each in harbour.invoices)
    assert any(each.credited for each in harbour.invoices)
    assert {"Smith & Sons <b>", "<!channel>"} <= {each.name for each in harbour.contacts}
    assert any(not each.email for each in harbour.contacts)
    assert any(each.total <= 0 for each in harbour.invoices)
    assert any(each.due_on is None for each in harbour.invoices)
    addresses = [part for each in (*harbour.contacts, *star.contacts) for part in each.email.split("; ") if part]
    assert all(address.endswith("@example.com") for address in addresses)


async def test_the_demo_is_the_same_for_the_same_seed():
    first, second, other = (demo_ledger(Visitor().xero, seed=seed)[0] for seed in (1, 1, 2))
    assert [each.total for each in first.invoices] == [each.total for each in second.invoices]
    assert [each.total for each in first.invoices] != [each.total for each in other.invoices]


async def test_a_big_ledger_pages_completely():
    visitor = Visitor()
    books = big_ledger(visitor.xero, 2500, 50)
    await visitor.connect(books)
    visitor.acme = books
    query = {"summaryOnly": "true", "pageSize": "1000"}
    found = [each for page in "123" for each in await visitor.invoices(query | {"page": page})]
    assert len({each["InvoiceID"] for each in found}) == 2500
