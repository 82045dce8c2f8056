"""A few ticks that look at rows. The database knows when; APScheduler only knows to look."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from core import quotas
from core.budget import A_DAY, NIGHTLY_COST, can_afford
from core.clock import steady, utc_now
from core.guard import survived
from core.preferences import rhythm
from core.schedule import jitter, next_night
from core.sync import Syncing
from core.webhooks import Webhooks
from core.zones import zone
from storage.models import Connection, ConnectionState, Trigger
from storage.store import WorkspaceStore

log = structlog.get_logger()

CLAIM_AT_ONCE = 200
AFTER_ANOTHER = timedelta(minutes=2)
"""How long a full reading waits for the sync that is under way."""
NAMED_COST = 4
GATHERED_FOR = timedelta(seconds=2)
"""Changes come in bursts: a payment run is many events and one sync."""
BETWEEN_WEBHOOKS = timedelta(seconds=30)
"""Of one organisation."""
MISSED_ROUNDS = 3
LEAST_PATIENCE = 300.0
STOPPING_SECONDS = 5.0
"""So long ticks may go on when the process is told to stop; what they do is safe to be cut off."""
ATTEMPTS_KEPT = timedelta(days=1)
"""How long a used or expired connect link is still recognised."""


class Tick(NamedTuple):
    """Something to look at every so many seconds."""

    name: str
    seconds: float
    work: Callable[[], Awaitable[None]]

    @property
    def overdue_after(self) -> float:
        """Seconds after which a tick that has not come to an end is stuck."""
        return max(LEAST_PATIENCE, MISSED_ROUNDS * self.seconds)


class Scheduler:
    """Runs ticks, each never more than once at a time; one that fails is logged and runs again."""

    def __init__(self, ticks: list[Tick]) -> None:
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self.ticks = ticks
        self._ended: dict[str, float] = {}
        self._under_way: set[asyncio.Task[bool]] = set()
        self._stopping = False

    def start(self) -> None:
        self._stopping = False
        self._ended = {tick.name: steady() for tick in self.ticks}
        for tick in self.ticks:
            self._scheduler.add_job(
                self._once,
                "interval",
                seconds=tick.seconds,
                args=(tick,),
                id=tick.name,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
        self._scheduler.start()

    async def stop(self, *, within: float = STOPPING_SECONDS) -> None:
        """Begin no tick any more, let those under way come to their end, and cut off what takes longer (seconds)."""
        self._stopping = True
        late = set(self._under_way)
        if late:
            _ended, late = await asyncio.wait(late, timeout=within)
        for task in late:
            log.warning("tick.cut_off", tick=task.get_name())
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _once(self, tick: Tick) -> None:
        if self._stopping:
            return
        # A task of its own, so that APScheduler, which ends with all its jobs, does not cut it off.
        work = asyncio.create_task(survived(f"tick.{tick.name}", tick.work()), name=tick.name)
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)
        await asyncio.wait([work])
        self._ended[tick.name] = steady()

    def stuck(self, *, at: float) -> list[str]:
        """Names of the ticks that should have come to an end long ago; `at` as core.clock.steady() tells it."""
        return [tick.name for tick in self.ticks if at - self._ended.get(tick.name, at) > tick.overdue_after]


class Due:
    """Starts the automatic syncs whose time has come."""

    def __init__(self, syncing: Syncing, webhooks: Webhooks) -> None:
        self._database = syncing.database
        self._syncing = syncing
        self._webhooks = webhooks

    async def tick(self) -> None:
        """Claim due connections, insert their runs and hand them over, all in one transaction."""
        now = utc_now()

        def next_at(connection_id: UUID, sync_every: int | None) -> datetime:
            mine = rhythm(sync_every, self._syncing.every)
            return now + mine + jitter(connection_id, mine)

        async with self._database.unscoped() as unscoped:
            for workspace_id, connection_id in await unscoped.due.syncs(now=now, next_at=next_at, limit=CLAIM_AT_ONCE):
                store = unscoped.within(workspace_id)
                await self._syncing.hand_over(store, connection_id, Trigger.SCHEDULED, by=None, now=now)

    async def nightly(self) -> None:
        """Start the full readings whose night has come; one whose connection is busy or broken waits."""
        now = utc_now()
        async with self._database.unscoped() as unscoped:
            claimed = await unscoped.due.full_readings(now=now, next_at=now + AFTER_ANOTHER, limit=CLAIM_AT_ONCE)
            for workspace_id, connection_id in claimed:
                store = unscoped.within(workspace_id)
                connection = await store.connections.get(connection_id)
                if connection is None:
                    continue
                affordable = await self._can_afford(store, connection, NIGHTLY_COST, now=now)
                if connection.state == ConnectionState.ACTIVE and affordable:
                    asked = await self._syncing.queue(store, connection, Trigger.RECONCILE, by=None, now=now)
                    if asked.already:
                        continue
                connection.next_reconcile_at = next_night(connection_id, now, zone(connection.timezone))

    async def webhooks(self) -> None:
        """Start a small sync where webhooks told of changes: one for all that came within a moment."""
        now = utc_now()
        await self._webhooks.watch(now=now)
        async with self._database.unscoped() as unscoped:
            eventful = await unscoped.due.eventful(
                received_until=now - GATHERED_FOR, last_until=now - BETWEEN_WEBHOOKS, limit=CLAIM_AT_ONCE
            )
            for workspace_id, connection_id in eventful:
                store = unscoped.within(workspace_id)
                connection = await store.connections.get(connection_id)
                if connection is not None and await self._can_afford(
                    store, connection, NAMED_COST + NIGHTLY_COST, now=now
                ):
                    connection.webhook_at = now
                    await self._syncing.queue(store, connection, Trigger.WEBHOOK, by=None, now=now)

    async def _can_afford(self, store: WorkspaceStore, connection: Connection, cost: int, *, now: datetime) -> bool:
        """Whether enough of the day's calls is left for something that the automatic syncs would make good."""
        every = self._syncing.every
        left = quotas.of(connection, limit=self._syncing.daily_limit, now=now)
        automatic = await store.runs.automatic_cost(since=now - A_DAY)
        return can_afford(left, cost=cost, every=every, automatic=automatic)

    async def tidy(self) -> None:
        """Forget connect attempts long past."""
        async with self._database.unscoped() as unscoped:
            await unscoped.forget_expired_attempts(now=utc_now() - ATTEMPTS_KEPT)
