"""Automatic syncs: begun when they are due, once, and never for what has been disconnected. On both databases."""

import asyncio
import logging

import pytest
from structlog.testing import capture_logs

from core.scheduler import Scheduler, Tick
from sandbox.xero import Organisation
from storage.models import RunState, Trigger
from tests.core.house import EVERY, House, outstanding, owing


async def test_a_sync_begins_when_it_is_due_and_not_before(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    owing(acme)
    house.pass_time(minutes=14)
    await house.due.tick()
    assert house.engine.waiting == []
    house.pass_time(minutes=1)
    await house.due.tick()
    await house.engine.drain()
    run = await house.run(workspace)
    assert (run.trigger, run.state) == (Trigger.SCHEDULED, RunState.SUCCEEDED)
    assert await house.mirror(workspace) == outstanding(acme)


async def test_two_ticks_at_the_same_moment_begin_one_sync(house: House, acme: Organisation) -> None:
    await house.synced(acme)
    house.pass_time(minutes=15)
    await asyncio.gather(house.due.tick(), house.due.tick(), house.due.tick())
    assert len(house.engine.waiting) == 1


async def test_while_a_sync_is_under_way_no_second_one_begins(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    house.pass_time(minutes=15)
    await house.syncing.request(workspace, by="U1", now=house.now)
    await house.due.tick()
    assert len(house.engine.waiting) == 1


async def test_after_a_week_asleep_one_sync_begins(house: House, acme: Organisation) -> None:
    await house.synced(acme)
    house.pass_time(days=7)
    await house.due.tick()
    await house.due.tick()
    assert len(house.engine.waiting) == 1


async def test_after_a_failure_the_next_sync_comes_sooner_and_after_a_success_in_its_rhythm(
    house: House, acme: Organisation
) -> None:
    workspace = await house.synced(acme)
    house.xero.break_next("500", times=None)
    await house.sync(workspace)
    connection = await house.connection(workspace)
    assert connection.next_sync_at is not None
    assert (connection.next_sync_at - house.now).total_seconds() == 120
    house.xero.heal()
    await house.sync(workspace)
    assert (await house.connection(workspace)).next_sync_at == house.now + EVERY


async def test_a_used_up_day_is_waited_out(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    house.xero.break_next("429-day", seconds=30_000)
    await house.sync(workspace)
    connection = await house.connection(workspace)
    assert connection.next_sync_at is not None
    assert (connection.next_sync_at - house.now).total_seconds() == 30_000
    house.line.calls.clear()
    house.pass_time(hours=8)
    await house.due.tick()
    assert (house.engine.waiting, house.line.calls) == ([], [])


async def test_what_has_been_disconnected_is_passed_over_even_where_a_time_was_left(
    house: House, acme: Organisation
) -> None:
    workspace = await house.synced(acme)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    async with house.database.workspace(workspace) as store:
        connection = await store.connections.latest()
        assert connection is not None
        connection.next_sync_at = house.now
    await house.due.tick()
    assert house.engine.waiting == []
    assert (await house.connection(workspace)).next_sync_at is None


async def test_tidying_forgets_links_long_past(house: House, acme: Organisation) -> None:
    workspace = await house.connect(acme)
    link = await house.connecting.begin(workspace, by="U1", now=house.now)
    house.pass_time(hours=26)
    await house.due.tidy()
    async with house.database.unscoped() as unscoped:
        assert await unscoped.attempt_by_link(link) is None


async def test_a_tick_that_fails_is_logged_and_runs_again_beside_the_others() -> None:
    ran: list[str] = []

    async def stumble() -> None:
        ran.append("stumbling")
        raise ZeroDivisionError

    async def work() -> None:
        ran.append("working")

    scheduler = Scheduler([Tick("stumbling", 0.02, stumble), Tick("working", 0.02, work)])
    with capture_logs() as logs:
        scheduler.start()
        async with asyncio.timeout(10):
            while ran.count("stumbling") < 2 or ran.count("working") < 2:  # noqa: ASYNC110  # ticks tell nobody
                await asyncio.sleep(0.01)
        await scheduler.stop()
    assert {line["what"] for line in logs} == {"tick.stumbling"}


async def test_stopping_lets_a_tick_come_to_its_end_and_begins_none(caplog: pytest.LogCaptureFixture) -> None:
    began, ended, goes_on = [], [], asyncio.Event()

    async def work() -> None:
        began.append(1)
        await goes_on.wait()
        ended.append(1)

    scheduler = Scheduler([Tick("one", 0.01, work), Tick("other", 0.01, work)])
    with capture_logs() as logs, caplog.at_level(logging.WARNING):
        scheduler.start()
        async with asyncio.timeout(10):
            while len(began) < 2:  # noqa: ASYNC110  # ticks tell nobody
                await asyncio.sleep(0.01)
        stopping = asyncio.create_task(scheduler.stop())
        await asyncio.sleep(0.05)
        assert (stopping.done(), ended) == (False, [])
        goes_on.set()
        await stopping
        assert (began, ended) == ([1, 1], [1, 1])
        await asyncio.sleep(0.05)
    assert len(began) == 2
    assert (logs, [line.message for line in caplog.records if line.name == "apscheduler.executors.default"]) == ([], [])


async def test_a_tick_that_does_not_end_is_cut_off_and_named(caplog: pytest.LogCaptureFixture) -> None:
    began = asyncio.Event()

    async def hang() -> None:
        began.set()
        await asyncio.Event().wait()

    scheduler = Scheduler([Tick("endless", 0.01, hang)])
    with capture_logs() as logs, caplog.at_level(logging.ERROR):
        scheduler.start()
        await asyncio.wait_for(began.wait(), 10)
        await asyncio.wait_for(scheduler.stop(within=0.05), 10)
    assert [(line["event"], line["tick"]) for line in logs] == [("tick.cut_off", "endless")]
    assert caplog.records == []
