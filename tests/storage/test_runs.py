"""Sync runs: one unfinished at a time, and only the current attempt may write."""

import asyncio
from datetime import UTC, timedelta, timezone
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy.exc import IntegrityError, StatementError

from storage.models import RunState, Trigger
from storage.runs import Figures, RunTotals
from tests.builders import NOW, a_connection, a_run, a_workspace

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
AUCKLAND = timezone(timedelta(hours=13))


@pytest_asyncio.fixture(loop_scope="session")
async def acme(shared_database):
    return await a_connection(shared_database, await a_workspace(shared_database))


async def queue(database, connection, trigger=Trigger.MANUAL):
    async with database.workspace(connection.workspace_id) as store:
        return await store.runs.add(connection.id, trigger, now=NOW, asked_by="U1")


async def start(database, run, *, now=NOW):
    async with database.workspace(run.workspace_id) as store:
        return await store.runs.start(run.id, now=now)


async def write(database, run, *, attempt, **values):
    async with database.workspace(run.workspace_id) as store:
        return await store.runs.write(run.id, attempt=attempt, **values)


async def row(database, run):
    async with database.reading(run.workspace_id) as store:
        return await store.runs.get(run.id)


async def test_a_run_is_queued_first(shared_database, acme):
    run = await row(shared_database, await queue(shared_database, acme))
    assert (run.state, run.attempt, run.queued_at, run.asked_by) == (RunState.QUEUED, 0, NOW, "U1")
    assert (run.started_at, run.finished_at) == (None, None)


async def test_of_many_who_ask_at_once_one_gets_a_run(shared_database, acme):
    asked = await asyncio.gather(*(queue(shared_database, acme) for _ in range(6)))
    [run] = [one for one in asked if one]
    async with shared_database.reading(acme.workspace_id) as store:
        assert (await store.runs.unfinished(acme.id)).id == run.id


async def test_asking_in_vain_leaves_the_transaction_usable(shared_database, acme):
    await queue(shared_database, acme)
    async with shared_database.workspace(acme.workspace_id) as store:
        assert await store.runs.add(acme.id, Trigger.MANUAL, now=NOW) is None
        store.audit.add("U1", "asked again", at=NOW)
    async with shared_database.reading(acme.workspace_id) as store:
        assert [event.what for event in await store.audit.latest(1)] == ["asked again"]


async def test_a_run_of_a_connection_that_is_not_there_is_refused_loudly(shared_database, acme):
    with pytest.raises(IntegrityError):
        async with shared_database.workspace(acme.workspace_id) as store:
            await store.runs.add(uuid4(), Trigger.MANUAL, now=NOW)


async def test_each_start_is_the_next_attempt_and_the_first_moment_stays(shared_database, acme):
    run = await queue(shared_database, acme)
    assert await start(shared_database, run, now=NOW + SECOND) == 1
    assert await start(shared_database, run, now=NOW + 2 * SECOND) == 2
    started = await row(shared_database, run)
    assert (started.state, started.attempt, started.started_at) == (RunState.RUNNING, 2, NOW + SECOND)


async def test_workers_that_start_at_once_get_different_numbers(shared_database, acme):
    run = await queue(shared_database, acme)
    assert sorted(await asyncio.gather(*(start(shared_database, run) for _ in range(6)))) == [1, 2, 3, 4, 5, 6]


async def test_the_moment_of_a_start_may_be_told_in_any_zone(shared_database, acme):
    run = await queue(shared_database, acme)
    await start(shared_database, run, now=NOW.astimezone(AUCKLAND))
    started_at = (await row(shared_database, run)).started_at
    assert (started_at, started_at.tzinfo) == (NOW, UTC)


async def test_the_moment_of_a_start_needs_a_zone(shared_database, acme):
    run = await queue(shared_database, acme)
    with pytest.raises(StatementError, match="without a time zone"):
        await start(shared_database, run, now=NOW.replace(tzinfo=None))


async def test_a_finished_run_does_not_start_again(shared_database, acme):
    run = await a_run(shared_database, acme, finished_at=NOW, state=RunState.SUCCEEDED)
    assert await start(shared_database, run) is None
    assert (await row(shared_database, run)).state == RunState.SUCCEEDED


async def test_a_run_that_is_not_there_does_not_start(shared_database, acme):
    async with shared_database.workspace(acme.workspace_id) as store:
        assert await store.runs.start(uuid4(), now=NOW) is None


async def test_the_current_attempt_writes(shared_database, acme):
    run = await queue(shared_database, acme)
    attempt = await start(shared_database, run)
    assert await write(shared_database, run, attempt=attempt, page=3, added=40)
    written = await row(shared_database, run)
    assert (written.page, written.added) == (3, 40)


async def test_an_attempt_that_was_overtaken_writes_nothing(shared_database, acme):
    run = await queue(shared_database, acme)
    stale = await start(shared_database, run)
    await start(shared_database, run)
    assert not await write(shared_database, run, attempt=stale, page=3)
    assert (await row(shared_database, run)).page == 0


