"""What an answer of Xero means, decided without I/O.

Sources: Xero developer docs, "Response codes" and "OAuth 2.0 API limits"; recorded answers for the 401s.
"""

import zlib
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from core.errors import (
    ChangedInXero,
    DailyLimitReached,
    DisconnectedInXero,
    OrganisationOffline,
    PermissionMissing,
    RateLimited,
    XeroError,
    XeroRejected,
    XeroUnavailable,
)
from core.legible import without_nul

OFFLINE_WAIT = timedelta(minutes=5)
"""Xero's own suggestion for an organisation that is offline."""
LONGEST_MINUTE_WAIT = 120
"""Seconds. A 429 of unknown kind that asks for more than this is a daily one: the minute window is 60 seconds."""


LONGEST_WAIT = 86_400
"""Seconds. Xero's longest window is a day; a header that asks for more is not believed."""


GZIP = b"\x1f\x8b"
"""How gzip begins, and no JSON does."""
GZIP_ONLY = 31
"""zlib's word for it."""
MOST_AT_ONCE = 1 << 24
"""Bytes that are made room for on an answer's own word of how long it is."""


class AccessRefused(XeroError):
    """A 401 that a fresh access token may cure. Never leaves this package: the second one is PermissionEnded."""


class Forbidden(XeroError):
    """A 403. Never leaves this package: only the list of connections tells what it means."""


def decipher(status: int, headers: Mapping[str, str], body: bytes, *, now: datetime) -> XeroError | None:
    """Return the error this answer means, or None when it is a good one. `Retry-After` is in seconds."""
    if status < 400:
        return None
    trace = headers.get("xero-correlation-id", "")
    if status == 401:
        return _unauthorised(headers, body, trace)
    if status == 403:
        return Forbidden(f"403 {_detail(body)}", correlation_id=trace)
    if status == 429:
        return _throttled(headers, trace, now=now)
    if status == 503 and b"rate limit exceeded" in body.lower():
        return _throttled(headers, trace, now=now)
    if status == 503 and b"organisation is offline" in body.lower():
        return OrganisationOffline("503 organisation offline", correlation_id=trace, retry_at=now + OFFLINE_WAIT)
    if status >= 500:
        return XeroUnavailable(f"{status}", correlation_id=trace)
    return XeroRejected(f"{status} {_detail(body)}", correlation_id=trace)


def unpacked(body: bytes) -> bytes:
    """Return the text of an answer as it came, packed or not; raise XeroUnavailable for half a packet."""
    if not body.startswith(GZIP):
        return body
    try:
        return zlib.decompress(body, GZIP_ONLY, min(size_of(body) + 1, MOST_AT_ONCE))
    except zlib.error as broken:
        raise XeroUnavailable(f"packed, but {broken}") from None


def readable(body: bytes) -> bytes:
    """Return the text of an answer as it came, without NUL."""
    return without_nul(unpacked(body))


def size_of(body: bytes) -> int:
    """Bytes of the text: gzip says at its end how many they are (RFC 1952)."""
    return int.from_bytes(body[-4:], "little") if body.startswith(GZIP) else len(body)


def _unauthorised(headers: Mapping[str, str], body: bytes, trace: str) -> XeroError:
    challenge = headers.get("www-authenticate", "").lower()
    # Xero has been seen to spell it both ways.
    if "insufficient_scope" in challenge or "insufficent_scope" in challenge or b"AuthorizationUnsuccessful" in body:
        return PermissionMissing("401 insufficient scope", correlation_id=trace)
    return AccessRefused(f"401 {_detail(body)}", correlation_id=trace)


def _throttled(headers: Mapping[str, str], trace: str, *, now: datetime) -> XeroError:
    problem = headers.get("x-rate-limit-problem", "").lower()
    wait = _seconds(headers.get("retry-after"))
    retry_at = None if wait is None else now + timedelta(seconds=wait)
    short = problem in ("minute", "concurrent", "appminute") or (wait or 0) <= LONGEST_MINUTE_WAIT
    daily = problem == "day" or not short
    kind = DailyLimitReached if daily else RateLimited
    return kind(f"429 {problem or 'of no named kind'}", correlation_id=trace, retry_at=retry_at)


def _seconds(value: str | None) -> int | None:
    return min(int(value[:9]), LONGEST_WAIT) if value and value.isascii() and value.isdigit() else None


class _Problem(msgspec.Struct):
    Type: str | None = None
    Title: str | None = None


def _detail(body: bytes) -> str:
    """Return a word on the kind of problem; never the text of the body, which may hold customers' data."""
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except msgspec.DecodeError:
        return "without a problem description"
    return problem.Type or problem.Title or ""


def told_apart(refused: Forbidden, *, still_listed: bool) -> XeroError:
    """Tell what a 403 means, given whether Xero still lists the organisation among our connections."""
    kind = ChangedInXero if still_listed else DisconnectedInXero
    return kind(refused.detail, correlation_id=refused.correlation_id)
