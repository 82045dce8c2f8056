"""The sandbox's time: it flows as real time does, from wherever it was set, and can jump forward."""

import time
from datetime import UTC, datetime, timedelta


class VirtualClock:
    """`now()` is aware UTC. With `flowing=False` it stands still between jumps, which tests like."""

    def __init__(self, start: datetime, *, flowing: bool = True) -> None:
        self._start = start.astimezone(UTC)
        self._began = time.monotonic()
        self._flowing = flowing

    def now(self) -> datetime:
        passed = time.monotonic() - self._began if self._flowing else 0.0
        return self._start + timedelta(seconds=passed)

    def forward(self, by: timedelta) -> None:
        if by < timedelta(0):
            raise ValueError("time only goes forward")
        self._start += by
