"""Where to read on in Xero's lists, held against a small model of them."""

from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from core.paging import Position, onward
from core.reading import OVERLAP, advance
from core.walking import Walk
from core.xero.wire import Page
from storage.mirror_models import Cursor
from storage.models import Resource

T0 = datetime(2026, 11, 20, 12, tzinfo=UTC)


def stamps(*seconds: float) -> list[datetime]:
    return [T0 + timedelta(seconds=second) for second in seconds]


def test_after_a_full_page_reading_goes_on_from_its_last_second() -> None:
    assert onward(Position(None), stamps(0, 3, 7.5), last=False) == Position(T0 + timedelta(seconds=6))


def test_within_one_second_reading_goes_on_by_page_number() -> None:
    assert onward(Position(T0, 2), stamps(5.1, 5.2, 5.9), last=False) == Position(T0, 3)


def test_a_page_over_two_seconds_that_begins_where_we_asked_does_not_bring_the_same_page_for_ever() -> None:
    assert onward(Position(T0), stamps(0.5, 0.6, 1.2), last=False) == Position(T0, 2)


def test_a_page_without_any_moment_is_left_by_page_number() -> None:
    assert onward(Position(T0, 4), [], last=False) == Position(T0, 5)


def test_pages_read_by_number_are_read_once_more_backwards() -> None:
    back = onward(Position(T0, 3), stamps(0.5, 9), last=False)
    assert back == Position(T0, 2, back=True, then=T0 + timedelta(seconds=8))
    assert back is not None
    again = onward(back, stamps(0.5), last=False)
    assert again == Position(T0, 1, back=True, then=T0 + timedelta(seconds=8))
    assert again is not None
    assert onward(again, stamps(0.5), last=True) == Position(T0 + timedelta(seconds=8))


def test_after_the_last_page_there_is_nothing_more() -> None:
    assert onward(Position(T0), stamps(1, 2), last=True) is None
    assert onward(Position(T0), [], last=True) is None


@dataclass
class Model:
    """Xero's list in small: records ordered by stamp and id, asked by whole seconds, strictly later, page by page."""

    stamps: dict[int, int]
    """Milliseconds since T0 by record."""
    now: int
    size: int

    def page(self, at: Position) -> tuple[list[tuple[int, int]], bool]:
        """The page's records with their stamps, and whether it is the last one."""
        since = None if at.since is None else int((at.since - T0) / timedelta(milliseconds=1)) // 1000 * 1000
        chosen = sorted((ms, record) for record, ms in self.stamps.items() if since is None or ms > since)
        start = (at.page - 1) * self.size
        page = [(record, ms) for ms, record in chosen[start : start + self.size]]
        return page, len(page) < self.size or at.page * self.size >= len(chosen)

    def touch(self, record: int) -> None:
        """Somebody changes the record, or makes it, now."""
        self.now += 3
        self.stamps[record] = self.now


@st.composite
def lists(draw: st.DrawFn) -> Model:
    """Crowded ones above all: many records in few seconds, few to a page."""
    spread = draw(st.sampled_from([1, 900, 2500, 60_000]))
    made = draw(st.lists(st.integers(0, spread), min_size=0, max_size=40))
    return Model(
        dict(enumerate(made)), now=spread + draw(st.sampled_from([0, 5000, 10**6])), size=draw(st.integers(1, 7))
    )


async def read(model: Model, touched: list[list[int]], cursor: Cursor, *, pages: int | None = None) -> dict[int, int]:
    """Read as core.reading does, at most `pages` pages; while each page is fetched some records are touched."""
    seen: dict[int, int] = {}
    turned = 0

    async def fetch(at: Position) -> Page:
        nonlocal turned
        found, last = model.page(at)
        told_at = T0 + timedelta(milliseconds=model.now)
        for record in touched[turned] if turned < len(touched) else []:
            model.touch(record)
        turned += 1
        assert turned < 2000, "reading never ends"
        rows: list[dict[str, Any]] = [
            {"record": record, "updated_at": T0 + timedelta(milliseconds=ms)} for record, ms in found
        ]
        return Page(told_at, at.page if last else at.page + 1, None, rows, length=len(rows))

    walk = Walk(fetch, Position(None if cursor.since is None else cursor.since - OVERLAP), cursor)
    stored = 0
    async with aclosing(walk.leaves()) as leaves:
        async for leaf in leaves:
            for row in leaf.page.rows:
                seen[row["record"]] = round((row["updated_at"] - T0) / timedelta(milliseconds=1))
            advance(cursor, leaf, began=walk.began)
            stored += 1
            if stored == pages:
                break
    return seen


def a_cursor() -> Cursor:
    return Cursor(workspace_id=UUID(int=1), connection_id=UUID(int=2), resource=Resource.INVOICES, filling=False)


touches = st.lists(st.lists(st.integers(0, 45), max_size=8), max_size=12)


@given(lists(), touches)
async def test_whatever_changes_while_pages_are_read_no_record_is_missed(
    model: Model, touched: list[list[int]]
) -> None:
    there, began = set(model.stamps), model.now
    cursor = a_cursor()
    seen = await read(model, touched, cursor)
    assert all(model.stamps[missed] > began for missed in there - set(seen)), "but what changed too late for it"
    seen |= await read(model, [], cursor)
    assert seen == model.stamps, "which the next reading sees"


@given(lists(), touches, st.integers(1, 12))
async def test_a_reading_that_breaks_off_after_any_page_is_taken_up_without_a_gap(
    model: Model, touched: list[list[int]], pages: int
) -> None:
    cursor = a_cursor()
    seen = await read(model, touched, cursor, pages=pages)
    model.now += 10**7
    seen |= await read(model, touched[pages:], cursor)
    seen |= await read(model, [], cursor)
    assert seen == model.stamps


@given(lists())
def test_a_list_at_rest_is_read_with_few_pages_too_many(model: Model) -> None:
    """Pages overlap by a second, and those read by number are read twice: never more than that."""
    turned = 0
    at: Position | None = Position(None)
    while at is not None:
        page, last = model.page(at)
        at = onward(at, [T0 + timedelta(milliseconds=ms) for _record, ms in page], last=last)
        turned += 1
        assert turned <= 4 * (len(model.stamps) + 1)
