"""One line per event: JSON, or for people on a terminal."""

import logging
import sys
from contextlib import AbstractContextManager
from typing import Literal
from uuid import UUID

import structlog

from core.tracing import new_id, trace_id

COMMAND = "command"
"""The field that every line has which comes of one request of Slack's: a command, a press, a dialog, an event. A sync
goes on in other processes: the line `sync.queued` has this id and the sync's own (`run`), which its later lines have
and which begins with this one.
"""
QUIET = ("slack_bolt", "slack_sdk", "httpx", "httpcore", "apscheduler", "dbos", "aiohttp", "uvicorn", "alembic")
"""Their INFO and DEBUG lines are chatter, or hold bodies of requests, tokens among them."""

NOT_OURS = ("apscheduler",)
"""Its warnings tell of a look that takes longer than its rhythm, which is as it should be; core/scheduler.py tells of
one that has come to a standstill."""


def name_of(story: UUID) -> str:
    """Short enough to be read out."""
    return story.hex[:8]


def command_under_way() -> str:
    """The id of what is being done for Slack now; a new one where nothing is."""
    return str(structlog.contextvars.get_contextvars().get(COMMAND) or name_of(new_id()))


def of_command(command: str) -> AbstractContextManager[object]:
    """Have all lines written inside, and in tasks begun inside, tell this id."""
    return structlog.contextvars.bound_contextvars(**{COMMAND: command})


def with_trace(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Where there are traces, each line within one names it."""
    if trace := trace_id():
        line["trace_id"] = trace
    return line


def set_up(form: Literal["json", "console"] | None) -> None:
    """Send structlog's and the standard library's lines to stderr in one form."""
    console = form == "console" or (form is None and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        with_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if console
        else structlog.processors.JSONRenderer()
    )
    tail: list[structlog.typing.Processor] = [] if console else [structlog.processors.format_exc_info]
    structlog.configure(
        processors=[*shared, *tail, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in NOT_OURS:
        logging.getLogger(name).setLevel(logging.ERROR)
