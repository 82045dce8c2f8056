"""Keeping account of what Xero still allows today, and saying so before it runs out."""

from datetime import datetime, timedelta

from core.budget import Budget, budget, stretched
from core.errors import DailyLimitReached, XeroError
from core.notices import QuotaLow, encode
from core.xero.client import Meter
from core.zones import zone
from storage.models import Connection
from storage.store import WorkspaceStore

WITHOUT_A_WORD = timedelta(hours=1)
"""How long a used-up day is taken to last where Xero does not say."""
LOOKED_BACK = timedelta(days=1)


def must_be_open(connection: Connection, *, now: datetime) -> None:
    """Raise DailyLimitReached, without asking Xero, as long as it has said that it takes no more calls."""
    opens_at = connection.quota_opens_at
    if opens_at is not None and now < opens_at:
        raise DailyLimitReached("closed since an earlier call", retry_at=opens_at)


def read_meter(connection: Connection, meter: Meter, *, now: datetime) -> None:
    """Keep what Xero told last; more left than before means that its day has begun anew meanwhile."""
    if meter.day_left is not None:
        if connection.day_left is not None and meter.day_left > connection.day_left:
            connection.day_resets_by = now
        connection.day_left, connection.minute_left, connection.metered_at = meter.day_left, meter.minute_left, now


def of(connection: Connection, *, limit: int, now: datetime) -> Budget:
    told_at, resets_by = connection.metered_at, connection.day_resets_by
    return budget(limit, connection.day_left, told_at, resets_by=resets_by, now=now)


async def cost_of_one(store: WorkspaceStore, *, now: datetime) -> float:
    """What an automatic sync takes of the day's calls."""
    return await store.runs.automatic_cost(since=now - LOOKED_BACK)


async def settle(
    store: WorkspaceStore,
    connection: Connection,
    error: XeroError | None,
    *,
    every: timedelta,
    cost: float,
    limit: int,
    now: datetime,
) -> timedelta:
    """Return how far apart automatic syncs of that `cost` have to be from now on; tell what is to be told of the day's
    calls."""
    if isinstance(error, DailyLimitReached):
        connection.quota_opens_at = error.retry_at or now + WITHOUT_A_WORD
    elif error is None:
        connection.quota_opens_at = None
    left = of(connection, limit=limit, now=now)
    spread = stretched(every, left, cost=cost)
    connection.stretched_to = int(spread.total_seconds()) if spread > every else None
    if left.low and left.used is not None and not isinstance(error, DailyLimitReached):
        today = now.astimezone(zone(connection.timezone)).date()
        notice = QuotaLow(connection.tenant_name, left.used, limit, int(spread.total_seconds()))
        card = f"quota-low:{connection.id}:{today}"
        if await store.outbox.get(card) is None:
            await store.outbox.tell(card, encode(notice), now=now)
    return spread
