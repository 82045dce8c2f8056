"""One trouble, one alert. What to do is decided purely; `settle` carries it out inside the run's last transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from core.agreement import Agreement
from core.errors import (
    BooksDiffer,
    ChangedInXero,
    DailyLimitReached,
    NeedsPerson,
    Ours,
    RateLimited,
    XeroError,
)
from core.notices import Trouble, encode
from storage.models import Connection, Incident
from storage.store import WorkspaceStore

TOLD_AFTER_FAILURES = 3
TOLD_AFTER = timedelta(hours=1)


class Cause(StrEnum):
    RECONNECT_NEEDED = "reconnect_needed"
    XERO_UNREACHABLE = "xero_unreachable"
    QUOTA_USED_UP = "quota_used_up"
    CHANGED_IN_XERO = "changed_in_xero"
    OURS = "ours"
    BOOKS_DIFFER = "books_differ"


def cause_of(error: XeroError) -> Cause:
    match error:
        case BooksDiffer():
            return Cause.BOOKS_DIFFER
        case ChangedInXero():
            return Cause.CHANGED_IN_XERO
        case NeedsPerson():
            return Cause.RECONNECT_NEEDED
        case DailyLimitReached() | RateLimited():
            return Cause.QUOTA_USED_UP
        case Ours():
            return Cause.OURS
    return Cause.XERO_UNREACHABLE


class Step(NamedTuple):
    """What follows from a failure: is the trouble told (or its message edited) now, or only counted?"""

    failures: int
    told: bool


def after_failure(
    error: XeroError, *, failures: int, since: datetime, told: bool, inhibited: bool, now: datetime
) -> Step:
    """Decide on a failure; `failures` and `since` are those of its incident before it.

    What needs a person is told at once. What may pass is told after three in a row or an hour, whichever is first.
    While `inhibited` by a trouble that only a reconnect ends, nothing new is told.
    """
    count = failures + 1
    due = isinstance(error, NeedsPerson | Ours) or count >= TOLD_AFTER_FAILURES or now - since >= TOLD_AFTER
    return Step(count, told or (due and not inhibited))


async def failed(store: WorkspaceStore, connection: Connection, error: XeroError, *, now: datetime) -> None:
    """Count the failure to the open incident of its cause, or open one; tell what is to be told."""
    cause = cause_of(error)
    open_ones = await store.incidents.open(connection.id)
    incident = next((i for i in open_ones if i.cause == cause), None)
    inhibited = cause != Cause.RECONNECT_NEEDED and any(i.cause == Cause.RECONNECT_NEEDED for i in open_ones)
    if incident is None:
        incident = Incident(
            workspace_id=store.id,
            connection_id=connection.id,
            cause=cause,
            error=error.code,
            failures=0,
            opened_at=now,
            last_failure_at=now,
        )
        store.incidents.add(incident)
    step = after_failure(
        error,
        failures=incident.failures,
        since=incident.opened_at,
        told=incident.told_at is not None,
        inhibited=inhibited,
        now=now,
    )
    incident.failures, incident.last_failure_at, incident.error = step.failures, now, error.code
    if step.told:
        incident.told_at = incident.told_at or now
        await tell(store, connection, incident, now=now)


async def recovered(store: WorkspaceStore, connection: Connection, *, now: datetime) -> None:
    """A sync has worked: every trouble of this connection is over, and says so where it was told. Only books that
    differ are another matter: they have to be compared anew."""
    over = [i for i in await store.incidents.open(connection.id) if i.cause != Cause.BOOKS_DIFFER]
    await close(store, connection, over, recovered=True, now=now)


async def books_compared(
    store: WorkspaceStore, connection: Connection, compared: Agreement | None, *, now: datetime
) -> None:
    """Open, count or close the trouble of books that differ; None where they were not compared."""
    if compared is None:
        return
    if compared.agree:
        over = [i for i in await store.incidents.open(connection.id) if i.cause == Cause.BOOKS_DIFFER]
        await close(store, connection, over, recovered=True, now=now)
    else:
        await failed(store, connection, BooksDiffer(f"ours {compared.invoices}, theirs {compared.theirs}"), now=now)


async def ended(store: WorkspaceStore, connection: Connection, *, now: datetime) -> None:
    """The connection was ended on purpose: its troubles are no more."""
    await close(store, connection, await store.incidents.open(connection.id), recovered=False, now=now)


async def close(
    store: WorkspaceStore, connection: Connection, incidents: Sequence[Incident], *, recovered: bool, now: datetime
) -> None:
    for incident in incidents:
        incident.closed_at = now
        if incident.told_at:
            await tell(store, connection, incident, recovered=recovered, now=now)


async def tell(
    store: WorkspaceStore, connection: Connection, incident: Incident, *, now: datetime, recovered: bool = False
) -> None:
    notice = Trouble(
        organisation=connection.tenant_name,
        connection_id=connection.id,
        error=incident.error,
        failures=incident.failures,
        opened_at=incident.opened_at,
        last_failure_at=incident.last_failure_at,
        last_success_at=connection.last_success_at,
        next_sync_at=connection.next_sync_at,
        closed_at=incident.closed_at,
        recovered=recovered,
    )
    await store.outbox.tell(f"incident:{incident.id}", encode(notice), now=now)
