"""What is forgotten by itself, and when: so that no table grows for ever.

In batches of a transaction each: nobody has to wait for a long deletion. What is not named here is bounded otherwise:
connect links, requests of Slack's and tries to install live for a day at most, Homes for a month unopened; the mirror
and what is decided about it have a row for each record in Xero; letters and the audit trail are kept, as evidence.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from core.clock import utc_now
from core.engine import Engine
from core.webhooks import KEPT as WEBHOOKS_KEPT
from storage.database import Database
from storage.old_rows import OldRows
from storage.unscoped import Unscoped

log = structlog.get_logger()

QUIET_RUNS_KEPT = timedelta(days=35)
"""Automatic syncs that found nothing: nearly all there are."""
RUNS_KEPT = timedelta(days=400)
NEWS_OF_RUNS_KEPT = timedelta(days=90)
MESSAGES_KEPT = timedelta(days=400)
INCIDENTS_KEPT = timedelta(days=400)
ENGINE_KEPT = timedelta(days=1)
"""The engine's own rows of runs at their end; what came of them stands in ours."""
AT_ONCE = 500
MOST_BATCHES = 200
"""Of each kind, each time: what is left over then goes the next time."""

Some = Callable[[Unscoped, datetime], Awaitable[int]]


class Retention:
    def __init__(self, database: Database, engine: Engine) -> None:
        self._database = database
        self._engine = engine

    async def tick(self) -> None:
        now = utc_now()
        kinds: dict[str, Some] = {"runs": runs, "messages": messages, "incidents": incidents, "webhooks": webhooks}
        gone = {kind: await self._forget(some, now) for kind, some in kinds.items()}
        gone["engine"] = await self._engine.forget(before=now - ENGINE_KEPT, limit=AT_ONCE * MOST_BATCHES)
        if any(gone.values()):
            log.info("retention.forgotten", **gone)

    async def _forget(self, some: Some, now: datetime) -> int:
        gone = 0
        for _ in range(MOST_BATCHES):
            async with self._database.unscoped() as unscoped:
                batch = await some(unscoped, now)
            gone += batch
            if not batch:
                break
        return gone


async def runs(unscoped: Unscoped, now: datetime) -> int:
    old = OldRows(unscoped.session)
    return await old.runs(quiet_before=now - QUIET_RUNS_KEPT, before=now - RUNS_KEPT, limit=AT_ONCE)


async def messages(unscoped: Unscoped, now: datetime) -> int:
    old = OldRows(unscoped.session)
    return await old.messages(of_runs_before=now - NEWS_OF_RUNS_KEPT, before=now - MESSAGES_KEPT, limit=AT_ONCE)


async def incidents(unscoped: Unscoped, now: datetime) -> int:
    return await OldRows(unscoped.session).incidents(before=now - INCIDENTS_KEPT, limit=AT_ONCE)


async def webhooks(unscoped: Unscoped, now: datetime) -> int:
    return await OldRows(unscoped.session).webhook_events(before=now - WEBHOOKS_KEPT, limit=AT_ONCE)
