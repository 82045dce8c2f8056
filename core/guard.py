"""The edge at which an unforeseen exception stops, logged with its traceback, and everything else goes on."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

import structlog

log = structlog.get_logger()

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")


async def survived(what: str, work: Awaitable[object], **about: str) -> bool:
    """Await the work; return False where it raised. `about` says in the log what it was about."""
    try:
        await work
    except Exception:
        log.exception("unexpected", what=what, **about)
        return False
    return True


async def together(
    one: Coroutine[Any, Any, A], other: Coroutine[Any, Any, B], third: Coroutine[Any, Any, C]
) -> tuple[A, B, C]:
    """Do these side by side and return what each came to. What the first to fail raised is raised, once the others are
    cut off: nothing of it goes on."""
    works = asyncio.create_task(one), asyncio.create_task(other), asyncio.create_task(third)
    try:
        first, second, last = await asyncio.gather(*works)
        return first, second, last
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
