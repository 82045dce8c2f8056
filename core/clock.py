"""The only reader of the clock.

Work reads the time once, at its edge, and hands it down; decisions take it as an argument. Whoever composes a whole
product beside emulated peers may have it follow their time instead (`follow`); nothing in the product does so.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_correction = timedelta(0)


def machine_time() -> datetime:
    """What this machine believes, aware, in UTC. It may be wrong."""
    return datetime.now(UTC)


def system_time() -> datetime:
    """The same, as corrected."""
    return machine_time() + _correction


def correct(by: timedelta) -> None:
    """Take this machine's clock to be so much behind (or ahead, where it is negative) from now on."""
    global _correction
    _correction = by


def correction() -> timedelta:
    return _correction


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
