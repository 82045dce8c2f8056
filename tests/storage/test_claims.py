"""Work that is due goes to one claimer only, however many ask at once."""

import asyncio
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import text

from sandbox.ahead import is_busy
from storage.database import Database
from storage.models import ConnectionState, Trigger
from storage.slack_models import Preferences
from tests.builders import NOW, a_connection, a_run, a_workspace

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUARTER = timedelta(minutes=15)
NEXT = NOW + QUARTER
CLAIMS = {
    "next_sync_at": lambda due, next_at, **which: due.syncs(next_at=lambda _whose, _every: next_at, **which),
    "farewell_at": lambda due, next_at, **which: due.farewells(next_at=next_at, **which),
}


async def due(database, column, *minutes):
    """A connection each, due so many minutes before NOW; their ids."""
    state = ConnectionState.ACTIVE if column == "next_sync_at" else ConnectionState.DISCONNECTED
    return [
        (
            await a_connection(
                database, await a_workspace(database), state=state, **{column: NOW - timedelta(minutes=ago)}
            )
        ).id
        for ago in minutes
    ]


async def claim(database, column, *, limit=100, now=NOW):
    async with database.unscoped() as unscoped:
        return await claim_in(unscoped, column, limit=limit, now=now)


async def claim_in(unscoped, column, *, limit=100, now=NOW):
    claimed = await CLAIMS[column](unscoped.due, now + QUARTER, now=now, limit=limit)
    return [owned.id for owned in claimed]


@pytest.mark.parametrize("column", CLAIMS)
async def test_what_is_due_is_claimed_and_what_is_not_waits(empty_database, column):
    [now_due, exactly, _later] = await due(empty_database, column, 1, 0, -1)
    assert set(await claim(empty_database, column)) == {now_due, exactly}


@pytest.mark.parametrize("column", CLAIMS)
async def test_what_was_claimed_is_not_due_again_before_its_next_time(empty_database, column):
    mine = await due(empty_database, column, 1)
    assert await claim(empty_database, column) == mine
    assert await claim(empty_database, column, now=NEXT - timedelta(seconds=1)) == []
    assert await claim(empty_database, column, now=NEXT) == mine


@pytest.mark.parametrize("column", CLAIMS)
async def test_a_claim_takes_so_many_and_the_longest_overdue_first(empty_database, column):
    [_young, old, oldest] = await due(empty_database, column, 1, 5, 9)
    assert set(await claim(empty_database, column, limit=2)) == {old, oldest}


@pytest.mark.parametrize("column", CLAIMS)
async def test_many_claimers_at_once_share_and_nobody_is_given_the_same(empty_database, column):
    expected = await due(empty_database, column, *range(1, 21))
    shares = await asyncio.gather(*(claim(empty_database, column, limit=4) for _ in range(8)))
    while len(claimed := [one for share in shares for one in share]) < len(expected):
        shares.append(await claim(empty_database, column, limit=4))  # a claimer may have passed over what another held
    assert sorted(claimed) == sorted(expected)


async def test_claims_of_separate_processes_share_too(empty_database):
    expected = await due(empty_database, "next_sync_at", *range(1, 13))
    other = Database(empty_database.url.render_as_string(hide_password=False))
    shares = await asyncio.gather(*(claim(d, "next_sync_at") for d in (empty_database, other, empty_database, other)))
    await other.close()
    assert sorted(one for share in shares for one in share) == sorted(expected)


async def test_a_claim_says_whose_connection_it_is(empty_database):
    workspace_id = await a_workspace(empty_database)
    connection = await a_connection(empty_database, workspace_id, next_sync_at=NOW)
    async with empty_database.unscoped() as unscoped:
        [owned] = await unscoped.due.syncs(now=NOW, next_at=lambda _whose, _every: NEXT, limit=1)
    assert owned == (workspace_id, connection.id)


