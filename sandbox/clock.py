"""The sandbox's time: it flows as real time does, from wherever it was set, and can jump forward."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


class VirtualClock:
    """`now()` is aware UTC. With `flowing=False` it stands still between jumps, which tests like."""

    def __init__(self, start: datetime, *, flowing: bool = True) -> None:
        self._start = start.astimezone(UTC)
        self._began = time.monotonic()
        self._flowing = flowing

    def now(self) -> datetime:
        passed = time.monotonic() - self._began if self._flowing else 0.0
        return self._start + timedelta(seconds=passed)

    def set(self, moment: datetime) -> None:
        """Begin anew at `moment` (aware): for a world that is taken up where it was left."""
        self._start, self._began = moment.astimezone(UTC), time.monotonic()

    def forward(self, by: timedelta) -> None:
        if by < timedelta(0):
            raise ValueError("time only goes forward")
        self._start += by


def clock_change_after(moment: datetime, zone: ZoneInfo) -> datetime | None:
    """The next moment (aware UTC, to the minute) at which the clocks of this zone change; None within two years."""
    for day in range(2 * 366):
        start = moment + timedelta(days=day)
        if _offset(start, zone) != _offset(start + timedelta(days=1), zone):
            before, after = start, start + timedelta(days=1)
            while after - before > timedelta(minutes=1):
                middle = before + (after - before) / 2
                before, after = (middle, after) if _offset(middle, zone) == _offset(start, zone) else (before, middle)
            return after.replace(second=0, microsecond=0)
    return None


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()
