"""The dead man's switch, and a scheduler that stands still."""

from datetime import UTC, datetime, timedelta

import pytest

from core.scheduler import Scheduler, Tick
from core.watch import stands_still

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


@pytest.mark.parametrize(("minutes", "still"), [(44, False), (45, True), (600, True)])
def test_three_intervals_without_a_beginning_are_a_trouble(minutes, still):
    assert stands_still(last_began_at=NOON, every=QUARTER, now=NOON + timedelta(minutes=minutes)) is still


async def nothing() -> None:
    """A tick's work."""


async def test_a_tick_that_has_not_ended_for_long_is_stuck():
    scheduler = Scheduler([Tick("quick", 1.0, nothing), Tick("hourly", 3600.0, nothing)])
    assert scheduler.stuck(at=1e9) == []  # not started
    scheduler.start()
    began = scheduler._ended["quick"]
    assert scheduler.stuck(at=began + 299) == []
    assert scheduler.stuck(at=began + 301) == ["quick"]
    assert scheduler.stuck(at=began + 3 * 3600 + 1) == ["quick", "hourly"]
    await scheduler.stop()