async def test_when_a_sync_is_due_again_is_asked_with_the_rhythm_of_its_workspace(empty_database):
    [usual, often] = await due(empty_database, "next_sync_at", 2, 1)
    async with empty_database.unscoped() as unscoped:
        whose = await unscoped.owner_of(often)
        await unscoped.within(whose).preferences.save(Preferences(workspace_id=whose, mentions=[], sync_every=300))
        asked = []
        claimed = await unscoped.due.syncs(now=NOW, next_at=lambda *it: asked.append(it) or NEXT, limit=9)
    assert asked == [(usual, None), (often, 300)]
    assert [owned.id for owned in claimed] == [usual, often]


async def test_what_was_disconnected_is_not_claimed_and_is_due_no_more(empty_database):
    workspace_id = await a_workspace(empty_database)
    ended = await a_connection(
        empty_database, workspace_id, state=ConnectionState.DISCONNECTED, next_sync_at=NOW - QUARTER
    )
    assert await claim(empty_database, "next_sync_at") == []
    async with empty_database.reading(workspace_id) as store:
        assert (await store.connections.get(ended.id)).next_sync_at is None


async def test_a_claim_that_comes_to_nothing_can_be_made_again(empty_database):
    mine = await due(empty_database, "next_sync_at", 1)

    async def fails() -> None:
        async with empty_database.unscoped() as unscoped:
            await claim_in(unscoped, "next_sync_at")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    assert await claim(empty_database, "next_sync_at") == mine


async def test_farewells_and_syncs_are_claimed_apart(empty_database):
    [to_sync] = await due(empty_database, "next_sync_at", 1)
    [to_end] = await due(empty_database, "farewell_at", 1)
    assert await claim(empty_database, "next_sync_at") == [to_sync]
    assert await claim(empty_database, "farewell_at") == [to_end]


@pytest_asyncio.fixture(loop_scope="session")
async def on_postgres(migrated_postgres_url):
    opened = Database(migrated_postgres_url)
    yield opened
    await opened.close()


async def test_on_postgresql_a_claimer_passes_over_what_another_is_taking(on_postgres):
    [second, first] = await due(on_postgres, "next_sync_at", 1, 2)
    async with on_postgres.unscoped() as slow:
        assert await claim_in(slow, "next_sync_at", limit=1) == [first]
        assert await asyncio.wait_for(claim(on_postgres, "next_sync_at", limit=1), 5) == [second]
        assert await asyncio.wait_for(claim(on_postgres, "next_sync_at", limit=1), 5) == []


async def test_on_postgresql_a_claim_keeps_its_limit_whatever_the_plan(on_postgres):
    await due(on_postgres, "next_sync_at", *range(10))
    async with on_postgres.unscoped() as unscoped:
        for way in ("hashjoin", "mergejoin", "hashagg", "sort", "material"):
            await unscoped.session.exec(text(f"SET LOCAL enable_{way} = off"))
        assert len(await claim_in(unscoped, "next_sync_at", limit=3)) == 3


async def test_unfinished_runs_are_told_oldest_first(empty_database):
    runs = [
        await a_run(
            empty_database, await a_connection(empty_database, await a_workspace(empty_database)), queued_at=NOW + wait
        )
        for wait in (timedelta(minutes=2), timedelta(0), timedelta(minutes=1))
    ]
    async with empty_database.unscoped() as unscoped:
        found = await unscoped.due.unfinished_runs(queued_before=NOW + timedelta(minutes=1), limit=9)
        first = await unscoped.due.unfinished_runs(queued_before=NOW + timedelta(minutes=1), limit=1)
    assert found == [runs[1].id, runs[2].id]
    assert first == [runs[1].id]


async def test_a_finished_run_is_nobodys_work(empty_database):
    connection = await a_connection(empty_database, await a_workspace(empty_database))
    await a_run(empty_database, connection, Trigger.MANUAL, finished_at=NOW)
    assert not await is_busy(empty_database, NOW)


@pytest.mark.parametrize("column", CLAIMS)
async def test_there_is_something_to_do_once_a_connection_is_due(empty_database, column):
    await due(empty_database, column, -1)
    assert not await is_busy(empty_database, NOW)
    assert await is_busy(empty_database, NOW + timedelta(minutes=1))


async def test_there_is_something_to_do_while_a_run_is_unfinished(empty_database):
    await a_run(empty_database, await a_connection(empty_database, await a_workspace(empty_database)))
    assert await is_busy(empty_database, NOW)
