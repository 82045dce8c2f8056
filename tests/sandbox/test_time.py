"""Time passes in the sandbox as it would have: the product does what was due, when it was due."""

import asyncio
import itertools
import time
from datetime import UTC, datetime, timedelta
from datetime import time as wall_time
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from core.reminders.slots import SendTimes
from core.reminders.workdays import working_days
from core.scheduler import Tick
from sandbox.ahead import QUESTION, REPEATED_AFTER, look_ahead, put_off, worth_looking
from sandbox.clock import clock_change_after
from sandbox.desk import Desk
from sandbox.jumping import JumpingEngine
from sandbox.passing import Gate
from storage.database import Database
from storage.models import Incident, RunState, SyncRun, Trigger
from tests.engines import InlineEngine

ALSO_DUE = {
    *("connection.farewell_at", "connection.look_at", "support_request.send_at", "preferences.digest_at"),
}
"""Compared with the time by a tick, though not called `next_…` or `…_until`."""


async def runs(desk: Desk, trigger: Trigger = Trigger.SCHEDULED) -> list[datetime]:
    """When they were queued, in order."""
    [place] = await places(desk)
    async with desk.solido.database.reading(place.workspace_id) as store:
        found = await store.session.exec(select(SyncRun.queued_at).where(col(SyncRun.trigger) == trigger))
    return sorted(found.all())


async def places(desk: Desk):
    async with desk.solido.database.unscoped() as unscoped:
        team = await unscoped.team(enterprise_id="", slack_team_id=desk.slack.team.id)
        return await unscoped.places(team.id)


async def test_an_hour_holds_the_automatic_syncs_of_an_hour(connected: Desk):
    began = desk_now(connected)
    lines = await connected.forward(3600)
    ran = await runs(connected)
    assert 3 <= len(ran) <= 4
    assert all(later - earlier >= timedelta(minutes=14) for earlier, later in itertools.pairwise(ran))
    assert timedelta(hours=1) <= desk_now(connected) - began < timedelta(hours=1, minutes=1)
    assert any(line.what == "xero" for line in lines)


async def test_a_long_time_is_bounded_and_passes_over_nothing_but_automatic_syncs(connected: Desk):
    await start_reminders(connected)
    await connected.forward(60)
    began, connected.passing.real_seconds = desk_now(connected), 0.5
    lines = await connected.forward(2 * 86400)
    assert any("were passed over" in line.text for line in lines)
    ran = [began, *(at for at in await runs(connected) if at > began), began + timedelta(days=2)]
    assert 9 < len(ran) < 60
    assert max(later - earlier for earlier, later in itertools.pairwise(ran)) < timedelta(hours=6), "the books are good"
    assert {at.day for at in await runs(connected, Trigger.RECONCILE)} == {3, 4}
    slots = {day: [one.at for one in connected.mailbox.letters if one.at.day == day] for day in (3, 4)}
    assert all(slots.values())
    assert {moment.hour for moments in slots.values() for moment in moments} == {9}
    assert {min(moments).minute for moments in slots.values()} == {0}
    said = [one.text for one in connected.slack.posts]
    assert len(said) == len(set(said)), "nothing is told twice"
    assert await incidents(connected) == [], "nobody is told that syncs stand still"


async def start_reminders(desk: Desk) -> None:
    await desk.slack.command("reminders")
    await desk.settled()
    plan = next(one for one in reversed(desk.slack.messages) if "Preview" in one.text)
    await desk.slack.press(plan, "Start reminders")
    await desk.slack.until(lambda: any("started reminders" in one.text for one in desk.slack.posts), within=10)


async def incidents(desk: Desk) -> list[str]:
    async with desk.solido.database.unscoped() as unscoped:
        return list((await unscoped.session.exec(select(Incident.cause))).all())


async def test_a_sync_that_begins_in_a_jump_begins_when_it_is_committed_and_never_when_it_is_not(tmp_path: Path):
    begun: list[UUID] = []

    async def work(run_id: UUID) -> None:
        begun.append(run_id)

    inner = InlineEngine()
    engine, database = JumpingEngine(inner), Database(f"sqlite:///{tmp_path}/solido.db")
    await engine.launch(work)
    one, other, later = uuid4(), uuid4(), uuid4()
    engine.jumping = True
    async with AsyncSession(database.engine) as session:
        async with session.begin():
            await engine.enqueue(session, one)
            await engine.rest(within=1)
            assert begun == []
        async with session.begin() as transaction:
            await engine.enqueue(session, other)
            await transaction.rollback()
        await engine.rest(within=1)
        assert (begun, inner.waiting) == ([one], [])
        engine.jumping = False
        async with session.begin():
            await engine.enqueue(session, later)
    assert (begun, inner.waiting) == ([one], [later])
    await database.close()


async def test_a_sync_that_a_jump_left_behind_is_taken_up_at_the_next_start(connected: Desk):
    [place] = await places(connected)
    async with connected.solido.database.workspace(place.workspace_id) as store:
        connection = await store.connections.latest()
        run = await store.runs.add(connection.id, Trigger.SCHEDULED, asked_by=None, now=desk_now(connected))
    await connected.engine.take_up(connected.solido.database)
    assert await connected.passing.settled()
    async with connected.solido.database.reading(place.workspace_id) as store:
        assert (await store.runs.get(run.id)).state == RunState.SUCCEEDED


