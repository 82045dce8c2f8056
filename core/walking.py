"""Reading a long list of Xero's page by page, in the order in which its records changed, while people change them.

The next pages are fetched while the last one is stored. Pages are asked for by number, which costs no call more than
there are pages; but a record that changes meanwhile moves to the end of the list, or out of it, and pulls later ones
across page borders, where they are skipped. Every such change leaves a trace (the number of records sinks, or a record
turns up that changed after we began), and then the borders in question are gone over once more, moment by moment.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from core.paging import SLACK, Position, onward, whole_second
from core.xero.queries import PAGE_SIZE
from core.xero.wire import Page

PAGES_AHEAD = 2
"""One to be stored next, and one that Xero works on meanwhile. They are asked for one after the other."""
A_SECOND = timedelta(seconds=1)

Fetch = Callable[[Position], Awaitable[Page]]
"""Called again before it has returned, it asks for what it was asked for first."""


class Leaf(NamedTuple):
    """One page; `last`: the list has been read. After a break, reading may go on from `reached`, where it is not None;
    `again` tells that this is the second time over the list."""

    page: Page
    last: bool
    reached: datetime | None = None
    again: bool = False


class Progress(Protocol):
    """How far a reading has come, as it is kept: `follow_from` is Xero's time when it began."""

    follow_from: datetime | None
    reached: datetime | None
    again: bool


class Border(NamedTuple):
    """Between two pages: the last moment on the left one, when both were answered, and whether the list got shorter."""

    left: datetime | None
    told: tuple[datetime | None, datetime | None]
    shorter: bool


class Doubt(NamedTuple):
    """What to go over once more: from a position until past a moment (None: to the end)."""

    start: Position
    until: datetime | None


class Walk:
    """One reading from `origin` on, or what an earlier attempt has left of it (`so_far`).

    Whoever takes a reading up again does not know the borders that were crossed before. So from there on it goes from
    moment to moment, which never skips anything; and where a record turns up that changed since the reading began, all
    of it is gone over once more in this way.
    """

    def __init__(self, fetch: Fetch, origin: Position, so_far: Progress) -> None:
        self._fetch = fetch
        self._origin = origin
        self._start = Position(so_far.reached) if so_far.reached else origin
        self.began = so_far.follow_from
        self.resumed, self._again = self.began is not None, so_far.again
        self._pages: int | None = None
        self._borders: list[Border] = []
        self._movers: set[datetime] = set()

    @property
    def moved(self) -> bool:
        """Whether anything may have changed in the list while it was read."""
        crossed_any = self.resumed or bool(self._borders)
        return crossed_any and (bool(self._movers) or any(border.shorter for border in self._borders))

    async def leaves(self) -> AsyncGenerator[Leaf, None]:
        """Raise what fetching raises. To be closed by whoever stops early."""
        once_more: Doubt | None = None
        steps = self._by_moment(Doubt(self._start, None)) if self.resumed else self._by_number()
        async with aclosing(steps) as leaves:
            async for leaf in leaves:
                once_more = self._doubtful() if leaf.last else None
                yield leaf if once_more is None else leaf._replace(last=False)
        if once_more is not None:
            self._again = self.resumed
            async with aclosing(self._by_moment(once_more)) as leaves:
                async for leaf in leaves:
                    yield leaf

    def _doubtful(self) -> Doubt | None:
        if self.resumed:
            return Doubt(self._origin, None) if self._movers and not self._again else None
        return doubtful(self._borders, self._movers, origin=self._origin)

    async def _by_number(self) -> AsyncGenerator[Leaf, None]:
        at, before = self._start, None
        first = asyncio.create_task(self._fetched(at))
        ahead: deque[asyncio.Task[Page | None]] = deque([first])
        try:
            while True:
                while len(ahead) <= PAGES_AHEAD:
                    following = at._replace(page=at.page + len(ahead))
                    ahead.append(asyncio.create_task(self._fetched(following, first, ahead[-1])))
                page = await ahead.popleft()
                assert page is not None  # only what follows the last page is not there
                self._note(before, page)
                last = is_last(page, at)
                sure = not any(border.shorter for border in self._borders)
                yield Leaf(page, last, reached=end_of(page) if sure else None)
                if last:
                    return
                at, before = at._replace(page=at.page + 1), page
        finally:
            for each in ahead:
                each.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)

    async def _fetched(self, at: Position, *before: "asyncio.Task[Page | None]") -> Page | None:
        """The page at this position, once the first one is there, which tells how many there are; where it does not,
        once the one left of it is. None where that was the last.

        All wait for the first one in their order, so that in this order they ask.
        """
        if before:
            first, left = before
            await first
            if not self._pages or at.page > self._pages:
                page = await left
                if page is None or is_last(page, at._replace(page=at.page - 1)):
                    return None
        page = await self._fetch(at)
        self._pages = page.pages
        return page

    async def _by_moment(self, doubt: Doubt) -> AsyncGenerator[Leaf, None]:
        at: Position | None = doubt.start
        while at is not None:
            page = await self._fetch(at)
            self._note(None, page)
            moments = page.moments
            past = doubt.until is not None and bool(moments) and min(moments) > doubt.until
            at = onward(at, moments, last=past or is_last(page, at))
            by_time = at is not None and at.page == 1 and not at.back and self.resumed
            yield Leaf(page, at is None, reached=at.since if at and by_time else None, again=self._again)

    def _note(self, before: Page | None, page: Page) -> None:
        """Keep what tells that the list has changed under us."""
        self.began = self.began or page.told_at
        if self.began is not None:
            self._movers |= {whole_second(each) for each in page.moments if each > self.began - SLACK}
        if before is not None:
            shorter = before.items is not None and page.items is not None and page.items < before.items
            self._borders.append(Border(max(before.moments, default=None), (before.told_at, page.told_at), shorter))


def note(so_far: Progress, leaf: Leaf, *, began: datetime | None) -> None:
    """Keep how far the reading has come with this page. `began` is Xero's own time when it began."""
    if so_far.follow_from is None:
        so_far.follow_from = began or max(leaf.page.moments, default=None)
    if leaf.again and not so_far.again:
        so_far.again, so_far.reached = True, leaf.reached
    elif leaf.reached is not None:
        so_far.reached = max(so_far.reached or leaf.reached, leaf.reached)


def end_of(page: Page) -> datetime | None:
    """Where to read on after this page; never later than Xero's own time, whatever an odd record claims."""
    if not page.moments:
        return None
    last = max(page.moments)
    return just_before(min(last, page.told_at or last))


def is_last(page: Page, at: Position) -> bool:
    if page.pages is None:
        return page.length < PAGE_SIZE
    return not page.length or at.page >= page.pages


def doubtful(borders: Sequence[Border], movers: Collection[datetime], *, origin: Position) -> Doubt | None:
    """Return the stretch of the list in which records may have been skipped; it was read from `origin`."""
    suspects = [border for border in borders if border.shorter or crossed(border, movers)]
    if not suspects:
        return None
    first, last = suspects[0].left, suspects[-1].left
    return Doubt(origin if first is None else Position(just_before(first)), last)


def crossed(border: Border, movers: Collection[datetime]) -> bool:
    """Whether a record may have moved between the two answers."""
    left, right = border.told
    return left is None or right is None or any(left - SLACK <= mover <= right + SLACK for mover in movers)


def just_before(moment: datetime) -> datetime:
    """What to ask for so that nothing of the moment's own second is left out."""
    return whole_second(moment) - A_SECOND
