"""Reading a list that changes while it is read: nothing that stood still is missed."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.paging import Position
from core.walking import Walk, note
from core.xero.wire import Page

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
YEAR_AGO = START - timedelta(days=365)
PAGE = 3


class Ledger:
    """A list as Xero keeps it, three records a page: ordered by when they changed, then by id."""

    def __init__(self, stamps: list[float]) -> None:
        self.now = START
        self.records = {UUID(int=n + 1): YEAR_AGO + timedelta(seconds=s) for n, s in enumerate(stamps)}
        self.asked: list[Position] = []

    def touch(self, which: int) -> None:
        if self.records:
            self.records[sorted(self.records)[which % len(self.records)]] = self.now

    def remove(self, which: int) -> None:
        if self.records:
            del self.records[sorted(self.records)[which % len(self.records)]]

    def add(self) -> None:
        self.records[UUID(int=10_000 + len(self.asked))] = self.now

    def page(self, at: Position) -> Page:
        self.asked.append(at)
        order = sorted((moment, key) for key, moment in self.records.items())
        order = [(moment, key) for moment, key in order if at.since is None or moment > at.since]
        shown = order[(at.page - 1) * PAGE : at.page * PAGE]
        rows: list[dict[str, Any]] = [{"invoice_id": key, "updated_at": moment} for moment, key in shown]
        return Page(self.now, -(-len(order) // PAGE), len(order), rows, length=len(rows))


@dataclass
class Mark:
    """How far a reading has come, as a cursor keeps it."""

    follow_from: datetime | None = None
    reached: datetime | None = None
    again: bool = False


async def walked(walk: Walk, mark: Mark | None = None, *, stop_after: int | None = None) -> set[tuple[UUID, datetime]]:
    """What was seen; `mark` is moved over it."""
    seen: set[tuple[UUID, datetime]] = set()
    mark = mark or Mark()
    async with aclosing(walk.leaves()) as leaves:
        number = 0
        async for leaf in leaves:
            number += 1
            seen |= {(row["invoice_id"], row["updated_at"]) for row in leaf.page.rows}
            note(mark, leaf, began=walk.began)
            if number == stop_after:
                break
    return seen


def start_of(ledger: Ledger, change: Any = None, mark: Mark | None = None) -> Walk:
    async def fetch(at: Position) -> Page:
        page = ledger.page(at)
        if change:
            change()
        return page

    return Walk(fetch, Position(None), mark or Mark())


async def test_a_list_at_rest_takes_no_more_calls_than_it_has_pages() -> None:
    ledger = Ledger([n // 2 for n in range(30)])
    seen = await walked(start_of(ledger))
    assert len(seen) == 30
    assert [at.page for at in ledger.asked] == list(range(1, 11))


async def test_an_empty_list_takes_one_call() -> None:
    ledger = Ledger([])
    assert await walked(start_of(ledger)) == set()
    assert len(ledger.asked) == 1


async def test_the_next_page_is_asked_for_while_this_one_is_stored() -> None:
    ledger = Ledger([float(n) for n in range(9)])
    walk = start_of(ledger)
    async with aclosing(walk.leaves()) as leaves:
        await anext(leaves)
        await asyncio.sleep(0)
        assert [at.page for at in ledger.asked] == [1, 2, 3]


async def test_only_the_borders_in_doubt_are_gone_over_again() -> None:
    ledger = Ledger([float(10 * n) for n in range(300)])

    def pass_time() -> None:
        ledger.now += timedelta(seconds=60)
        if len(ledger.asked) == 50:
            ledger.touch(0)

    seen = await walked(start_of(ledger, pass_time))
    assert {key for key, _moment in seen} == set(ledger.records)
    assert len(ledger.asked) < 106


async def test_whoever_stops_early_leaves_nothing_running() -> None:
    ledger = Ledger([float(n) for n in range(30)])
    before = len(asyncio.all_tasks())
    await walked(start_of(ledger), stop_after=2)
    assert len(asyncio.all_tasks()) == before


async def test_what_goes_wrong_while_fetching_ahead_is_raised_when_that_page_is_due() -> None:
    ledger = Ledger([float(n) for n in range(9)])

    def fail() -> None:
        if len(ledger.asked) == 2:
            raise ConnectionResetError

    walk = start_of(ledger, fail)
    async with aclosing(walk.leaves()) as leaves:
        assert len((await anext(leaves)).page.rows) == PAGE
        with pytest.raises(ConnectionResetError):
            await anext(leaves)


acts = st.sampled_from(["touch", "touch", "remove", "add", "nothing"])
events = st.lists(st.tuples(acts, st.integers(0, 50), st.floats(0.01, 20)), max_size=25)


@settings(max_examples=150, deadline=None)
@given(
    stamps=st.lists(st.integers(0, 12).map(lambda n: n / 2), max_size=25),
    events=events,
    stop_after=st.none() | st.integers(1, 6),
)
async def test_no_record_that_stood_still_is_missed(
    stamps: list[float], events: list[tuple[str, int, float]], stop_after: int | None
) -> None:
    """However records change, come and go between any two answers, and wherever a restart falls."""
    ledger, waiting = Ledger(stamps), list(events)

    def happen() -> None:
        if waiting:
            act, which, seconds = waiting.pop(0)
            ledger.now += timedelta(seconds=seconds)
            if act in ("touch", "remove"):
                getattr(ledger, act)(which)
            elif act == "add":
                ledger.add()

    mark = Mark()
    seen = await walked(start_of(ledger, happen, mark), mark, stop_after=stop_after)
    began = mark.follow_from
    while stop_after is not None and stop_after > 1:
        stop_after -= 1
        seen |= await walked(start_of(ledger, happen, mark), mark, stop_after=stop_after + 2)
    seen |= await walked(start_of(ledger, happen, mark), mark)
    assert began is not None
    still = {(key, moment) for key, moment in ledger.records.items() if moment < began}
    assert still <= seen


@pytest.mark.parametrize("storing", [0.0, 0.002, 0.02])
async def test_pages_are_asked_for_in_their_order_however_long_others_are_worked_on(storing: float) -> None:
    ledger, line = Ledger([float(n) for n in range(30)]), asyncio.Lock()
    answered = 0

    async def fetch(at: Position) -> Page:
        nonlocal answered
        async with line:
            assert len(ledger.asked) == answered, "one is asked for when the one before it was answered"
            page = ledger.page(at)
            await asyncio.sleep(0.005)
            answered += 1
        await asyncio.sleep(0.003)
        return page

    async with aclosing(Walk(fetch, Position(None), Mark()).leaves()) as leaves:
        async for _leaf in leaves:
            await asyncio.sleep(storing)
    assert [at.page for at in ledger.asked] == list(range(1, 11))
