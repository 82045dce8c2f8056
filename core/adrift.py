"""Runs that are unfinished although the engine has nothing more to do for them: they are handed over anew.

It should never come to this. But an unfinished run keeps its organisation from being synced for ever, and rows are the
truth: after an odd recovery, or a restored backup, the engine may know less than they do.
"""

from datetime import timedelta

import structlog

from core.clock import utc_now
from core.engine import Engine
from storage.database import Database

log = structlog.get_logger()

AFTER = timedelta(minutes=1)
AT_ONCE = 500


class Adrift:
    def __init__(self, database: Database, engine: Engine) -> None:
        self._database = database
        self._engine = engine

    async def tick(self) -> None:
        async with self._database.asking() as unscoped:
            unfinished = await unscoped.due.unfinished_runs(queued_before=utc_now() - AFTER, limit=AT_ONCE)
        for run_id in await self._engine.adrift(unfinished):
            log.error("run.adrift", run=str(run_id))
            async with self._database.unscoped() as unscoped:
                await self._engine.enqueue(unscoped.session, run_id)
