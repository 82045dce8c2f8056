"""How the calls that Xero allows for a day are shared out. Pure.

Xero counts its day from a moment of its own for each organisation, which it does not tell. Until it was seen to begin
anew, what is left has to last for a whole day from any moment. A part of it is not for automatic syncs: people who ask
for a sync, and the look at an invoice right before a reminder goes out, must not find it used up.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

A_DAY = timedelta(days=1)
RESERVE_SHARE = 0.1
KEPT_SHARE = 0.1
WARN_SHARE = 0.8
NIGHTLY_COST = 10


class Budget(NamedTuple):
    """`left` of `limit` calls, None where Xero has not told, or too long ago to hold; it has to do for `lasts`."""

    limit: int
    left: int | None = None
    lasts: timedelta = A_DAY

    @property
    def reserve(self) -> int:
        return int(self.limit * RESERVE_SHARE)

    @property
    def kept(self) -> int:
        """The last of the reserve: for people alone, since what they ask for is never put off until tomorrow."""
        return max(int(self.reserve * KEPT_SHARE), 1)

    @property
    def free(self) -> int:
        """What automatic syncs may use."""
        return max((self.limit if self.left is None else self.left) - self.reserve, 0)

    @property
    def used(self) -> int | None:
        return None if self.left is None else max(self.limit - self.left, 0)

    @property
    def low(self) -> bool:
        """Whether four fifths are used up."""
        return self.used is not None and self.used >= self.limit * WARN_SHARE


def budget(
    limit: int, left: int | None, told_at: datetime | None, *, resets_by: datetime | None, now: datetime
) -> Budget:
    """What is left by Xero's word of `told_at`. `resets_by`: a moment by which its day had begun anew, once."""
    counted_from, lasts = now - A_DAY, A_DAY
    if resets_by is not None:
        counted_from = resets_by + A_DAY * ((now - resets_by) // A_DAY)
        lasts = counted_from + A_DAY - now
    if told_at is None or told_at < counted_from:
        return Budget(limit)
    return Budget(limit, left, lasts)


def stretched(every: timedelta, it: Budget, *, cost: float) -> timedelta:
    """How far apart automatic syncs of `cost` calls have to be, so that what is free lasts until there is more."""
    spread = it.lasts * (cost / it.free) if it.free >= cost else it.lasts
    return max(every, min(spread, it.lasts))


def can_afford(it: Budget, *, cost: float, every: timedelta, automatic: float) -> bool:
    """Whether something that could be left out may be done: enough stays for the automatic syncs of a day."""
    return it.free >= cost + automatic * (it.lasts / every)


def forecast(every: timedelta, *, automatic: float, nightly: float) -> int:
    """Calls a day at this rhythm."""
    return round(automatic * (A_DAY / every) + nightly)


def start_of_day(now: datetime) -> datetime:
    """Midnight UTC. Xero counts its day from a moment of its own per organisation, which it does not tell."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def start_of_month(now: datetime) -> datetime:
    """Xero counts the bytes of a month from its first day, in UTC."""
    return start_of_day(now).replace(day=1)
