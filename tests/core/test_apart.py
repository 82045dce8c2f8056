"""Pages read beside the process: the same as read here, whatever comes, and whatever becomes of who reads them."""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from core import apart, layout, reading
from core.apart import Apart, LaidOut, Read
from core.changes import newest_of_each
from core.counting import outstanding_in
from core.errors import XeroUnreadable
from core.xero import queries, wire
from core.xero.answers import unpacked
from storage.mirror_models import Invoice
from storage.upserts import turner
from tests.core.house import House, owing
from tests.core.xero.test_wire import GARBAGE, an_invoice, anything, page

ONE, OTHER = "7a1d3c52-5b0e-4c7e-9a66-0f6a2d1b8e01", "7a1d3c52-5b0e-4c7e-9a66-0f6a2d1b8e02"
A_PAGE = page("Invoices", an_invoice(), an_invoice(InvoiceID=OTHER))
FIRST = page("Invoices", an_invoice(), pagination={"pageCount": 2})


@pytest.fixture(autouse=True)
def every_page_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "WORTHWHILE", 0)


@pytest.fixture
async def beside() -> AsyncIterator[Apart]:
    it = Apart()
    yield it
    assert it._beside.process is None  # nobody left one behind


@asynccontextmanager
async def reading_on(beside: Apart) -> AsyncIterator[Read]:
    """The first page has been read: those that follow are read beside."""
    async with beside.open() as read:
        await read(FIRST)
        yield read


def test_the_columns_are_those_of_the_table() -> None:
    row = wire.read_invoices(A_PAGE).rows[0]
    assert set(row) | {"workspace_id", "connection_id", "confirmed_by"} == set(Invoice.model_fields)


records = st.dictionaries(
    st.sampled_from([*an_invoice(), "FullyPaidOnDate", "ExpectedPaymentDate"]), anything, max_size=2
)


@given(st.lists(records, max_size=4), st.sampled_from([ONE, OTHER]))
def test_whatever_a_page_holds_it_is_laid_out_as_the_database_would_have_turned_it(odd: list[Any], id: str) -> None:
    body = page("Invoices", *(an_invoice(**each) for each in odd), an_invoice(InvoiceID=id))
    plain, laid = wire.read_invoices(body), layout.lay_out(body)
    rows = newest_of_each(plain.rows, "invoice_id")
    for name, values in laid.columns.items():
        turn = turner(Invoice.__table__.c[name].type, sqlite.dialect())  # type: ignore[attr-defined]
        assert values == [turn(row[name]) if turn else row[name] for row in rows], name
    assert laid.ids == [str(row["invoice_id"]) for row in rows]
    assert laid.held == outstanding_in(rows)
    assert laid.moments == plain.moments


async def test_who_reads_beside_tells_the_same_of_a_page(beside: Apart) -> None:
    body = page("Invoices", an_invoice(), an_invoice(InvoiceID="?"), pagination={"pageCount": 7, "itemCount": 6_001})
    plain = wire.read_invoices(body)
    async with reading_on(beside) as read:
        found = await read(body)
    assert isinstance(found, LaidOut)
    same = ("told_at", "pages", "items", "length", "set_aside", "moments")
    assert [getattr(found, name) for name in same] == [getattr(plain, name) for name in same]


@pytest.mark.parametrize("body", GARBAGE)
async def test_what_is_no_answer_is_said_to_be_unreadable_and_the_next_page_is_read(beside: Apart, body: bytes) -> None:
    async with reading_on(beside) as read:
        with pytest.raises(XeroUnreadable):
            await read(body)
        assert isinstance(await read(A_PAGE), LaidOut)


async def test_a_small_page_starts_nothing(beside: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "WORTHWHILE", len(A_PAGE) + 1)
    async with beside.open() as read:
        assert len((await read(A_PAGE)).rows) == 2
        assert beside._beside.process is None


async def test_a_page_by_itself_is_laid_out_here_and_starts_nothing(beside: Apart) -> None:
    async with beside.open() as read:
        assert isinstance(await read(A_PAGE), LaidOut)
        assert not beside._beside.used


async def test_the_first_of_several_is_laid_out_here_while_the_process_starts(beside: Apart) -> None:
    async with beside.open() as read:
        assert isinstance(await read(FIRST), LaidOut)
        assert beside._beside.used
        assert isinstance(await read(A_PAGE), LaidOut)
        assert beside._beside.process is not None


async def test_one_process_serves_all_who_read_at_once_and_each_has_its_own_page(beside: Apart) -> None:
    async def numbers(count: int) -> list[str | int | None]:
        async with reading_on(beside) as read:
            found = await read(page("Invoices", *(an_invoice(InvoiceID=str(UUID(int=n))) for n in range(count))))
        assert isinstance(found, LaidOut)
        return found.layout.columns["invoice_id"]

    async with beside.open():
        found = await asyncio.gather(*map(numbers, range(1, 9)))
    assert [len(each) for each in found] == list(range(1, 9))


async def test_where_it_is_killed_the_page_is_read_here_and_the_next_one_by_another(beside: Apart) -> None:
    async with reading_on(beside) as read:
        await read(A_PAGE)
        assert beside._beside.process is not None
        beside._beside.process.kill()
        beside._beside.process.wait()
        here = await read(A_PAGE)
        assert not isinstance(here, LaidOut)
        assert len(here.rows) == 2
        assert isinstance(await read(A_PAGE), LaidOut)


