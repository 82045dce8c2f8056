"""Reading Xero page by page into the mirror. A page, its cursor and the run's progress commit together.

What is fetched is fetched with no transaction open; what is stored is stored in one.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core import progress
from core.changes import Change, Position, change, newest_of_each, onward
from core.clock import utc_now
from core.errors import Superseded
from core.xero import wire
from core.xero.client import OrganisationCalls
from core.zones import iana_name
from storage.database import Database
from storage.models import Connection, Cursor, Resource, SyncRun, Trigger
from storage.store import WorkspaceStore

PAGE_SIZE = 1000
"""Xero's largest."""
IDS_AT_ONCE = 40
"""Keeps the address of a request under 2,000 characters."""
MANY = 100_000
OVERLAP = timedelta(minutes=5)
"""Read again, so that a change which Xero finished writing a little late is not missed."""

Params = dict[str, Any]
Keep = Callable[[WorkspaceStore, wire.Page], Awaitable[None]]


@dataclass
class Tally:
    """What the run has found so far, earlier attempts included."""

    added: int = 0
    changed: int = 0
    settled: int = 0
    contacts: int = 0
    set_aside: int = 0
    page: int = 0
    page_count: int = 0

    def count(self, what: Change) -> None:
        self.added += what is Change.ADDED
        self.changed += what is Change.CHANGED
        self.settled += what is Change.SETTLED


