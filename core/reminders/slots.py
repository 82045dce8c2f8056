"""The one send slot of a workspace's day. Pure; the same in every zone, whatever its clocks do.

A slot belongs to a local calendar day, and is named by it. It opens when the wall clock first shows the send time, and
closes some hours later or with the day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from core.reminders.workdays import WorkingDays

OPEN_FOR = timedelta(hours=8)
LOOK_AHEAD_DAYS = 400
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Slot:
    """`day` in the organisation's zone; moments aware UTC, `closes_at` no longer belongs to it."""

    day: date
    opens_at: datetime
    closes_at: datetime

    def holds(self, now: datetime) -> bool:
        return self.opens_at <= now < self.closes_at


@dataclass(frozen=True)
class SendTimes:
    """When letters may go: the time of day, the weekdays, and whose holidays are kept."""

    send_at: time
    weekdays: frozenset[int]
    zone: ZoneInfo
    calendar: WorkingDays

    def is_send_day(self, day: date) -> bool:
        return day.weekday() in self.weekdays and not self.calendar.is_holiday(day)

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    def slot_of(self, day: date) -> Slot | None:
        """The slot of a local day; None on days without one, and for a day that a zone leaves out."""
        if not self.is_send_day(day):
            return None
        opens = wall_clock(day, self.send_at, self.zone)
        if opens is None:
            return None
        closes = opens + OPEN_FOR
        return Slot(day, opens, closes if self.today(closes) == day else end_of(day, opens, self.zone))

    def slot_at(self, now: datetime) -> Slot | None:
        """The slot that is open now."""
        slot = self.slot_of(self.today(now))
        return slot if slot and slot.holds(now) else None

    def send_day_after(self, day: date) -> date | None:
        """The first send day after this one."""
        try:
            days = (day + n * A_DAY for n in range(1, LOOK_AHEAD_DAYS))
            return next((found for found in days if self.is_send_day(found)), None)
        except OverflowError:
            return None

    def send_day_before(self, day: date) -> date:
        """The last send day before this one; the day itself where there is none in sight."""
        days = (day - n * A_DAY for n in range(1, LOOK_AHEAD_DAYS))
        return next((found for found in days if self.is_send_day(found)), day)

    def slots_from(self, now: datetime) -> Iterator[Slot]:
        """The slots not over yet, the open one first."""
        day = self.today(now)
        for _ in range(LOOK_AHEAD_DAYS):
            slot = self.slot_of(day)
            if slot and slot.closes_at > now:
                yield slot
            try:
                day += A_DAY
            except OverflowError:
                return


def wall_clock(day: date, at: time, zone: ZoneInfo) -> datetime | None:
    """Return the first moment at which clocks there show this time on this day.

    For a time that is jumped over, the moment that stands for it just after (else before) the jump; None where the
    whole day is left out, as when a zone moves across the date line.
    """
    for fold in (0, 1):
        moment = datetime.combine(day, at.replace(fold=fold), zone).astimezone(UTC)
        if moment.astimezone(zone).date() == day:
            return moment
    return None


def end_of(day: date, opens: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment at which this local day ends, to the minute; `opens` lies within it."""
    low, high = opens, opens + timedelta(hours=50)
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).date() == day:
            low = middle
        else:
            high = middle
    return high.replace(second=0, microsecond=0)
