"""Looks at troubles by the clock: what has lasted an hour is told, and who asked for quiet is reminded."""

from core.clock import utc_now
from core.guard import survived
from core.incidents import TOLD_AFTER
from core.troubles import Troubles
from storage.database import Database
from storage.unscoped import Owned

AT_ONCE = 200


class Watch:
    def __init__(self, database: Database, troubles: Troubles) -> None:
        self._database = database
        self._troubles = troubles

    async def tick(self) -> None:
        now = utc_now()
        async with self._database.unscoped() as unscoped:
            due = await unscoped.incidents_to_look_at(now=now, opened_before=now - TOLD_AFTER, limit=AT_ONCE)
        for owned in due:
            await survived("watch", self._look(owned), workspace=str(owned.workspace_id), incident=str(owned.id))

    async def _look(self, owned: Owned) -> None:
        async with self._database.workspace(owned.workspace_id) as store:
            await self._troubles.time_passed(store, owned.id, now=utc_now())
