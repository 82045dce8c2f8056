"""What this process counts for Prometheus, from its start on. Each process counts its own; Prometheus adds them up.

Labels are words of closed sets: never a name or an id of a team, a workspace, an organisation or a customer. What
stands in the database is not counted here but looked up (core/figures.py).
"""

from prometheus_client import Counter, Histogram

from core.errors import NeedsPerson, XeroError

SYNC_SECONDS_UP_TO = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
ACK_SECONDS_UP_TO = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 2.5, 3)
"""Slack gives up after three."""

SYNCS = Counter("solido_syncs", "Syncs that ended, by what started them and what came of them.", ["trigger", "result"])
SYNC_SECONDS = Histogram(
    "solido_sync_seconds", "From the beginning of a sync to its end.", ["trigger"], buckets=SYNC_SECONDS_UP_TO
)
SYNC_WAIT = Histogram(
    "solido_sync_wait_seconds", "From a sync being queued to its beginning.", ["trigger"], buckets=SYNC_SECONDS_UP_TO
)
CALLS = Counter("solido_xero_calls", "Requests to Xero's API, by the kind of answer.", ["answer"])
BYTES = Counter("solido_xero_bytes", "Bytes of Xero's answers.")
REFRESHES = Counter("solido_refreshes", "Renewals of Xero's permissions, by what came of them.", ["outcome"])
LETTERS = Counter("solido_letters", "Letters to customers, by what became of them.", ["outcome"])
NOTICES = Counter("solido_notices", "Messages posted or edited in Slack, by whether Slack took them.", ["outcome"])
ACKS = Histogram(
    "solido_ack_seconds", "From Slack's request to our acknowledgement.", ["kind"], buckets=ACK_SECONDS_UP_TO
)

KINDS = {
    "command": "command",
    "block_actions": "button",
    "view_submission": "dialog",
    "view_closed": "dialog",
    "event_callback": "event",
}
"""What Slack calls its requests, and what we do. Others are `other`, so that nobody outside can add a label."""


def answered(status: int, size: int) -> None:
    """Xero answered with this status and so many bytes."""
    CALLS.labels("429" if status == 429 else f"{status // 100}xx").inc()
    BYTES.inc(size)


def unanswered() -> None:
    CALLS.labels("none").inc()


def sync_ended(trigger: str, error: str | None, seconds: float) -> None:
    """`error` is the code of a SolidoError."""
    SYNCS.labels(trigger, error or "succeeded").inc()
    SYNC_SECONDS.labels(trigger).observe(seconds)


def refresh_failed(error: XeroError) -> None:
    REFRESHES.labels("refused" if isinstance(error, NeedsPerson) else "failed").inc()


def acknowledged(kind: str, seconds: float) -> None:
    """`kind` as Slack calls it."""
    ACKS.labels(kind_of(kind)).observe(seconds)


def kind_of(kind: str) -> str:
    """What we do, by what Slack calls it."""
    return KINDS.get(kind, "other")
