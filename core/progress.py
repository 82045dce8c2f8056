"""What is told of a run while it goes on and when it ends. Automatic runs go without a word."""

from datetime import date, datetime
from uuid import UUID

from core import agreement
from core.notices import Amount, Books, SyncTold, encode
from core.zones import zone
from storage.models import Connection, RunState, SyncRun, Trigger
from storage.store import WorkspaceStore

TOLD = (Trigger.INITIAL, Trigger.MANUAL)


async def tell(store: WorkspaceStore, run_id: UUID, *, now: datetime) -> None:
    """Have the run's message say how it stands, as of this transaction."""
    run = await store.runs.get(run_id)
    if run is None or not (run.trigger in TOLD or run.asked_by):
        return
    await store.session.refresh(run)
    connection = await store.connections.get(run.connection_id)
    if connection is None:
        return
    notice = await facts(store, run, connection, now=now)
    await store.outbox.tell(f"run:{run.id}", encode(notice), now=now)


async def facts(store: WorkspaceStore, run: SyncRun, connection: Connection, *, now: datetime) -> SyncTold:
    done = run.state == RunState.SUCCEEDED
    return SyncTold(
        run_id=run.id,
        organisation=connection.tenant_name,
        trigger=run.trigger,
        state=run.state,
        first=not await store.runs.succeeded_before(run),
        asked_by=run.asked_by,
        page=run.page,
        page_count=run.page_count,
        added=run.added,
        changed=run.changed,
        settled=run.settled,
        set_aside=run.set_aside,
        mended=run.mended,
        gone=run.gone,
        seconds=run.seconds,
        books=await books(store, connection, now=now) if done else None,
        agreement=agreement.decode(run.agreement),
        error=run.error,
    )


async def books(store: WorkspaceStore, connection: Connection, *, now: datetime) -> Books:
    """The mirror at a glance; overdue as of today where the organisation is."""
    totals = await store.invoices.totals(today=today_at(connection, now))
    return Books(
        amounts=[Amount(t.currency, t.invoices, t.amount, t.overdue_invoices, t.overdue_amount) for t in totals],
        customers=await store.invoices.customers(),
    )


def today_at(connection: Connection, now: datetime) -> date:
    return now.astimezone(zone(connection.timezone)).date()
