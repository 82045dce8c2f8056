"""Reading Xero page by page into the mirror. A page, its cursor and the run's progress commit together.

What is fetched is fetched with no transaction open; what is stored is stored in one. What a run reads, and in which
order, is decided in core/what_is_read.py.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid5

import structlog

from core import progress
from core.apart import Apart, LaidOut, Read, read_contacts_here, read_invoices_here
from core.changes import Change, change, newest_of_each
from core.clock import steady, utc_now
from core.counting import Count, contact_drifted, drifted, outstanding_in
from core.errors import Superseded, XeroUnavailable
from core.lull import Lull
from core.notices import Books, encode
from core.paging import Position
from core.tracing import span
from core.walking import Fetch, Leaf, Walk, note
from core.xero import wire
from core.xero.client import OrganisationCalls
from core.xero.queries import IDS_AT_ONCE, PAGE_SIZE, Params, batches, by_ids, paged
from core.zones import iana_name
from storage.database import Database
from storage.mirror_models import Cursor
from storage.models import Connection, Resource, SyncRun
from storage.store import WorkspaceStore

log = structlog.get_logger()

MANY = 100_000
GIVES_WAY_SECONDS = 0.2
"""A page lets those who wait for a quick answer go first for so long."""
TOLD_EVERY_SECONDS = 0.5
"""A message is edited once a second at most, and pages may come many a second."""
OVERLAP = timedelta(minutes=5)
"""Read again, so that a change which Xero finished writing a little late is not missed."""
ALL_SALES = {"where": 'Type=="ACCREC"', "order": "UpdatedDateUTC ASC", "summaryOnly": "true"}
ALL_CONTACTS = {"order": "UpdatedDateUTC ASC", "includeArchived": "true"}

Keep = Callable[[WorkspaceStore, wire.Page], Awaitable[None]]


@dataclass
class Tally:
    """What the run has found so far, earlier attempts included."""

    added: int = 0
    changed: int = 0
    settled: int = 0
    contacts: int = 0
    set_aside: int = 0
    mended: int = 0
    gone: int = 0
    page: int = 0
    page_count: int = 0

    def count(self, what: Change) -> None:
        self.added += what is Change.ADDED
        self.changed += what is Change.CHANGED
        self.settled += what is Change.SETTLED


@dataclass
class Reader:
    """One attempt at one run: reads, stores, and writes progress in the run's name.

    During a full reading `count` says what Xero has outstanding, and what is stored is stored whatever is there.
    `mark`: what had changed before it should be in the mirror already; None during a first load. `blank`: nothing of
    this workspace was in the mirror when the run began.
    """

    database: Database
    calls: OrganisationCalls
    run: SyncRun
    connection: Connection
    attempt: int
    lull: Lull
    tally: Tally = field(default_factory=Tally)
    count: Count | None = None
    mark: datetime | None = None
    blank: bool = False
    apart: Apart | None = None
    lacking: Collection[UUID] = ()
    owners: set[str] = field(default_factory=set)
    """Where nothing was in the mirror: whose invoices have been read, by their ids in hexadecimal digits."""
    any_aside: bool | None = None
    first: bool | None = None
    _odd: set[str] = field(default_factory=set)
    """Records set aside by this attempt: pages overlap, and each is counted once."""
    _told: float = -math.inf
    """When the run's message was last told how far we are."""
    _logged: int = 0
    """The last page of which the log has a line."""

    async def organisation(self) -> None:
        """Learn the organisation's name, currency and zone; Xero does not count this one's bytes."""
        found = wire.read_organisation(await self.calls.get("Organisation"))
        async with self.step(Resource.INVOICES) as store:
            row = await store.connections.get(self.connection.id)
            if row is None:
                raise Superseded("the connection is gone")
            row.tenant_name, row.base_currency = found.name, found.base_currency
            row.short_code, row.timezone = found.short_code, iana_name(found.timezone)
            row.country_code = found.country_code
            self.connection = row

    async def changed_invoices(self) -> None:
        """All that changed since the cursor. Not only what is outstanding: what stops being so would just be absent."""
        await self._follow(Resource.INVOICES, "Invoices", ALL_SALES, read_invoices_here, self.keep_invoices)

    async def changed_contacts(self) -> None:
        """What changed of those who owe, and those who have come to owe since."""
        await self._follow(Resource.CONTACTS, "Contacts", ALL_CONTACTS, read_contacts_here, self.keep_contacts)
        await self.contacts_by_id(await self.missing())

    async def _follow(self, resource: Resource, path: str, params: Params, read: Read, keep: Keep) -> None:
        cursor = await self.cursor(resource)
        walk = self.walk(cursor, self.fetching(path, params, read))
        async with aclosing(walk.leaves()) as leaves:
            async for leaf in leaves:
                self.turn_page(leaf)
                async with self.step(resource) as store:
                    await keep(store, leaf.page)
                    advance(cursor, leaf, began=walk.began)
                    await store.cursors.move(cursor)

    def walk(self, cursor: Cursor, fetch: Fetch) -> Walk:
        """Read on from where the cursor stands: from its mark, or from where an earlier attempt broke off."""
        return Walk(fetch, Position(None if cursor.since is None else cursor.since - OVERLAP), cursor)

    def fetching(self, path: str, params: Params, read: Read) -> Fetch:
        line = asyncio.Lock()

        async def ask(at: Position) -> bytes:
            async with line:
                return await self.calls.get(path, paged(params, at.page), modified_since=at.since, packed=True)

        async def fetch(at: Position) -> wire.Page:
            with span("sync.read", resource=path, page=at.page):
                body = await ask(at)
                try:
                    return await read(body)
                except XeroUnavailable:
                    # What cannot be unpacked shows only now that it is read. It broke on its way: once more.
                    return await read(await ask(at))

        return fetch

    @asynccontextmanager
    async def reading_invoices(self) -> AsyncIterator[Read]:
        """Large pages of a first load are read beside this process."""
        if self.apart is None or not self.blank:
            yield read_invoices_here
        else:
            async with self.apart.open() as read:
                yield read

    async def owing_contacts(self) -> None:
        """Read those who owe, by ids or, where that takes fewer calls, by reading all contacts."""
        began: datetime | None = None
        wanted = set(await self._owing())
        async with aclosing(self._pages_of_contacts(wanted)) as answers:
            async for answer in answers:
                began = began or answer.told_at
                async with self.step(Resource.CONTACTS) as store:
                    await self.keep_contacts(store, answer, wanted=wanted)
                wanted -= set(ids_of(answer.rows, "contact_id"))
        told_at = await self.contacts_by_id(sorted(wanted))
        began = began or told_at
        async with self.step(Resource.CONTACTS) as store:
            cursor = await store.cursors.get(self.connection.id, Resource.CONTACTS)
            follows = await store.cursors.get(self.connection.id, Resource.INVOICES)
            if cursor.filling:
                cursor.filling, cursor.since = False, follows.since or began

    async def _pages_of_contacts(self, wanted: Collection[UUID]) -> AsyncGenerator[wire.Page, None]:
        """All contacts, page by page, for as long as that takes fewer calls than to ask by ids for those `wanted` that
        are left. The next page is on its way while one is stored."""
        left, page, pages = set(wanted), 1, 1
        ahead: asyncio.Task[wire.Page] | None = None
        try:
            while page <= pages and pages - page + 1 < calls_by_id(len(left)):
                answer = await (ahead or self._page_of_contacts(page))
                left -= set(ids_of(answer.rows, "contact_id"))
                page, pages = page + 1, answer.pages or (page + 1 if answer.length == PAGE_SIZE else page)
                more = page <= pages and pages - page + 1 < calls_by_id(len(left))
                ahead = asyncio.create_task(self._page_of_contacts(page)) if more else None
                yield answer
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)

    async def _page_of_contacts(self, page: int) -> wire.Page:
        return await self._contacts(paged({"includeArchived": "true"}, page))

    async def _owing(self) -> Sequence[UUID]:
        """Those to be read: during a first load those not read yet, in a full reading all of them."""
        if self.blank:
            return list(map(UUID, self.owners))  # to look for them among many invoices takes a while
        async with self.database.reading(self.run.workspace_id) as store:
            return await store.contacts.missing(MANY) if self.mark is None else await store.contacts.owing(MANY)

    async def contacts_by_id(self, wanted: Sequence[UUID]) -> datetime | None:
        """Read these contacts in full; one that Xero does not know is kept by its id, so that it is asked for once."""
        told_at: datetime | None = None
        for some in batches(wanted):
            answer = await self._contacts(by_ids(some) | {"includeArchived": "true"})
            told_at = told_at or answer.told_at
            known = {row["contact_id"] for row in answer.rows}
            unknown = [unknown_contact(contact_id) for contact_id in some if contact_id not in known]
            async with self.step(Resource.CONTACTS) as store:
                await store.contacts.put([row | {"connection_id": self.connection.id} for row in unknown])
                await self.keep_contacts(store, answer, wanted=set(some))
        return told_at

    async def _contacts(self, params: Params) -> wire.Page:
        return await read_contacts_here(await self.calls.get("Contacts", params))

    async def keep_invoices(self, store: WorkspaceStore, page: wire.Page) -> None:
        mark = None if self.count is None else self.census_mark
        all_new = self.blank and self.count is not None and self.count.passes(page.moments)
        if isinstance(page, LaidOut):
            if all_new:
                await self._keep_laid_out(store, page)
                return
            page = await read_invoices_here(page.body)
        rows = newest_of_each(page.rows, "invoice_id")
        if self.blank:
            self.owners.update(row["contact_id"].hex for row in rows if row["contact_id"] is not None)
        if all_new and self.count is not None:
            self.tally.added += self.count.note_new(outstanding_in(rows), page.moments)
        else:
            look = store.invoices.known if self.count is None else store.invoices.stored
            self._note(rows, await look(ids_of(rows, "invoice_id")), mark)
        await store.invoices.put(rows, confirmed_by=mark, connection_id=self.connection.id)
        await self.set_aside(store, Resource.INVOICES, page, partial(ids_of, rows, "invoice_id"))

    async def _keep_laid_out(self, store: WorkspaceStore, page: LaidOut) -> None:
        assert self.count is not None  # only a full reading has such pages
        self.tally.added += self.count.note_new(page.layout.held, page.moments)
        self.owners.update(page.layout.owners)
        await store.invoices.put(page.turned, confirmed_by=self.census_mark, connection_id=self.connection.id)
        await self.set_aside(store, Resource.INVOICES, page, lambda: page.layout.ids)

    def _note(self, rows: Sequence[dict[str, Any]], known: Mapping[UUID, Any], mark: UUID | None) -> None:
        """Count what these rows change in the mirror, and during a full reading what is outstanding."""
        for row in rows:
            held = known.get(row["invoice_id"])
            if self.mark is not None and drifted(held, row, mark=self.mark):
                self.tally.mended += 1
            else:
                self.tally.count(change(held, row))
            if self.count is not None and mark is not None:
                self.count.note(held, row, mark=mark)

    async def keep_contacts(
        self, store: WorkspaceStore, page: wire.Page, *, wanted: Collection[UUID] | None = None
    ) -> None:
        """Store those of the page that matter here: `wanted`, or those who are known already or own an invoice. Of
        others neither names nor oddities are kept."""
        rows = newest_of_each(page.rows, "contact_id")
        if wanted is None:
            odd = {record.record_id for record in page.set_aside if record.record_id}
            wanted = await store.contacts.known_or_owed([*ids_of(rows, "contact_id"), *odd])
        ours = [row | {"connection_id": self.connection.id} for row in rows if row["contact_id"] in wanted]
        if self.mark is not None:
            held = await store.contacts.known(ids_of(ours, "contact_id"))
            for row in ours:
                known = held.get(row["contact_id"])
                lacked = known is None and row["contact_id"] in self.lacking
                self.tally.mended += lacked or (known is not None and contact_drifted(known, row, mark=self.mark))
        await store.contacts.put(ours)
        self.tally.contacts += len(ours)
        page.set_aside = [record for record in page.set_aside if record.record_id in wanted]
        await self.set_aside(store, Resource.CONTACTS, page, partial(ids_of, rows, "contact_id"))

    async def set_aside(
        self, store: WorkspaceStore, resource: Resource, page: wire.Page, understood: Callable[[], Sequence[object]]
    ) -> None:
        for record in page.set_aside:
            self.tally.set_aside += record.record not in self._odd
            self._odd.add(record.record)
            await store.set_aside.put(
                self.connection.id,
                resource,
                record=record.record,
                label=record.label,
                reason=record.reason,
                now=utc_now(),
            )
        if self.any_aside is None:
            self.any_aside = bool(await store.set_aside.count())
        self.any_aside = self.any_aside or bool(page.set_aside)
        if self.any_aside:
            await store.set_aside.clear(resource, list(map(str, understood())))

    @property
    def census_mark(self) -> UUID:
        """What marks a row as seen by this full reading, whichever attempt at the run it was."""
        return uuid5(self.run.id, str(self.count.tries if self.count else 0))

    def turn_page(self, leaf: Leaf) -> None:
        self.tally.page += 1
        if not self.tally.page_count:
            self.tally.page_count = self.tally.page + (leaf.page.pages or 1) - 1
        self.tally.page_count = self.tally.page if leaf.last else max(self.tally.page_count, self.tally.page + 1)

    async def summed(self) -> Books | None:
        """The books as they are now, where the run's message tells of them."""
        if not progress.is_told(self.run):
            return None
        async with self.database.reading(self.run.workspace_id) as store:
            return await progress.books(store, self.connection, now=utc_now(), exactly=True)

    async def missing(self) -> Sequence[UUID]:
        async with self.database.reading(self.run.workspace_id) as store:
            return await store.contacts.missing(MANY)

    async def cursor(self, resource: Resource) -> Cursor:
        async with self.step(resource) as store:
            return await store.cursors.get(self.connection.id, resource)

    @asynccontextmanager
    async def step(self, resource: Resource) -> AsyncIterator[WorkspaceStore]:
        """One transaction in the name of this attempt, which ends by writing progress; where the run is not ours any
        more, nothing of it is kept."""
        with span("sync.store", resource=resource):
            async with self.lull.turn(GIVES_WAY_SECONDS), self.database.workspace(self.run.workspace_id) as store:
                yield store
                # The connection, where it was changed, before the run, as everybody takes them: or two could wait for
                # each other.
                await store.session.flush()
                telling = self._is_to_be_told()
                write = store.runs.write if telling else store.runs.write_last
                if not await write(self.run.id, attempt=self.attempt, resource=resource, **self.found()):
                    raise Superseded(f"attempt {self.attempt} at run {self.run.id}")
                if telling:
                    await self._tell(store)
        self._log_page()

    def _log_page(self) -> None:
        """A line for each page that is stored; none for an automatic sync that finds little."""
        page, of = self.tally.page, self.tally.page_count
        if page > self._logged and (of > 2 or progress.is_told(self.run)):
            self._logged = page
            log.info("sync.page", workspace=str(self.run.workspace_id), run=str(self.run.id), page=page, of=of)

    def _is_to_be_told(self) -> bool:
        return progress.is_told(self.run) and steady() - self._told >= TOLD_EVERY_SECONDS

    async def _tell(self, store: WorkspaceStore) -> None:
        """Have the run's message say how far we are."""
        self._told = steady()
        if self.first is None:
            self.first = not await store.runs.succeeded_before(self.run)
        notice = progress.under_way(self.run, self.connection, first=self.first, **vars(self.tally))
        await store.outbox.tell(progress.card(self.run), encode(notice), now=utc_now())

    def found(self) -> dict[str, Any]:
        """The run's columns as they stand now."""
        meter = self.calls.meter
        census = None if self.count is None else self.count.encode()
        return vars(self.tally) | {"calls": meter.calls, "bytes": meter.bytes, "census": census}


def advance(cursor: Cursor, leaf: Leaf, *, began: datetime | None) -> None:
    """Move the cursor over a stored page. `began` is Xero's own time when this reading began: at its end, the mirror
    holds all that changed until then. A first load sees only what is outstanding; that too is gone on from there.
    """
    note(cursor, leaf, began=began)
    if leaf.last:
        marks = [moment for moment in (cursor.since, cursor.follow_from) if moment is not None]
        cursor.since, cursor.filling = max(marks, default=None), False
        cursor.follow_from, cursor.reached, cursor.again = None, None, False


def ids_of(rows: Sequence[dict[str, Any]], key: str) -> list[UUID]:
    return [row[key] for row in rows]


def calls_by_id(contacts: int) -> int:
    return -(-contacts // IDS_AT_ONCE)


def unknown_contact(contact_id: UUID) -> dict[str, Any]:
    """A customer whom invoices name but Xero does not show."""
    return {"contact_id": contact_id, "name": "", "email": "", "people": [], "status": "UNKNOWN", "updated_at": None}
