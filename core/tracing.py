"""Spans: what was done, how long it took, and what it belongs to. Nothing at all until somebody puts a tracer in.

This is a seam: core has never heard of OpenTelemetry, which bot/otel.py puts in here. One id goes all the way without a
column for it. What somebody asks for begins with an id of its own; the sync that comes of it takes that id over as the
run's; and who carries out the run, or tells of it, in whichever process, finds it in the row. It is the trace's id too.
"""

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Protocol
from uuid import UUID

Fact = bool | int | float | str | UUID | None
"""Numbers, ids, and words of closed sets. Never what people typed, a name, an address or a token."""


class Span(Protocol):
    def note(self, **facts: Fact) -> None:
        """What has turned out meanwhile."""


class Tracer(Protocol):
    """What spans go to. Nothing of it raises or waits."""

    def open(
        self, name: str, story: UUID | None, *, first: bool, facts: dict[str, Fact]
    ) -> AbstractContextManager[Span]:
        """A span of this story: its `first`, or one below that, wherever that was; without a story, or in the midst of
        it, one below the span under way."""

    def note(self, facts: dict[str, Fact]) -> None:
        """Add to the span under way, if there is one."""

    def trace_id(self) -> str:
        """Of the span under way; empty where there is none."""


class Nothing:
    """The span where nobody traces."""

    __slots__ = ()

    def __enter__(self) -> "Nothing":
        return self

    def __exit__(self, *_raised: object) -> None:
        pass

    def note(self, **facts: Fact) -> None:
        pass


NOTHING = Nothing()
_tracer: Tracer | None = None
_asked: ContextVar[list[UUID] | None] = ContextVar("asked", default=None)
"""The id of what is being asked for, until a run has taken it."""


def put_in(tracer: Tracer | None) -> None:
    """Have spans go there from now on; with None nowhere."""
    global _tracer  # one for the process, as its counters are
    _tracer = tracer


def span(name: str, story: UUID | None = None, **facts: Fact) -> AbstractContextManager[Span]:
    """A span below the one under way, or of this story, wherever that began."""
    return NOTHING if _tracer is None else _tracer.open(name, story, first=False, facts=facts)


def beginning(story: UUID, name: str, **facts: Fact) -> AbstractContextManager[Span]:
    """The first span of a story: others, also in other processes, are below it. In the midst of it, one more."""
    return NOTHING if _tracer is None else _tracer.open(name, story, first=True, facts=facts)


def note(**facts: Fact) -> None:
    if _tracer is not None:
        _tracer.note(facts)


def trace_id() -> str:
    """What all lines of the log tell that are written within a span; empty where there is none."""
    return "" if _tracer is None else _tracer.trace_id()


def new_id() -> UUID:
    """128 random bits. A UUID of version 4 has fixed ones among them, at the very place by whose size OpenTelemetry's
    sampler `traceidratio` chooses: it would choose all or none."""
    return UUID(bytes=secrets.token_bytes(16))


@contextmanager
def asked(story: UUID, name: str, **facts: Fact) -> Iterator[Span]:
    """While somebody's wish is dealt with: the first run that is queued takes this id, and so is of the same trace."""
    token = _asked.set([story])
    try:
        with beginning(story, name, **facts) as opened:
            yield opened
    finally:
        _asked.reset(token)


def take_id() -> UUID:
    """For a run that is queued now: the id of what was asked for, once; else a new one."""
    free = _asked.get()
    return free.pop() if free else new_id()
