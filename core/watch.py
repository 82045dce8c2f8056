"""Looks at troubles by the clock, apart from the syncs themselves.

What has lasted an hour is told, who asked for quiet is reminded, and where automatic syncs have not even begun for
three intervals, or one that began then has not come to its end, that is a trouble too.
"""

from collections import Counter
from datetime import datetime, timedelta

from core.clock import utc_now
from core.errors import NotRunning
from core.guard import survived
from core.incidents import TOLD_AFTER, Cause
from core.troubles import Troubles
from storage.database import Database
from storage.models import Connection
from storage.owned import Owned
from storage.store import WorkspaceStore

AT_ONCE = 200
MISSED_INTERVALS = 3
LOOKS = 3
"""So often in a row must a sync be seen to be overdue: after a night without power all are, for a moment."""


def stands_still(*, last_began_at: datetime, every: timedelta, now: datetime) -> bool:
    """Whether the automatic syncs of a connection, one of which is overdue, have not begun for three intervals."""
    return now - last_began_at >= MISSED_INTERVALS * every


class Watch:
    """One for the life of the process: it remembers what it saw."""

    def __init__(self, database: Database, troubles: Troubles, *, every: timedelta) -> None:
        self._database = database
        self._troubles = troubles
        self._every = every
        self._seen: Counter[Owned] = Counter()

    async def tick(self) -> None:
        """Tell what only time has made worth telling."""
        now = utc_now()
        async with self._database.asking() as unscoped:
            due = await unscoped.due.incidents(now=now, opened_before=now - TOLD_AFTER, limit=AT_ONCE)
        for owned in due:
            await survived("watch", self._look(owned), workspace=str(owned.workspace_id), incident=str(owned.id))

    async def _look(self, owned: Owned) -> None:
        async with self._database.workspace(owned.workspace_id) as store:
            await self._troubles.time_passed(store, owned.id, now=utc_now())

    async def running(self) -> None:
        """The dead man's switch: see whether automatic syncs run at all."""
        now = utc_now()
        overdue_since = now - (MISSED_INTERVALS - 1) * self._every
        async with self._database.asking() as unscoped:
            overdue = await unscoped.due.overdue_syncs(due_before=overdue_since, limit=AT_ONCE)
        self._seen = Counter({owned: self._seen[owned] + 1 for owned in overdue})
        for owned, looks in self._seen.items():
            if looks >= LOOKS:
                await survived("deadman", self._report(owned, now), workspace=str(owned.workspace_id))

    async def _report(self, owned: Owned, now: datetime) -> None:
        async with self._database.workspace(owned.workspace_id) as store:
            connection = await store.connections.get(owned.id)
            if connection is None or not stands_still(
                last_began_at=await last_began(store, connection), every=self._every, now=now
            ):
                return
            open_ones = await store.incidents.open(connection.id)
            if not any(incident.cause == Cause.NOT_RUNNING for incident in open_ones):
                await self._troubles.failed(store, connection, NotRunning("overdue"), now=now)


async def last_began(store: WorkspaceStore, connection: Connection) -> datetime:
    """When a sync last began; before the first one, when the connection was made."""
    began = await store.runs.last_started_at(connection.id)
    return max(began or connection.connected_at, connection.connected_at)