async def test_nothing_is_written_to_a_run_that_is_over(shared_database, acme):
    run = await queue(shared_database, acme)
    attempt = await start(shared_database, run)
    assert await write(shared_database, run, attempt=attempt, finished_at=NOW, state=RunState.FAILED)
    assert not await write(shared_database, run, attempt=attempt, state=RunState.SUCCEEDED)
    assert (await row(shared_database, run)).state == RunState.FAILED


async def test_a_run_is_given_up_whatever_it_is_doing(shared_database, acme):
    run = await queue(shared_database, acme)
    attempt = await start(shared_database, run)
    async with shared_database.workspace(acme.workspace_id) as store:
        await store.runs.give_up(acme.id, error="Disconnected", now=NOW)
    ended = await row(shared_database, run)
    assert (ended.state, ended.error, ended.finished_at) == (RunState.FAILED, "Disconnected", NOW)
    assert not await write(shared_database, run, attempt=attempt, page=1)


async def test_giving_up_leaves_finished_runs_as_they_ended(shared_database, acme):
    run = await a_run(shared_database, acme, finished_at=NOW, state=RunState.SUCCEEDED)
    async with shared_database.workspace(acme.workspace_id) as store:
        await store.runs.give_up(acme.id, error="Disconnected", now=NOW)
    assert (await row(shared_database, run)).state == RunState.SUCCEEDED


async def test_the_end_of_a_run_makes_room_for_the_next(shared_database, acme):
    run = await queue(shared_database, acme)
    await write(shared_database, run, attempt=await start(shared_database, run), finished_at=NOW)
    assert await queue(shared_database, acme) is not None


async def test_the_newest_runs_come_first(shared_database, acme):
    runs = [
        await a_run(shared_database, acme, queued_at=NOW + minutes * 60 * SECOND, finished_at=NOW)
        for minutes in (1, 3, 2)
    ]
    async with shared_database.reading(acme.workspace_id) as store:
        assert [run.id for run in await store.runs.latest(2)] == [runs[1].id, runs[2].id]


async def test_totals_count_all_runs_and_how_the_finished_ones_ended(shared_database, acme):
    for state in (RunState.SUCCEEDED, RunState.SUCCEEDED, RunState.FAILED):
        await a_run(shared_database, acme, state=state, finished_at=NOW)
    await a_run(shared_database, acme)
    async with shared_database.reading(acme.workspace_id) as store:
        assert await store.runs.totals() == RunTotals(total=4, succeeded=2, failed=1)


async def test_calls_are_summed_from_a_moment_on(shared_database, acme):
    for calls, queued_at in ((100, NOW - SECOND), (20, NOW), (3, NOW + SECOND)):
        await a_run(shared_database, acme, calls=calls, queued_at=queued_at, finished_at=NOW)
    async with shared_database.reading(acme.workspace_id) as store:
        assert await store.runs.calls_since(NOW) == 23


async def test_what_syncs_cost_is_summed_from_when_the_day_and_the_month_began(shared_database, acme):
    shape = {"finished_at": NOW, "state": RunState.SUCCEEDED}
    await a_run(shared_database, acme, calls=1000, bytes=1000, queued_at=NOW - 40 * DAY, **shape)
    await a_run(shared_database, acme, calls=100, bytes=100, queued_at=NOW - 2 * DAY, **shape)
    for calls, trigger, state in (
        (10, Trigger.SCHEDULED, RunState.SUCCEEDED),
        (4, Trigger.SCHEDULED, RunState.SUCCEEDED),
        (500, Trigger.SCHEDULED, RunState.FAILED),
        (700, Trigger.MANUAL, RunState.SUCCEEDED),
    ):
        await a_run(
            shared_database, acme, calls=calls, bytes=1, queued_at=NOW, trigger=trigger, state=state, finished_at=NOW
        )
    async with shared_database.reading(acme.workspace_id) as store:
        found = await store.runs.figures(today=NOW, month=NOW - 30 * DAY, a_day_ago=NOW - DAY)
    assert found == Figures(RunTotals(6, 5, 1), calls_today=1214, bytes_this_month=104, automatic_cost=7.0)


async def test_only_a_success_before_it_makes_a_run_not_the_first(shared_database, acme):
    await a_run(shared_database, acme, state=RunState.FAILED, finished_at=NOW, queued_at=NOW - 9 * SECOND)
    first = await a_run(shared_database, acme, state=RunState.SUCCEEDED, finished_at=NOW, queued_at=NOW)
    second = await a_run(shared_database, acme, queued_at=NOW + SECOND)
    async with shared_database.reading(acme.workspace_id) as store:
        assert not await store.runs.succeeded_before(first)
        assert await store.runs.succeeded_before(second)


async def test_the_owner_of_a_run_is_told_before_its_workspace_is_known(shared_database, acme):
    run = await queue(shared_database, acme)
    async with shared_database.unscoped() as unscoped:
        assert await unscoped.run_owner(run.id) == acme.workspace_id
        assert await unscoped.run_owner(uuid4()) is None
