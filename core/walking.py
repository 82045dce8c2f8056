"""Reading a long list of Xero's page by page, in the order in which its records changed, while people change them.

The next page is fetched while the last one is stored. Pages are asked for by number, which costs no call more than
there are pages; but a record that changes meanwhile moves to the end of the list, or out of it, and pulls later ones
across page borders, where they are skipped. Every such change leaves a trace (the number of records sinks, or a record
turns up that changed after we began), and then the borders in question are gone over once more, moment by moment.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import NamedTuple

from core.changes import Position, onward, whole_second
from core.xero.wire import Page

PAGE_SIZE = 1000
"""Xero's largest."""
A_SECOND = timedelta(seconds=1)
SLACK = timedelta(seconds=5)
"""How far Xero's clocks may lie apart: that which stamps a record, and that which stamps an answer."""

Fetch = Callable[[Position], Awaitable[Page]]


class Leaf(NamedTuple):
    """One page. `sure`: nothing is known to have been skipped before it; `last`: the list has been read."""

    page: Page
    last: bool
    sure: bool


class Border(NamedTuple):
    """Between two pages: the last moment on the left one, when both were answered, and whether the list got shorter."""

    left: datetime | None
    told: tuple[datetime | None, datetime | None]
    shorter: bool


class Span(NamedTuple):
    """What to go over once more: from a position until past a moment (None: to the end)."""

    start: Position
    until: datetime | None


class Walk:
    """One reading. `began` is Xero's time when it began, perhaps in an earlier attempt that ended on the way."""

    def __init__(self, fetch: Fetch, start: Position, *, origin: Position, began: datetime | None) -> None:
        self._fetch = fetch
        self._start, self._origin = start, origin
        self.began = began
        self._resumed = began is not None
        self._borders: list[Border] = []
        self._movers: set[datetime] = set()

    @property
    def moved(self) -> bool:
        """Whether anything may have changed in the list while it was read."""
        return bool(self._borders) and (bool(self._movers) or any(border.shorter for border in self._borders))

    async def leaves(self) -> AsyncGenerator[Leaf, None]:
        """Raise what fetching raises. To be closed by whoever stops early."""
        async with aclosing(self._by_number()) as leaves:
            async for leaf in leaves:
                span = self._doubtful() if leaf.last else None
                yield leaf if span is None else Leaf(leaf.page, last=False, sure=False)
        if span is not None:
            async for leaf in self._by_moment(span):
                yield leaf

    def _doubtful(self) -> Span | None:
        """What the earlier attempt knew of its borders is lost: then everything is gone over once more."""
        if self._resumed and (self._movers or self.moved):
            return Span(self._origin, None)
        return doubtful(self._borders, self._movers, origin=self._origin)

    async def _by_number(self) -> AsyncGenerator[Leaf, None]:
        at, before = self._start, None
        ahead = asyncio.ensure_future(self._fetch(at))
        try:
            while True:
                page = await ahead
                self._note(before, page)
                at, before, last = Position(at.since, at.page + 1), page, is_last(page, at)
                if not last:
                    ahead = asyncio.ensure_future(self._fetch(at))
                yield Leaf(page, last, sure=not any(border.shorter for border in self._borders))
                if last:
                    return
        finally:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)

    async def _by_moment(self, span: Span) -> AsyncGenerator[Leaf, None]:
        at = span.start
        while True:
            page = await self._fetch(at)
            moments = moments_of(page)
            past = span.until is not None and bool(moments) and min(moments) > span.until
            last = past or is_last(page, at)
            yield Leaf(page, last, sure=last)
            if last:
                return
            at = onward(at, page.rows)

    def _note(self, before: Page | None, page: Page) -> None:
        """Keep what tells that the list has changed under us."""
        self.began = self.began or page.told_at
        if self.began is not None:
            self._movers |= {whole_second(each) for each in moments_of(page) if each > self.began - SLACK}
        if before is not None:
            shorter = before.items is not None and page.items is not None and page.items < before.items
            moments = moments_of(before)
            self._borders.append(Border(max(moments, default=None), (before.told_at, page.told_at), shorter))


def moments_of(page: Page) -> Sequence[datetime]:
    """When each record of the page last changed, in Xero's order."""
    return [row["updated_at"] for row in page.rows if row["updated_at"] is not None]


def is_last(page: Page, at: Position) -> bool:
    if page.pages is None:
        return page.length < PAGE_SIZE
    return not page.length or at.page >= page.pages


def doubtful(borders: Sequence[Border], movers: Collection[datetime], *, origin: Position) -> Span | None:
    """Return the stretch of the list in which records may have been skipped; it was read from `origin`."""
    suspects = [border for border in borders if border.shorter or crossed(border, movers)]
    if not suspects:
        return None
    first, last = suspects[0].left, suspects[-1].left
    return Span(origin if first is None else Position(just_before(first)), last)


def crossed(border: Border, movers: Collection[datetime]) -> bool:
    """Whether a record may have moved between the two answers."""
    left, right = border.told
    return left is None or right is None or any(left - SLACK <= mover <= right + SLACK for mover in movers)


def just_before(moment: datetime) -> datetime:
    """What to ask for so that nothing of the moment's own second is left out."""
    return whole_second(moment) - A_SECOND
