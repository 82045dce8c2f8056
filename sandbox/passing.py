"""Letting time pass: from due moment to due moment, with the product settling at each, as it would have by itself.

Between two moments at which the database says that something is due, nothing can happen, so the clock jumps there. A
jump is bounded in real time: when there are more automatic syncs on the way than that allows, it visits only some of
them, evenly spread, and says so. Everything else that is due is visited at its moment.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.guard import survived
from core.scheduler import Tick
from sandbox.clock import VirtualClock
from storage.database import Database

REAL_SECONDS = 20.0
"""How long a jump may take. Twice that ends it in one last stride, whatever is on the way."""
FIRST_GUESS = 0.4
"""Real seconds a stop takes, until there are measurements."""
SETTLE_SECONDS = 15.0
LOOK_SECONDS = 0.05
OFTEN = 30.0
"""Ticks that look at least every so many seconds look at every stop."""
SOON = timedelta(seconds=2)
"""A notice that is to be told within this is waited for: the rest between two edits of a message."""


@dataclass(frozen=True)
class Walked:
    """How a jump went. `stride` is set when automatic syncs closer together than that were passed over."""

    stops: int
    stride: timedelta | None = None
    cut_short: bool = False

    def said(self) -> list[str]:
        told = []
        if self.stride is not None:
            told.append(
                f"To stay quick, automatic syncs closer together than {_duration(self.stride)} were passed over."
            )
        if self.cut_short:
            told.append("There was too much on the way: the last part was passed in one stride.")
        return told


@dataclass
class Passing:
    """`carry` is done at every stop beside the product's ticks: what the outside world sends by itself. It returns
    the moment at which there will be something to carry again, if that is known."""

    clock: VirtualClock
    database: Database
    ticks: Sequence[Tick]
    carry: Callable[[], Awaitable[datetime | None]]
    real_seconds: float = REAL_SECONDS
    _looked_at: dict[str, datetime] = field(default_factory=dict)

    async def until(self, end: datetime) -> Walked:
        """Walk to `end` (aware) and settle there; a moment that has passed is no walk, only the settling."""
        began, stops, longest, cut = time.monotonic(), 0, timedelta(0), False
        await self.settled()
        while self.clock.now() < end and not cut:
            spent = time.monotonic() - began
            cut = spent > 2 * self.real_seconds
            stride = self._stride(end - self.clock.now(), spent, stops)
            there = end if cut else await self._next(end, stride)
            passed_over = stride if there < end and stride > SOON else timedelta(0)
            longest = max(longest, passed_over if await self._skips(there) else timedelta(0))
            self._go(there)
            await self.settled()
            stops += 1
        return Walked(stops, longest or None, cut)

    def _stride(self, left: timedelta, spent: float, stops: int) -> timedelta:
        """How far apart stops for automatic syncs must be for the rest to fit into the time."""
        each = spent / stops if stops >= 3 else FIRST_GUESS
        affordable = max(1.0, (self.real_seconds - spent) / max(each, 0.02))
        return left / affordable

    async def _next(self, end: datetime, stride: timedelta) -> datetime:
        now = self.clock.now()
        async with self.database.unscoped() as unscoped:
            other = await unscoped.next_moment(after=now, syncs=False)
            sync = await unscoped.next_moment(after=now)
        carried = await self.carry()
        moments = [end, *(at for at in (other, carried) if at is not None and at > now)]
        if sync is not None:
            moments.append(max(sync, now + stride))
        return min(moments)

    async def _skips(self, there: datetime) -> bool:
        """Whether going there passes over a moment at which an automatic sync was due."""
        async with self.database.unscoped() as unscoped:
            first = await unscoped.next_moment(after=self.clock.now())
        return first is not None and there - first > SOON

    def _go(self, there: datetime) -> None:
        self.clock.forward(max(there - self.clock.now(), timedelta(0)))

    async def settled(self) -> bool:
        """Let every tick look, until no sync is due or under way and nothing waits to be told; False if it never was.

        The product looks by itself all the while. Ticks claim what they do, so that one more looking is harmless.
        """
        end = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < end:
            await self.carry()
            for tick in self.ticks:
                await self._look(tick)
            if not await self._busy():
                return True
            await asyncio.sleep(LOOK_SECONDS)
        return False

    async def _look(self, tick: Tick) -> None:
        """Rhythms are in real seconds, of which a day here may take one: the seldom ticks keep theirs in our time."""
        now = self.clock.now()
        before = self._looked_at.get(tick.name)
        if tick.seconds > OFTEN and before is not None and now - before < timedelta(seconds=tick.seconds):
            return
        self._looked_at[tick.name] = now
        await survived(f"tick.{tick.name}", tick.work())

    async def _busy(self) -> bool:
        now = self.clock.now()
        async with self.database.unscoped() as unscoped:
            return await unscoped.anything_to_do(now=now, notices_by=now + SOON)


def _duration(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    if minutes >= 48 * 60:
        return f"{round(minutes / 1440)} days"
    return f"{round(minutes / 60)} hours" if minutes >= 120 else f"{max(minutes, 1)} minutes"
