"""What is known to end by itself, and how long before that people hear of it. Pure."""

from datetime import datetime, timedelta
from typing import NamedTuple

from storage.models import Connection

REFRESH_TOKEN_LIVES = timedelta(days=60)
"""Unused. Source: Xero developer docs, "Token types"."""
RUNGS = (1, 7, 14)
"""Days before an end at which it is told, the last first."""
PERMISSION = "permission"
WEBHOOKS = "webhooks"
KEY = "key"
KEY_SERVES = timedelta(days=365)
"""How long a key may seal before it should be another one's turn."""
EVENTS_LIVE = timedelta(days=31)
"""After a day of failed deliveries Xero ends the subscription, and keeps what it did not deliver for so long.
Source: Xero developer docs, "Webhooks"."""


class Expiry(NamedTuple):
    """`what` ends, unless somebody does something, at `ends_at`."""

    what: str
    ends_at: datetime


class Shared(NamedTuple):
    """What all connections share: when Xero last sent a webhook, where they are set up and have ever come; and since
    when the first sealing key is in use."""

    webhook_heard_at: datetime | None = None
    key_since: datetime | None = None


def endings(connection: Connection, shared: Shared = Shared()) -> list[Expiry]:  # noqa: B008
    """What we know to end of this connection. A permission that is used does not: each use renews it."""
    found = []
    if connection.refreshed_at is not None and connection.refresh_token_sealed is not None:
        found.append(Expiry(PERMISSION, connection.refreshed_at + REFRESH_TOKEN_LIVES))
    if shared.webhook_heard_at is not None:
        found.append(Expiry(WEBHOOKS, shared.webhook_heard_at + EVENTS_LIVE))
    if shared.key_since is not None:
        found.append(Expiry(KEY, shared.key_since + KEY_SERVES))
    return found


def rung(ends_at: datetime, *, now: datetime) -> int | None:
    """Return the rung of the ladder that has been reached, in days; None before the first and after the end."""
    left = ends_at - now
    if left <= timedelta(0):
        return None
    return next((days for days in RUNGS if left <= timedelta(days=days)), None)
