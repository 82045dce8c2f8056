"""When the next automatic sync is due. Pure."""

from datetime import datetime, timedelta
from uuid import UUID

LONGEST_BACKOFF_DOUBLINGS = 6
LOOKED_AT_EVERY = timedelta(days=1)
"""How often we see whether an organisation is still ours, syncs or not."""


def next_sync_at(now: datetime, *, every: timedelta, failures: int, retry_at: datetime | None) -> datetime:
    """The usual rhythm; after failures 2, 4, 8 … 64 minutes, at most `every`, but never before `retry_at`."""
    wait = min(every, timedelta(minutes=2 ** min(failures, LONGEST_BACKOFF_DOUBLINGS))) if failures else every
    return max(now + wait, retry_at or now)


def jitter(connection_id: UUID, every: timedelta) -> timedelta:
    """A connection's own place within a tenth of the rhythm, so that organisations spread out; always the same."""
    return every * (connection_id.int % 1000) / 10_000
