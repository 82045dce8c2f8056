"""Every place where a path through the program waits for something outside: a step. For killing it at any of them.

A step is each statement to the database, each commit and rollback, and each side of each call to Xero, to Slack and to
the mail server, of whatever is done within one path; what else the process does meanwhile is not counted.
Counting begins with SIGUSR1.
"""

import os
import signal
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

import aiohttp
import aiosmtplib
import httpx
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.delivery import Delivery
from core.connect import Connecting
from core.farewell import Farewell
from core.reminders.sending import Sending
from core.sync import Syncing
from core.tokens import Tokens

PATHS: dict[str, list[tuple[Any, str]]] = {
    "sync": [(Syncing, "run")],
    "refresh": [(Tokens, "_refreshed")],
    "connect": [(Connecting, "arrive"), (Connecting, "choose")],
    "disconnect": [(Connecting, "disconnect"), (Farewell, "_say")],
    "delivery": [(Delivery, "_tell")],
    "send": [(Sending, "tick")],
}
_within: ContextVar[bool] = ContextVar("within", default=False)


class Steps:
    def __init__(self, kill_at: int | None, report: str) -> None:
        self.done = 0
        self.kill_at = kill_at
        self._armed = False
        self._report = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        signal.signal(signal.SIGUSR1, self._arm)

    def _arm(self, *_ignored: object) -> None:
        """Count from here: what is left over from before has been done."""
        self.done, self._armed = 0, True

    def step(self, *_ignored: object) -> None:
        if not self._armed or not _within.get():
            return
        if self.done == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.done += 1
        os.pwrite(self._report, b"%d\n" % self.done, 0)


def watch(path: str, *, kill_at: int | None, report: str) -> None:
    steps = Steps(kill_at, report)
    for name in ("before_cursor_execute", "commit", "rollback"):
        event.listen(Engine, name, steps.step)
    for owner, name in (
        (httpx.AsyncHTTPTransport, "handle_async_request"),
        (aiohttp.ClientSession, "_request"),
        (aiosmtplib.SMTP, "connect"),
        (aiosmtplib.SMTP, "execute_command"),
        (aiosmtplib.SMTP, "data"),
    ):
        setattr(owner, name, _between_steps(getattr(owner, name), steps))
    for owner, name in PATHS[path]:
        setattr(owner, name, _counted(getattr(owner, name)))


def _between_steps(inner: Callable[..., Any], steps: Steps) -> Callable[..., Any]:
    @wraps(inner)
    async def outer(*args: Any, **named: Any) -> Any:
        steps.step()
        answer = await inner(*args, **named)
        steps.step()
        return answer

    return outer


def _counted(inner: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(inner)
    async def outer(*args: Any, **named: Any) -> Any:
        before = _within.set(True)
        try:
            return await inner(*args, **named)
        finally:
            _within.reset(before)

    return outer