@dataclass
class Reader:
    """One attempt at one run: reads, stores, and writes progress in the run's name."""

    database: Database
    calls: OrganisationCalls
    run: SyncRun
    connection: Connection
    attempt: int
    tally: Tally = field(default_factory=Tally)
    _odd: set[str] = field(default_factory=set)
    """Records set aside by this attempt: pages overlap, and each is counted once."""

    async def everything(self) -> None:
        """Bring the mirror up to date; raise a XeroError, or Superseded when this attempt no longer counts."""
        if self.run.trigger == Trigger.INITIAL or not self.connection.base_currency:
            await self._organisation()
        await self._invoices()
        await self._contacts()

    async def _organisation(self) -> None:
        found = wire.read_organisation(await self.calls.get("Organisation"))
        async with self._step(Resource.INVOICES) as store:
            row = await store.connections.get(self.connection.id)
            if row is None:
                raise Superseded("the connection is gone")
            row.tenant_name, row.base_currency = found.name, found.base_currency
            row.short_code, row.timezone = found.short_code, iana_name(found.timezone)
            self.connection = row

    async def _invoices(self) -> None:
        cursor = await self._cursor(Resource.INVOICES)
        params = {"where": 'Type=="ACCREC"', "order": "UpdatedDateUTC ASC", "summaryOnly": "true"}
        if cursor.filling:
            # Only a first load may filter: what stops being outstanding would just be absent from a filtered delta.
            params |= {"where": 'Type=="ACCREC" AND AmountDue>0', "Statuses": "AUTHORISED"}
        await self._walk(cursor, "Invoices", params, wire.read_invoices, self._keep_invoices)

    async def _contacts(self) -> None:
        """First those who owe; later what changed of them, and those who have come to owe since."""
        cursor = await self._cursor(Resource.CONTACTS)
        if cursor.filling:
            await self._fill_contacts()
        else:
            params = {"order": "UpdatedDateUTC ASC", "includeArchived": "true"}
            await self._walk(cursor, "Contacts", params, wire.read_contacts, self._keep_contacts)
            await self._contacts_by_id(await self._missing())

    async def _walk(
        self, cursor: Cursor, path: str, params: Params, read: Callable[[bytes], wire.Page], keep: Keep
    ) -> None:
        """Read all that changed since the cursor, in the order in which it changed."""
        at: Position | None = Position(None if cursor.since is None else cursor.since - OVERLAP)
        began: datetime | None = None
        while at is not None:
            answer = read(await self.calls.get(path, paged(params, at.page), modified_since=at.since))
            began = began or answer.told_at
            at = onward(at, answer.rows, last=answer.length < PAGE_SIZE or at.page >= answer.pages)
            self._turn_page(answer, last=at is None)
            async with self._step(Resource(cursor.resource)) as store:
                await keep(store, answer)
                moved = await store.cursors.get(self.connection.id, Resource(cursor.resource))
                advance(moved, at, began=began, seen=newest(answer))

    async def _fill_contacts(self) -> None:
        """Those who owe, by ids or, where that takes fewer calls, by reading all contacts."""
        began: datetime | None = None
        wanted, page, pages = await self._missing(), 1, 1
        while page <= pages and pages - page + 1 < calls_by_id(len(wanted)):
            answer = wire.read_contacts(await self.calls.get("Contacts", paged({"includeArchived": "true"}, page)))
            began = began or answer.told_at
            async with self._step(Resource.CONTACTS) as store:
                await self._keep_contacts(store, answer)
            wanted, page, pages = await self._missing(), page + 1, answer.pages
        told_at = await self._contacts_by_id(wanted)
        began = began or told_at
        async with self._step(Resource.CONTACTS) as store:
            cursor = await store.cursors.get(self.connection.id, Resource.CONTACTS)
            follows = await store.cursors.get(self.connection.id, Resource.INVOICES)
            cursor.filling, cursor.since = False, follows.follow_from or began

    async def _contacts_by_id(self, wanted: Sequence[UUID]) -> datetime | None:
        """Read these contacts in full; one that Xero does not know is kept by its id, so that it is asked for once."""
        told_at: datetime | None = None
        for start in range(0, len(wanted), IDS_AT_ONCE):
            some = wanted[start : start + IDS_AT_ONCE]
            params = {"IDs": ",".join(map(str, some)), "includeArchived": "true"}
            answer = wire.read_contacts(await self.calls.get("Contacts", paged(params, 1)))
            told_at = told_at or answer.told_at
            known = {row["contact_id"] for row in answer.rows}
            unknown = [unknown_contact(contact_id) for contact_id in some if contact_id not in known]
            async with self._step(Resource.CONTACTS) as store:
                await store.contacts.put([row | {"connection_id": self.connection.id} for row in unknown])
                await self._keep_contacts(store, answer)
        return told_at

    async def _keep_invoices(self, store: WorkspaceStore, page: wire.Page) -> None:
        rows = newest_of_each(page.rows, "invoice_id")
        known = await store.invoices.known([row["invoice_id"] for row in rows])
        for row in rows:
            self.tally.count(change(known.get(row["invoice_id"]), row))
        await store.invoices.put([row | {"connection_id": self.connection.id} for row in rows])
        await self._set_aside(store, Resource.INVOICES, page, [str(row["invoice_id"]) for row in rows])

    async def _keep_contacts(self, store: WorkspaceStore, page: wire.Page) -> None:
        """Those of the page that matter here; of others neither names nor oddities are kept."""
        rows = newest_of_each(page.rows, "contact_id")
        odd = {record.record_id for record in page.set_aside if record.record_id}
        wanted = await store.contacts.known_or_owed([*(row["contact_id"] for row in rows), *odd])
        ours = [row | {"connection_id": self.connection.id} for row in rows if row["contact_id"] in wanted]
        await store.contacts.put(ours)
        self.tally.contacts += len(ours)
        page.set_aside = [record for record in page.set_aside if record.record_id in wanted]
        await self._set_aside(store, Resource.CONTACTS, page, [str(row["contact_id"]) for row in rows])

    async def _set_aside(
        self, store: WorkspaceStore, resource: Resource, page: wire.Page, understood: Sequence[str]
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
        if await store.set_aside.count():
            await store.set_aside.clear(resource, understood)

    def _turn_page(self, answer: wire.Page, *, last: bool) -> None:
        self.tally.page += 1
        if not self.tally.page_count:
            self.tally.page_count = self.tally.page + answer.pages - 1
        self.tally.page_count = self.tally.page if last else max(self.tally.page_count, self.tally.page + 1)

    async def _missing(self) -> Sequence[UUID]:
        async with self.database.reading(self.run.workspace_id) as store:
            return await store.contacts.missing(MANY)

    async def _cursor(self, resource: Resource) -> Cursor:
        async with self._step(resource) as store:
            return await store.cursors.get(self.connection.id, resource)

    @asynccontextmanager
    async def _step(self, resource: Resource) -> AsyncIterator[WorkspaceStore]:
        """One transaction in the name of this attempt, which ends by writing progress; where the run is not ours any
        more, nothing of it is kept."""
        async with self.database.workspace(self.run.workspace_id) as store:
            # Takes the run's row before any other, as everybody does: or two could wait for each other.
            if not await store.runs.write(self.run.id, attempt=self.attempt, resource=resource):
                raise Superseded(f"attempt {self.attempt} at run {self.run.id}")
            yield store
            await store.session.flush()
            await store.runs.write(self.run.id, attempt=self.attempt, **self.found())
            await progress.tell(store, self.run.id, now=utc_now())

    def found(self) -> dict[str, int]:
        """The run's columns as they stand now."""
        meter = self.calls.meter
        return vars(self.tally) | {"calls": meter.calls, "bytes": meter.bytes}


def newest(page: wire.Page) -> datetime | None:
    """Return the page's last change, never later than Xero's own time: a cursor in the future would miss everything."""
    moments: list[datetime] = [row["updated_at"] for row in page.rows if row["updated_at"] is not None]
    if not moments:
        return None
    return min(max(moments), page.told_at or max(moments))


def advance(cursor: Cursor, onto: Position | None, *, began: datetime | None, seen: datetime | None) -> None:
    """Move the cursor over a stored page, as far as nothing before it is left to read.

    `onto` is where reading goes on (None: nowhere), `began` is Xero's own time when this reading began, `seen` the
    page's last change. After a first load, which sees only what is outstanding, the next delta must look at
    everything since it began.
    """
    if cursor.filling and cursor.follow_from is None:
        cursor.follow_from = began or seen
    if onto is None and cursor.filling:
        cursor.filling, cursor.since = False, cursor.follow_from
        return
    by_time = onto is not None and onto.page == 1 and not onto.back
    reached = (began, seen) if onto is None else (onto.since if by_time else None,)
    cursor.since = max((moment for moment in (cursor.since, *reached) if moment is not None), default=None)


def paged(params: Params, page: int) -> Params:
    return params | {"page": page, "pageSize": PAGE_SIZE}


def calls_by_id(contacts: int) -> int:
    return -(-contacts // IDS_AT_ONCE)


def unknown_contact(contact_id: UUID) -> dict[str, Any]:
    """A customer whom invoices name but Xero does not show."""
    return {"contact_id": contact_id, "name": "", "email": "", "people": [], "status": "UNKNOWN", "updated_at": None}
