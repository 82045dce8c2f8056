"""Time passes in the sandbox as it would have: the product does what was due, when it was due."""

import itertools
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import SQLModel, col, select

from sandbox.clock import clock_change_after
from sandbox.desk import Desk
from storage.models import SyncRun, Trigger

DUE_COLUMNS = {
    "connection.next_sync_at",
    "connection.next_reconcile_at",
    "connection.farewell_at",
    "outbox_message.next_attempt_at",
    "incident.snoozed_until",
    "reminder_policy.next_look_at",
    "home_view.next_at",
    "preferences.digest_at",
}
"""What Unscoped.next_moment looks at."""
NEVER_DUE = {"connection.refresh_lease_until", "team.refresh_lease_until", "preferences.quiet_until"}
"""Of these no tick takes notice."""


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


async def test_forty_days_are_bounded_in_real_time_and_say_what_was_passed_over(connected: Desk):
    connected.passing.real_seconds = 2.0
    began = time.monotonic()
    lines = await connected.forward(40 * 86400)
    assert time.monotonic() - began < 8
    assert len(await runs(connected)) >= 3
    assert any("were passed over" in line.text for line in lines)


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


def test_whatever_a_tick_compares_with_the_time_is_a_moment_at_which_a_jump_stops():
    """A new `next_…_at` belongs into Unscoped.next_moment, else time jumps over it."""
    named = {
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if column.name.startswith("next_") or column.name.endswith("_until")
    }
    assert named <= DUE_COLUMNS | NEVER_DUE


async def test_the_next_moment_is_the_earliest_that_is_still_to_come(connected: Desk):
    now = desk_now(connected)
    async with connected.solido.database.unscoped() as unscoped:
        sync = await unscoped.next_moment(after=now)
        assert timedelta(minutes=10) < sync - now < timedelta(minutes=20)
        assert is_the_digest(await unscoped.next_moment(after=now, syncs=False))
        night = await unscoped.next_moment(after=sync)
        assert night is not None
        assert 1 <= night.astimezone(ZoneInfo("Europe/London")).hour < 4, "the full reading"
        assert is_the_digest(await unscoped.next_moment(after=night))


def is_the_digest(moment: datetime | None) -> bool:
    """The week is told next, if it is planned already: a tick does that a while after the first sync."""
    return moment is None or f"{moment.astimezone(ZoneInfo('Europe/London')):%a %H:%M}" == "Mon 09:00"


def desk_now(desk: Desk) -> datetime:
    return desk.clock.now()
