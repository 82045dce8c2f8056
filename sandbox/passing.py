"""Letting time pass: from due moment to due moment, with the product settling at each, as it would have by itself.

Between two moments at which the database says that something is due, nothing can happen, so the clock jumps there. A
jump is bounded in real time: when there are more automatic syncs on the way than that allows, some are put off to
later ones, evenly spread, and it says so. Everything else that is due is visited at its moment: full readings, the
slots of reminders, incidents that wake up, tries of what failed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from core.guard import survived
from core.reminders.slots import SendTimes
from core.scheduler import Tick
from sandbox.ahead import Ahead, is_busy, look_ahead, next_look, put_off, send_times
from sandbox.clock import VirtualClock
from sandbox.jumping import JumpingEngine
from storage.database import Database

REAL_SECONDS = 20.0
"""How long a jump may take before automatic syncs are passed over."""
GIVE_UP_SECONDS = 180.0
"""After these a jump ends in one last stride: something is wrong with this machine."""
FIRST_GUESS = 0.1
"""Real seconds a sync takes, until there are measurements."""
EVERY = timedelta(minutes=16)
"""Syncs this close together are none that are passed over: the rhythm and its jitter."""
LONGEST_STRIDE = timedelta(hours=5)
"""Reminders want books that are at most six hours old."""
TICKS_OF_ROWS = {
    *("due", "nightly", "farewell", "look", "mend", "delivery", "support", "reminders", "watch", "webhooks"),
    *("home", "digest", "welcome", "notes"),
}
"""What sandbox/ahead.py knows the hour of. Any other tick looks at every stop, in its own rhythm."""
OF_PROCESSES = {"alive", "adrift", "retention"}
"""What looks after processes and what they leave behind: nothing that a jump is for."""
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
    engine: JumpingEngine
    gate: "Gate"
    real_seconds: float = REAL_SECONDS
    _looked_at: dict[str, datetime] = field(default_factory=dict)

    async def until(self, end: datetime) -> Walked:
        """Walk to `end` (aware) and settle there; a moment that has passed is no walk, only the settling."""
        await self.gate.close()
        try:
            await self.settled()
            self.engine.jumping = True
            walked = await self._walk(end, await send_times(self.database))
            self.engine.jumping = False
            await self.settled()
        finally:
            self.engine.jumping = False
            self.gate.open()
        return walked

    async def _walk(self, end: datetime, send_times: Mapping[UUID, SendTimes]) -> Walked:
        pace, longest, synced_at = Pace(self.real_seconds), timedelta(0), self.clock.now()
        ahead = await self._rest()
        while (now := self.clock.now()) < end:
            if pace.spent > GIVE_UP_SECONDS:
                self._go(end)
                return Walked(pace.stops, longest or None, cut_short=True)
            stride = min(pace.stride(end - now), LONGEST_STRIDE)
            if stride > EVERY and await put_off(self.database, min(synced_at + stride, end)):
                longest = max(longest, stride)
                ahead = await look_ahead(self.database, now)
            there, is_sync = await self._next(ahead, end, send_times)
            began = time.monotonic()
            self._go(there)
            ahead = await self._rest()
            synced_at = self.clock.now() if is_sync else synced_at
            pace.note(there - now, time.monotonic() - began, is_sync=is_sync)
        return Walked(pace.stops, longest or None)

    async def _next(self, ahead: Ahead, end: datetime, send_times: Mapping[UUID, SendTimes]) -> tuple[datetime, bool]:
        """Where to go, and whether it is for an automatic sync."""
        now = self.clock.now()
        look = await next_look(self.database, send_times, now) if send_times else None
        others = [at for at in (ahead.other, look, await self.carry()) if at is not None and at > now]
        other = min([end, *others])
        return (ahead.sync, True) if ahead.sync is not None and ahead.sync <= other else (other, False)

    def _go(self, there: datetime) -> None:
        self.clock.forward(max(there - self.clock.now(), timedelta(0)))

    async def _rest(self) -> Ahead:
        """Have everything done that is due at this moment, syncs before what looks at the books."""
        end, looked = time.monotonic() + SETTLE_SECONDS, False
        while time.monotonic() < end:
            await self.carry()
            ahead = await look_ahead(self.database, self.clock.now())
            for tick in sorted(self.ticks, key=lambda tick: tick.name not in ("due", "nightly")):
                known = tick.name in TICKS_OF_ROWS
                if tick.name in ahead.due or (not looked and tick.name in ahead.once):
                    await survived(f"tick.{tick.name}", tick.work())
                    await self.engine.rest(within=end - time.monotonic())
                elif not known and not looked and tick.name not in OF_PROCESSES:
                    await self._look(tick)
            looked = True
            if not ahead.due and not ahead.busy:
                break
            if not ahead.due:  # somebody else's sync: of the product's own tick, or from before the jump
                await self.engine.rest(within=end - time.monotonic())
                await asyncio.sleep(LOOK_SECONDS)
        return ahead

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
        return await is_busy(self.database, now, notices_by=now + SOON)


class Gate:
    """Holds the product's own ticks back while time jumps: what one of them has taken for a minute, and is about to
    tell Slack, would be taken by another when that minute is over in no time."""

    def __init__(self) -> None:
        self._closed = False
        self._under_way = 0

    def through(self, tick: Tick) -> Tick:
        async def work() -> None:
            if self._closed:
                return
            self._under_way += 1
            try:
                await tick.work()
            finally:
                self._under_way -= 1

        return tick._replace(work=work)

    async def close(self) -> None:
        """Let none begin any more, and wait for those under way."""
        self._closed = True
        end = time.monotonic() + SETTLE_SECONDS
        while self._under_way and time.monotonic() < end:  # noqa: ASYNC110  # ticks tell nobody
            await asyncio.sleep(LOOK_SECONDS / 5)

    def open(self) -> None:
        self._closed = False


@dataclass
class Pace:
    """How far apart automatic syncs must be for the rest of a jump to fit into what is left of the real seconds."""

    real_seconds: float
    stops: int = 0
    _began: float = field(default_factory=time.monotonic)
    _seconds: dict[bool, float] = field(default_factory=lambda: {True: 0.0, False: 0.0})
    _count: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    _passed: timedelta = timedelta(0)

    @property
    def spent(self) -> float:
        return time.monotonic() - self._began

    def note(self, passed: timedelta, seconds: float, *, is_sync: bool) -> None:
        """A stop after so much of the jump's own time, which took so many real seconds."""
        self.stops += 1
        self._passed += passed
        self._seconds[is_sync] += seconds
        self._count[is_sync] += 1

    def stride(self, left: timedelta) -> timedelta:
        """Other stops cost what they did so far, and come as often."""
        others = self._seconds[False] * (left / self._passed) if self._passed else 0.0
        each = (self._seconds[True] + FIRST_GUESS) / (self._count[True] + 1)
        affordable = (self.real_seconds - self.spent - others) / each
        return left / affordable if affordable > 1 else LONGEST_STRIDE


def _duration(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    if minutes >= 48 * 60:
        return f"{round(minutes / 1440)} days"
    return f"{round(minutes / 60)} hours" if minutes >= 120 else f"{max(minutes, 1)} minutes"