async def test_while_time_jumps_the_products_own_ticks_are_held_back():
    gate, goes_on, worked = Gate(), asyncio.Event(), []

    async def work() -> None:
        worked.append("began")
        await goes_on.wait()
        worked.append("ended")

    tick = gate.through(Tick("one", 1.0, work))
    first = asyncio.create_task(tick.work())
    await asyncio.sleep(0)
    closing = asyncio.create_task(gate.close())
    await asyncio.sleep(0.05)
    assert (closing.done(), worked) == (False, ["began"])
    goes_on.set()
    await closing
    await tick.work()
    assert worked == ["began", "ended"]
    gate.open()
    await tick.work()
    assert worked == ["began", "ended"] * 2
    await first


def test_looks_at_reminders_that_can_find_nothing_are_no_reason_to_stop():
    times = SendTimes(wall_time(9), frozenset(range(5)), ZoneInfo("Europe/London"), working_days("GB"))
    friday, monday = datetime(2026, 3, 6, 18, tzinfo=UTC), datetime(2026, 3, 9, 9, tzinfo=UTC)
    hour, minutes = timedelta(hours=1), timedelta(minutes=5)
    assert worth_looking(friday + hour, times, friday) == monday, "nothing goes between slots"
    assert worth_looking(monday, times, monday - hour) == monday
    assert worth_looking(monday + 2 * minutes, times, monday + minutes) == monday + 2 * minutes + REPEATED_AFTER
    assert worth_looking(monday + timedelta(minutes=1), times, monday) == monday + timedelta(minutes=1), "it goes on"
    assert worth_looking(friday + hour, None, friday) == friday + hour


async def test_trouble_is_told_when_it_comes_up_with_its_time(connected: Desk):
    connected.xero.revoke(connected.xero.organisation("Harbour Lane Ltd"))
    lines = await connected.forward(3600)
    told = [line for line in lines if line.what == "slack"]
    assert told
    assert timedelta(minutes=10) < told[0].at - datetime(2026, 3, 2, 9, tzinfo=UTC) < timedelta(minutes=25)
    assert told[0].where == "#finance"


async def test_slack_being_down_does_not_stop_time(connected: Desk):
    connected.xero.revoke(connected.xero.organisation("Harbour Lane Ltd"))
    connected.slack.break_next("down", times=None)
    began = time.monotonic()
    assert [line.what for line in await connected.forward(3600) if line.what == "slack"] == []
    assert time.monotonic() - began < 40  # a real second or so; the machine may be busy
    connected.slack.heal()
    lines = await connected.forward(3600)
    assert sum(line.what == "slack" for line in lines) == 1


async def test_a_quiet_time_says_so(desk: Desk):
    lines = await desk.forward(0)
    assert [line.text for line in lines] == ["All quiet: nothing was said in Slack, and no letter went out."]


async def test_the_night_of_a_clock_change_is_walked_through(desk: Desk):
    lines = await desk.through_clock_change()
    assert desk_now(desk).date().isoformat() == "2026-03-29"
    assert lines[-1].text == "Clocks in Europe/London changed on 29 March 2026: after 00:59 came 02:00."


@pytest.mark.parametrize(
    ("zone", "after", "change"),
    [
        ("Europe/London", "2026-03-02T09:00", "2026-03-29T01:00"),
        ("Europe/London", "2026-03-29T01:00", "2026-10-25T01:00"),
        ("Pacific/Auckland", "2026-03-02T09:00", "2026-04-04T14:00"),
        ("Africa/Johannesburg", "2026-03-02T09:00", None),
    ],
)
def test_the_next_clock_change_is_found(zone, after, change):
    found = clock_change_after(datetime.fromisoformat(after).replace(tzinfo=UTC), ZoneInfo(zone))
    assert found == (datetime.fromisoformat(change).replace(tzinfo=UTC) if change else None)


NEVER_DUE = {"team.refresh_lease_until", "preferences.quiet_until"}
"""Of these no tick takes notice."""


def test_whatever_a_tick_compares_with_the_time_is_a_moment_at_which_a_jump_stops():
    """A new `next_…_at` belongs into sandbox/ahead.py, else time jumps over it."""
    named = {
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if column.name.startswith("next_") or column.name.endswith("_until")
    }
    named -= NEVER_DUE
    asked = str(QUESTION)
    assert len(named) > 5
    assert [column for column in named | ALSO_DUE if f"{column} <= :now" not in asked] == ["incident.snoozed_until"]
    soonest = [column for column in named | ALSO_DUE if f"{column} > :now" not in asked]
    assert soonest == ["reminder_policy.next_look_at"], "which next_look() asks about"


async def test_what_is_ahead_is_known(connected: Desk):
    now, database = desk_now(connected), connected.solido.database
    async with asyncio.timeout(10):  # the last message may still be on its way
        while (ahead := await look_ahead(database, now)).unrest:  # noqa: ASYNC110  # of a database
            await asyncio.sleep(0.02)
    assert (ahead.due, ahead.busy) == (frozenset(), False)
    assert timedelta(minutes=10) < ahead.sync - now < timedelta(minutes=20)
    assert 1 <= ahead.other.astimezone(ZoneInfo("Europe/London")).hour < 4, "the full reading"
    assert (await look_ahead(database, ahead.sync)).due >= {"due"}
    assert (await look_ahead(database, ahead.other)).due >= {"due", "nightly"}
    assert await put_off(database, ahead.sync + timedelta(hours=1))
    assert (await look_ahead(database, now)).sync == ahead.sync + timedelta(hours=1)
    assert not await put_off(database, ahead.sync)


def desk_now(desk: Desk) -> datetime:
    return desk.clock.now()
