"""The edge at which an unforeseen exception stops, logged with its traceback, and everything else goes on."""

from collections.abc import Awaitable

import structlog

log = structlog.get_logger()


async def survived(what: str, work: Awaitable[object], **about: str) -> bool:
    """Await the work; return False where it raised. `about` says in the log what it was about."""
    try:
        await work
    except Exception:
        log.exception("unexpected", what=what, **about)
        return False
    return True