async def test_where_it_does_not_answer_in_time_the_page_is_read_here(
    beside: Apart, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with reading_on(beside) as read:
        await read(A_PAGE)
        assert beside._beside.process is not None
        os.kill(beside._beside.process.pid, signal.SIGSTOP)
        monkeypatch.setattr(apart, "ANSWER_SECONDS", 0.05)
        assert len((await read(A_PAGE)).rows) == 2


@pytest.mark.parametrize("garbage", ["b'?' * 100", "b'\\0' * 7 + b'\\3abc'"])
async def test_where_it_answers_garbage_the_page_is_read_here(
    beside: Apart, monkeypatch: pytest.MonkeyPatch, garbage: str
) -> None:
    monkeypatch.setattr(apart, "ANSWER_SECONDS", 2)
    script = f"import sys; sys.stdout.buffer.write({garbage}); sys.stdout.flush(); sys.stdin.read()"
    command = [sys.executable, "-c", script]
    monkeypatch.setattr(
        apart, "_started", lambda: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    )
    async with reading_on(beside) as read:
        assert len((await read(A_PAGE)).rows) == 2


async def test_an_answer_nobody_waits_for_is_not_taken_for_the_next_one(beside: Apart) -> None:
    async with reading_on(beside) as read:
        await read(A_PAGE)
        for pause in (0.0, 0.001, 0.01):
            given_up = asyncio.create_task(read(A_PAGE * 1))
            await asyncio.sleep(pause)
            given_up.cancel()
            await asyncio.gather(given_up, return_exceptions=True)
            found = await read(page("Invoices", an_invoice(InvoiceNumber="NEXT")))
            assert isinstance(found, LaidOut)
            assert found.layout.columns["number"] == ["NEXT"]


async def test_it_ends_with_the_last_who_had_it_open(beside: Apart) -> None:
    async with reading_on(beside) as read:
        async with beside.open():
            await read(A_PAGE)
        process = beside._beside.process
        assert process is not None
        assert process.poll() is None
    assert process.wait(10) == -signal.SIGKILL


def test_it_ends_where_nobody_asks_any_more() -> None:
    answered = BytesIO()
    layout.serve(BytesIO(layout.with_length(A_PAGE)), answered)
    assert answered.getvalue()[layout.LENGTH :] == layout.answer(A_PAGE)


def test_it_does_not_outlive_who_started_it() -> None:
    script = (
        "import asyncio, os, signal\n"
        "from core import apart\n"
        "async def main():\n"
        "    apart.WORTHWHILE, it = 0, apart.Apart()\n"
        "    async with it.open() as read:\n"
        f"        await read({FIRST!r})\n"
        f"        await read({A_PAGE!r})\n"
        "        print(it._beside.process.pid, flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    pid = int(done.stdout)
    for _ in range(500):
        if not _alive(pid):
            return
        time.sleep(0.02)
    pytest.fail("it lives on")


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_needs_neither_database_nor_network() -> None:
    script = (
        "import sys, core.layout; print([n for n in ('sqlalchemy', 'httpx', 'asyncio', 'dbos') if n in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", script]).strip() == b"[]"


async def test_a_first_load_read_beside_fills_the_mirror_as_one_read_here(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (queries, reading):  # three pages, of which the first is laid out here
        monkeypatch.setattr(module, "PAGE_SIZE", 10)
    organisations = [house.xero.add_organisation(name) for name in ("Beside", "Here")]
    for organisation in organisations:
        for number in range(30):
            owing(organisation, f"INV-{number}", f"{number + 1}.25")
    house.pass_time(minutes=10)
    found = []
    for organisation, least in zip(organisations, (0, 10**9), strict=True):
        monkeypatch.setattr(apart, "WORTHWHILE", least)
        workspace = await house.synced(organisation)
        async with house.database.reading(workspace) as store:
            found.append(sorted(_told(invoice) for invoice in await store.invoices.everything()))
        run = await house.run(workspace)
        assert (run.state, run.added, run.page_count) == ("succeeded", 30, 3)
        assert '"agree":true' in (run.agreement or "")
    assert found[0] == found[1]


@pytest.mark.parametrize("odd", [{"CurrencyCode": "eur"}, {"Total": "1.00001"}, {"UpdatedDateUTC": None}])
async def test_a_first_load_of_which_nothing_is_understood_sets_it_all_aside(
    cottage: House, monkeypatch: pytest.MonkeyPatch, odd: dict[str, Any]
) -> None:
    organisation = cottage.xero.add_organisation("Odd")
    for number in range(3):
        owing(organisation, f"INV-{number}")
    cottage.pass_time(minutes=10)

    def oddly(body: bytes) -> bytes:
        found = wire.read_invoices(unpacked(body))
        return page("Invoices", *(an_invoice(**odd) for _ in range(found.length)), pagination={"pageCount": 1})

    async def laid_out(_beside: apart.Beside, body: bytes) -> layout.Layout:
        return layout.lay_out(body)

    monkeypatch.setattr(layout, "unpacked", oddly)
    monkeypatch.setattr(apart.Beside, "lay_out", laid_out)
    workspace = await cottage.synced(organisation)
    run = await cottage.run(workspace)
    assert (run.state, run.set_aside, run.error) == ("succeeded", 1, None)


def _told(invoice: Invoice) -> tuple[Any, ...]:
    return (invoice.number, invoice.amount_due, invoice.currency, invoice.due_on, invoice.contact_name, invoice.status)


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="pipes of other systems are as they are")
def test_a_page_goes_through_the_pipe_in_one_piece_where_the_system_lets_it() -> None:
    asked, answered = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
    with asked, answered:
        apart.widen(None, answered)
        assert fcntl.fcntl(answered, fcntl.F_GETPIPE_SZ) >= apart.PIPE_BYTES
    with Path(os.devnull).open("wb") as no_pipe:
        apart.widen(no_pipe)  # what cannot be widened is used as it is
