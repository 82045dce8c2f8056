"""What is told of a run while it goes on and when it ends. Automatic runs go without a word."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from core import agreement
from core.notices import Amount, Books, SyncTold, encode
from core.zones import zone
from storage.models import Connection, RunState, SyncRun, Trigger
from storage.runs import Stand
from storage.store import WorkspaceStore

TOLD = (Trigger.INITIAL, Trigger.MANUAL)
COUNTED = ("page", "page_count", "added", "changed", "settled", "set_aside", "mended", "gone")

MOST_KNOWN = 256
"""So many books are remembered, summed up; the oldest give way."""
STIRRING = timedelta(seconds=1)
"""While a sync is storing pages books are summed up no more often: each page would ask for it anew."""


class Known(NamedTuple):
    """Books as they were summed up then, and what is different once they have changed."""

    stand: Stand
    at: datetime
    books: Books


_known: dict[tuple[object, ...], Known] = {}


def is_told(run: SyncRun) -> bool:
    return run.trigger in TOLD or run.asked_by is not None


def card(run: SyncRun) -> str:
    return card_of(str(run.id))


def card_of(run_id: str) -> str:
    return f"run:{run_id}"


async def tell(
    store: WorkspaceStore,
    run_id: UUID,
    *,
    now: datetime,
    connection: Connection | None = None,
    summed: Books | None = None,
) -> None:
    """Have the run's message say how it stands, as of this transaction; of one that is done with the books as they
    were `summed` up before. `connection` is the run's own, where it is at hand."""
    run = await store.runs.get(run_id)
    if run is None or not is_told(run):
        return
    connection = connection or await store.connections.get(run.connection_id)
    if connection is None:
        return
    said = await facts(store, run, connection, now=now, summed=summed)
    await store.outbox.tell(card(run), encode(said), now=now)


async def facts(
    store: WorkspaceStore, run: SyncRun, connection: Connection, *, now: datetime, summed: Books | None = None
) -> SyncTold:
    done = run.state == RunState.SUCCEEDED
    return SyncTold(
        **_so_far(run, connection, {name: getattr(run, name) for name in COUNTED}),
        state=run.state,
        first=not await store.runs.succeeded_before(run),
        seconds=run.seconds,
        books=(summed or await books(store, connection, now=now)) if done else None,
        agreement=agreement.decode(run.agreement),
        error=run.error,
    )


def under_way(run: SyncRun, connection: Connection, *, first: bool, **counted: int) -> SyncTold:
    """The same of a run that is going on, without asking the database: pages come many a second."""
    return SyncTold(**_so_far(run, connection, counted), state=RunState.RUNNING, first=first)


def _so_far(run: SyncRun, connection: Connection, counted: Mapping[str, int]) -> dict[str, Any]:
    return {name: counted[name] for name in COUNTED} | {
        "run_id": run.id,
        "organisation": connection.tenant_name,
        "trigger": run.trigger,
        "asked_by": run.asked_by,
    }


async def books(store: WorkspaceStore, connection: Connection, *, now: datetime, exactly: bool = False) -> Books:
    """The mirror at a glance; overdue as of today where the organisation is.

    All that is outstanding is summed up once for as long as nothing has changed: people look more often than that.
    While a sync is under way that may be a second ago, unless it has to be `exactly` what is there now.
    """
    today = today_at(connection, now)
    stand = await store.runs.stand()
    known = _known.get((store.id, today))
    stirring = stand.under_way and not exactly
    if known is None or (known.stand != stand and not (stirring and known.at <= now < known.at + STIRRING)):
        known = Known(stand, now, await _summed_up(store, today))
    _known.pop((store.id, today), None)  # what was asked for last gives way last
    if len(_known) >= MOST_KNOWN:
        _known.pop(next(iter(_known)))
    _known[store.id, today] = known
    return known.books


async def _summed_up(store: WorkspaceStore, today: date) -> Books:
    totals = await store.invoices.totals(today=today)
    amounts = [Amount(t.currency, t.invoices, t.amount, t.overdue_invoices, t.overdue_amount) for t in totals]
    return Books(amounts, customers=await store.invoices.customers())


def today_at(connection: Connection, now: datetime) -> date:
    return now.astimezone(zone(connection.timezone)).date()
