"""Xero's call limits: fixed windows on the emulator's clock, a different start for every tenant.

Source: Xero developer docs, API limits.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zlib import crc32

MINUTE, DAY = 60, 86_400
CONCURRENT = 5
APP_MINUTE = 10_000
APP = ""
"""The key of the whole app among the tenants' windows."""


@dataclass(frozen=True, slots=True)
class Exceeded:
    """`problem` is the X-Rate-Limit-Problem; `retry_after` in whole seconds, None when Xero leaves it out."""

    problem: str
    retry_after: int | None


class Limits:
    def __init__(
        self, *, clock: Callable[[], datetime], day: int, minute: int, enforce: bool, app_minute: int = APP_MINUTE
    ) -> None:
        self.day, self.minute, self.enforce, self.app_minute = day, minute, enforce, app_minute
        self.in_flight: Counter[str] = Counter()
        self._clock = clock
        self._windows: dict[tuple[str, int], tuple[int, int]] = {}

    def spend(self, tenant: str) -> Exceeded | None:
        """Count one call, or say which window is used up. Refused calls are not counted."""
        if self.enforce:
            for key, length, allowed, problem in (
                (APP, MINUTE, self.app_minute, "appminute"),
                (tenant, DAY, self.day, "day"),
                (tenant, MINUTE, self.minute, "minute"),
            ):
                if self._used(key, length) >= allowed:
                    return Exceeded(problem, self.seconds_left(key, length))
        for key, length in ((APP, MINUTE), (tenant, DAY), (tenant, MINUTE)):
            self._windows[key, length] = (self._window(key, length), self._used(key, length) + 1)
        return None

    def headers(self, tenant: str | None) -> dict[str, str]:
        """What remains; without a tenant only the app's own limit is told."""
        told = {"X-AppMinLimit-Remaining": str(max(0, self.app_minute - self._used(APP, MINUTE)))}
        if tenant is not None:
            told["X-DayLimit-Remaining"] = str(max(0, self.day - self._used(tenant, DAY)))
            told["X-MinLimit-Remaining"] = str(max(0, self.minute - self._used(tenant, MINUTE)))
        return told

    def seconds_left(self, key: str, length: int) -> int:
        """Whole seconds until the window of `length` ends; at least one."""
        return max(1, math.ceil(length - (self._clock().timestamp() + _start(key, length)) % length))

    def too_many_at_once(self, tenant: str) -> bool:
        return self.enforce and self.in_flight[tenant] > CONCURRENT

    def memory(self) -> list[tuple[tuple[str, int], tuple[int, int]]]:
        return list(self._windows.items())

    def recall(self, memory: list[tuple[tuple[str, int], tuple[int, int]]]) -> None:
        self._windows = dict(memory)

    def used_today(self, tenant: str) -> int:
        """Calls of the organisation in its present day."""
        return self._used(tenant, DAY)

    def _window(self, key: str, length: int) -> int:
        return int((self._clock().timestamp() + _start(key, length)) // length)

    def _used(self, key: str, length: int) -> int:
        window, used = self._windows.get((key, length), (0, 0))
        return used if window == self._window(key, length) else 0


def _start(key: str, length: int) -> int:
    """Where in the hour or day this tenant's windows begin: seconds, the same in every run."""
    return crc32(key.encode()) % length
