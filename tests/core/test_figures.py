"""The installation in numbers, and in a terminal's tables: the same on both databases."""

from datetime import timedelta

from core.figures import read
from storage.models import OutboxMessage, RunState, SyncRun, Trigger
from tests.builders import NOW, a_connection, a_workspace


async def test_rows_are_counted_and_the_oldest_is_found_on_both_databases(database):
    workspace_id = await a_workspace(database)
    connection = await a_connection(database, workspace_id)
    async with database.workspace(workspace_id) as store:
        mine = {"workspace_id": workspace_id}
        row = await store.connections.get(connection.id)
        row.next_sync_at, row.day_left, row.metered_at = NOW - timedelta(minutes=5), 40, NOW
        waits = NOW - timedelta(minutes=3)
        ran = {"connection_id": connection.id, "trigger": Trigger.MANUAL, "queued_at": NOW}
        store.session.add(OutboxMessage(**mine, card="c", notice="{}", created_at=waits, next_attempt_at=waits))
        store.session.add(SyncRun(**mine, **ran, state=RunState.FAILED, error="XeroUnavailable", finished_at=NOW))
    found = await read(database, limit=1000, now=NOW)
    assert (found.connections, found.overdue, found.lateness) == ({"active": 1}, 1, 300)
    assert (found.outbox, found.outbox_age) == (1, 180)
    assert (found.lowest_quota, found.below_reserve) == (40, 1)
    async with database.asking() as unscoped:
        [seen] = await unscoped.overview.connections()
        [run] = await unscoped.overview.failing()
        assert await unscoped.overview.run(run.id.hex[:8]) == [run]
        assert await unscoped.overview.runs(failed=True) == [run]
        assert (seen.trouble, run.error) == (None, "XeroUnavailable")
