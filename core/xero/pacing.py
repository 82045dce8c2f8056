"""Keeping to Xero's limits by not coming too fast: five calls at once and sixty a minute for each organisation.

Xero's minute begins at a moment it does not tell, so no sixty seconds ever see more than sixty calls of ours. Other
programs of the same app use up the same sixty: what Xero says is left counts too.
Source: Xero developer docs, "OAuth 2.0 API limits".
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from core.clock import utc_now

AT_ONCE = 5
A_MINUTE = timedelta(seconds=60)
CALLS_A_MINUTE = 60
LOOK_AGAIN = 0.5
LONGEST_WAIT = 61.0
"""Seconds. Whoever has waited for a whole minute may go, whatever a clock says."""


class Pace:
    """One organisation's turns."""

    def __init__(self) -> None:
        self._seats = asyncio.Semaphore(AT_ONCE)
        self._in_flight = 0
        self._begun: deque[datetime] = deque()
        self._left: int | None = None
        self._left_at: datetime | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until a call may be made, and hold its seat until it is over."""
        async with self._seats:
            waited = 0.0
            while waited < LONGEST_WAIT and not self.may_begin(utc_now()):
                await asyncio.sleep(LOOK_AGAIN)
                waited += LOOK_AGAIN
            self.begin(utc_now())
            try:
                yield
            finally:
                self._in_flight -= 1

    def may_begin(self, now: datetime) -> bool:
        return self.room(now) > 0

    def room(self, now: datetime) -> int:
        """How many calls may begin now, one after the other."""
        while self._begun and not now - A_MINUTE < self._begun[0] <= now:
            self._begun.popleft()
        if self._left_at is not None and not now - A_MINUTE < self._left_at <= now:
            self._left = self._left_at = None
        room = CALLS_A_MINUTE - len(self._begun)
        return room if self._left is None else min(room, self._left)

    def begin(self, now: datetime) -> None:
        self._begun.append(now)
        self._in_flight += 1
        if self._left is not None:
            self._left -= 1

    def hear(self, headers: Mapping[str, str], now: datetime) -> None:
        """What Xero says is left of this minute; calls that are under way are not in it yet."""
        left = headers.get("x-minlimit-remaining", "")
        if left.isdigit():
            self._left, self._left_at = int(left) - (self._in_flight - 1), now


class Pacer:
    """All organisations' paces, in this process."""

    def __init__(self) -> None:
        self._paces: dict[str, Pace] = {}

    def of(self, tenant_id: str) -> Pace:
        return self._paces.setdefault(tenant_id, Pace())
