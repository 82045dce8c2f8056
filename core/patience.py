"""How long one call to Xero is tried before it counts as failed."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from core.clock import utc_now
from core.errors import DailyLimitReached, OrganisationOffline, Passing

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """`tries` calls, with 1, 2, 4 … times `first_wait` between them and never more than `longest_wait` (seconds)."""

    tries: int = 4
    first_wait: float = 1.0
    longest_wait: float = 60.0

    def wait(self, tried: int, error: Passing, *, now: datetime, jitter: float) -> float | None:
        """Return the seconds to wait before another try, or None to give up. `jitter` lies between 0 and 1."""
        if tried >= self.tries or isinstance(error, DailyLimitReached | OrganisationOffline):
            return None
        if error.retry_at is None:
            doubled: float = self.first_wait * 2 ** (tried - 1)
            return min(doubled, self.longest_wait) * (0.5 + jitter)
        asked = (error.retry_at - now).total_seconds()
        return None if asked > self.longest_wait else max(asked, 0.0) + jitter * self.first_wait


async def patiently(call: Callable[[], Awaitable[T]], patience: Patience) -> T:
    """Call until it works, patience ends (the last Passing is raised), or the error says that trying is no use."""
    tried = 0
    while True:
        tried += 1
        try:
            return await call()
        except Passing as error:
            wait = patience.wait(tried, error, now=utc_now(), jitter=random.random())
            if wait is None:
                raise
        await asyncio.sleep(wait)
