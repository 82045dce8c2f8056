"""What is known to end by itself, and how long before that people hear of it. Pure."""

from datetime import datetime, timedelta
from typing import NamedTuple

from storage.models import Connection

REFRESH_TOKEN_LIVES = timedelta(days=60)
"""Unused. Source: Xero developer docs, "Token types"."""
RUNGS = (1, 7, 14)
"""Days before an end at which it is told, the last first."""
PERMISSION = "permission"


class Ending(NamedTuple):
    """`what` ends, unless somebody does something, at `ends_at`."""

    what: str
    ends_at: datetime


def endings(connection: Connection) -> list[Ending]:
    """What we know to end of this connection. A permission that is used does not: each use renews it."""
    if connection.refreshed_at is None or connection.refresh_token_sealed is None:
        return []
    return [Ending(PERMISSION, connection.refreshed_at + REFRESH_TOKEN_LIVES)]


def rung(ends_at: datetime, *, now: datetime) -> int | None:
    """Return the rung of the ladder that has been reached, in days; None before the first and after the end."""
    left = ends_at - now
    if left <= timedelta(0):
        return None
    return next((days for days in RUNGS if left <= timedelta(days=days)), None)
