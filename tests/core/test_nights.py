"""The night's full reading: when it is due, and that it happens."""

import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from core.schedule import next_night
from sandbox.xero import Organisation
from storage.models import ConnectionState, Trigger
from tests.core.house import House, owing

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Australia/Lord_Howe", "Asia/Kathmandu")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("seed", range(4))
def test_every_night_of_a_year_has_exactly_one_full_reading_at_night(zone: str, seed: int) -> None:
    where, who = ZoneInfo(zone), UUID(int=seed * 7919 + 61)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    nights = []
    for _ in range(365):
        now = next_night(who, now, where)
        nights.append(now.astimezone(where))
    days = [night.date() for night in nights]
    assert all(later - earlier == timedelta(days=1) for earlier, later in itertools.pairwise(days))
    assert all(1 <= night.hour < 5 for night in nights)


def test_a_minute_that_the_clocks_leave_out_comes_an_hour_later() -> None:
    half_past_two = UUID(int=90)
    at = next_night(half_past_two, datetime(2026, 3, 28, 20, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert at.astimezone(ZoneInfo("Europe/Berlin")) == datetime(2026, 3, 29, 3, 30, tzinfo=ZoneInfo("Europe/Berlin"))


def test_a_minute_that_comes_twice_is_used_once() -> None:
    half_past_two, berlin = UUID(int=90), ZoneInfo("Europe/Berlin")
    at = next_night(half_past_two, datetime(2026, 10, 24, 20, tzinfo=UTC), berlin)
    assert at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert next_night(half_past_two, at, berlin).astimezone(berlin).day == 26


def test_organisations_spread_over_the_night() -> None:
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert len({next_night(uuid4(), now, ZoneInfo("UTC")) for _ in range(200)}) > 100


async def test_the_night_reads_everything_once_without_a_word(house: House, acme: Organisation) -> None:
    owing(acme)
    workspace = await house.synced(acme)
    told = len(await house.told(workspace))
    due_at = (await house.connection(workspace)).next_reconcile_at
    assert due_at is not None
    house.clock.forward(due_at - house.now)
    await house.due.nightly()
    await house.due.nightly()
    await house.engine.drain()
    run = await house.run(workspace)
    assert (run.trigger, run.asked_by) == (Trigger.RECONCILE, None)
    assert run.agreement is not None
    assert len(await house.runs(workspace)) == 2
    assert len(await house.told(workspace)) == told
    again = (await house.connection(workspace)).next_reconcile_at
    assert again is not None
    assert timedelta(hours=23) < again - due_at < timedelta(hours=25)


async def test_a_night_slept_through_is_made_up_for(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    house.pass_time(days=3)
    await house.due.nightly()
    await house.engine.drain()
    assert [run.trigger for run in await house.runs(workspace)] == [Trigger.INITIAL, Trigger.RECONCILE]


async def test_the_night_waits_for_a_sync_under_way(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    house.pass_time(days=1)
    await house.due.tick()
    await house.due.nightly()
    await house.engine.drain()
    house.pass_time(minutes=3)
    await house.due.nightly()
    await house.engine.drain()
    assert [run.trigger for run in await house.runs(workspace)][1:] == [Trigger.SCHEDULED, Trigger.RECONCILE]


async def test_a_connection_that_needs_a_person_is_left_alone_at_night(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    async with house.database.workspace(workspace) as store:
        connection = await store.connections.latest()
        assert connection is not None
        connection.state = ConnectionState.RECONNECT_NEEDED
    house.pass_time(days=1)
    await house.due.nightly()
    assert len(await house.runs(workspace)) == 1


async def test_a_disconnected_organisation_has_no_nights(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    assert (await house.connection(workspace)).next_reconcile_at is None
