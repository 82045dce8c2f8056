"""When the next automatic sync is due. Pure."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

NIGHT_BEGINS = time(1)
NIGHT_MINUTES = 180
LONGEST_BACKOFF_DOUBLINGS = 6
LOOKED_AT_EVERY = timedelta(days=1)
"""How often we see whether an organisation is still ours, syncs or not."""


def next_sync_at(now: datetime, *, every: timedelta, failures: int, retry_at: datetime | None) -> datetime:
    """The usual rhythm; after failures 2, 4, 8 … 64 minutes, at most `every`, but never before `retry_at`."""
    wait = min(every, timedelta(minutes=2 ** min(failures, LONGEST_BACKOFF_DOUBLINGS))) if failures else every
    return max(now + wait, retry_at or now)


def next_night(connection_id: UUID, now: datetime, where: ZoneInfo) -> datetime:
    """When the organisation's next nightly full reading is due: at a minute of its own between 1:00 and 4:00 where it
    is, always the same, and never twice on one of its days. A minute that the clocks leave out comes an hour later.
    """
    minute = timedelta(minutes=connection_id.int % NIGHT_MINUTES)
    today = now.astimezone(where).date()
    for day in (today, today + timedelta(days=1)):
        # The wall clock's time: a night in which the clocks change still has this minute.
        local = datetime.combine(day, NIGHT_BEGINS) + minute
        at = local.replace(tzinfo=where).astimezone(UTC)
        if at > now:
            return at
    raise AssertionError("tomorrow's night lies ahead")


def jitter(connection_id: UUID, every: timedelta) -> timedelta:
    """A connection's own place within a tenth of the rhythm, so that organisations spread out; always the same."""
    return every * (connection_id.int % 1000) / 10_000
