"""The only reader of the clock.

Work reads the time once, at its edge, and hands it down; decisions take it as an argument. Whoever composes a whole
product beside emulated peers may have it follow their time instead (`follow`); nothing in the product does so.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime


def system_time() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = system_time


def utc_now() -> datetime:
    """Return this moment, aware, in UTC."""
    return _source()


def steady() -> float:
    """Return seconds that only ever grow, whatever happens to the time of day: for measuring how long ago."""
    return time.monotonic()


def follow(source: Callable[[], datetime]) -> None:
    """Take the time from `source` (aware UTC) from now on, for this whole process."""
    global _source
    _source = source
