"""Reading all that Xero has outstanding, whatever the mirror holds, and mending what differs.

A first load is the same reading into an empty mirror. What Xero does not list among the outstanding ones, and we do,
is asked for by its id: it was paid, voided or deleted since, perhaps in a way that moved no mark of change. To read the
list takes a twenty-fifth of the calls of asking for every invoice by its id, and tells the same.
"""

from collections.abc import Sequence
from contextlib import aclosing
from uuid import UUID

from core.agreement import Agreement, compare
from core.changes import is_outstanding
from core.clock import utc_now
from core.counting import Count
from core.paging import Position
from core.reading import MANY, Reader, advance
from core.walking import Leaf, Walk, note
from core.xero import wire
from core.xero.queries import IDS_AT_ONCE, batches, by_ids
from storage.mirror_models import Cursor
from storage.models import Resource

OUTSTANDING = {
    "where": 'Type=="ACCREC" AND AmountDue>0',
    "Statuses": "AUTHORISED",
    "order": "UpdatedDateUTC ASC",
    "summaryOnly": "true",
}


class Census:
    """One full reading of the outstanding invoices in the name of a run, into an empty mirror where `count.first`."""

    def __init__(self, reader: Reader, count: Count) -> None:
        self._reader = reader
        self._strays: list[str] = []
        self._unclear: set[str] = set()
        reader.count = count

    @property
    def count(self) -> Count:
        assert self._reader.count is not None  # __init__ has set it
        return self._reader.count

    def start_over(self) -> None:
        self._reader.count, self._strays = Count(tries=self.count.tries + 1), []

    async def take(self) -> None:
        """Read the list, and ask by their ids for those of ours that are not in it."""
        if not self.count.complete:
            await self._list()
        if not self._reader.blank:
            await self._by_ids(list(await self._unconfirmed()))

    async def _list(self) -> None:
        reader, count = self._reader, self.count
        async with reader.reading_invoices() as read:
            fetch = reader.fetching("Invoices", OUTSTANDING, read)
            cursor = await reader.cursor(Resource.INVOICES) if count.first else None
            walk = reader.walk(cursor, fetch) if cursor else Walk(fetch, Position(None), count)
            async with aclosing(walk.leaves()) as leaves:
                async for leaf in leaves:
                    await self._keep(leaf, walk, cursor)

    async def _keep(self, leaf: Leaf, walk: Walk, cursor: Cursor | None) -> None:
        reader, count = self._reader, self.count
        reader.turn_page(leaf)
        count.moved = count.moved or walk.moved or walk.resumed
        if not count.moved:
            # Pages of a part of the list tell how many that part has.
            count.items = leaf.page.items
        note(count, leaf, began=walk.began)
        count.unreadable = sorted({*count.unreadable, *(record.record for record in leaf.page.set_aside)})
        async with reader.step(Resource.INVOICES) as store:
            await reader.keep_invoices(store, leaf.page)
            count.complete = leaf.last
            if cursor is not None:
                advance(cursor, leaf, began=walk.began)
                await store.cursors.move(cursor)

    async def _unconfirmed(self) -> dict[UUID, str]:
        reader = self._reader
        async with reader.database.reading(reader.run.workspace_id) as store:
            return await store.invoices.unconfirmed(reader.census_mark, MANY)

    async def _by_ids(self, wanted: Sequence[UUID]) -> None:
        for some in batches(wanted):
            page = await self._named(some)
            absent = missing_from(some, page)
            if absent:
                # Nothing is called gone on the strength of one answer.
                again = await self._named(absent)
                page.rows += again.rows
                page.set_aside += again.set_aside
                absent = missing_from(absent, again)
            await self._settle(page, absent)

    async def _settle(self, page: wire.Page, absent: Sequence[UUID]) -> None:
        reader = self._reader
        async with reader.step(Resource.INVOICES) as store:
            await reader.keep_invoices(store, page)
            await store.invoices.gone(absent, confirmed_by=reader.census_mark)
            reader.tally.gone += len(absent)
        self._unclear |= {record.record for record in page.set_aside}
        self._strays += [row["number"] for row in page.rows if is_outstanding(row["status"], row["amount_due"])]

    async def _named(self, some: Sequence[UUID]) -> wire.Page:
        params = by_ids(some) | {"summaryOnly": "true", "pageSize": IDS_AT_ONCE}
        return wire.read_invoices(await self._reader.calls.get("Invoices", params))

    async def compare(self) -> Agreement:
        """Compare the books, once everything has been read. Where the list moved under us Xero is asked anew how many
        there are now."""
        reader, count, items = self._reader, self.count, self.count.items
        if count.moved or count.later:
            params = OUTSTANDING | {"page": 1, "pageSize": 1}
            items = wire.read_invoices(await reader.calls.get("Invoices", params)).items
        async with reader.database.reading(reader.run.workspace_id) as store:
            ours, seen = await store.invoices.held(confirmed_by=reader.census_mark)
            left = {} if ours == seen else await store.invoices.unconfirmed(reader.census_mark, MANY)
        unclear = {*count.unreadable, *self._unclear}
        strays = self._strays + [left[each] for each in left if str(each) not in unclear]
        return compare(count, ours, seen, items=items, strays=strays, now=utc_now())


def missing_from(wanted: Sequence[UUID], page: wire.Page) -> list[UUID]:
    """Those Xero did not answer with. One that could not be understood is there, all the same."""
    there = {row["invoice_id"] for row in page.rows} | {record.record_id for record in page.set_aside}
    return [each for each in wanted if each not in there]
