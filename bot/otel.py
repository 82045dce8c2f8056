"""OpenTelemetry behind core/tracing.py: the only module that imports it, and imported only where it is wanted.

Nothing that people wrote gets into a span. Attributes are those of ATTRIBUTES; texts are short words, or `other`; of an
exception only its kind is told, as its text and traceback may hold anything.
"""

import logging
import os
import random
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from types import TracebackType
from uuid import UUID

import structlog
from opentelemetry.context import Context, attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    format_trace_id,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan

from core import tracing
from core.errors import SolidoError
from core.tracing import Fact

log = structlog.get_logger()

STOPPING_SECONDS = 3.0
"""So long a process that ends waits for its last spans to be taken; then they are lost."""
NO_HOPE_SECONDS = 0.3
"""The same where those before were not taken either."""
LOOK_SECONDS = 2.0
ATTRIBUTES = {
    "method": "http.request.method",
    "route": "http.route",
    "status": "http.response.status_code",
    "error": "error.type",
    **{
        name: f"solido.{name}"
        for name in (
            *("attempt", "button", "card", "command", "dialog", "kind", "letter", "page", "resource", "result", "run"),
            *("trigger", "version", "workspace"),
        )
    },
}
WORD = re.compile(r"[A-Za-z{][A-Za-z_./{}-]{0,47}", re.ASCII)
"""No digit is in it, and so hardly ever a token; nor a blank, an @ or a colon."""
LOWER_HALF = (1 << 64) - 1


class Ids(RandomIdGenerator):
    """Random, but for the first span of a story: whoever knows the story knows the span below which its own belong."""

    def __init__(self) -> None:
        self.story: ContextVar[UUID | None] = ContextVar("story", default=None)

    def generate_trace_id(self) -> int:
        story = self.story.get()
        return super().generate_trace_id() if story is None else story.int

    def generate_span_id(self) -> int:
        story = self.story.get()
        return random.getrandbits(64) or 1 if story is None else first_span_of(story)


def first_span_of(story: UUID) -> int:
    return story.int & LOWER_HALF or 1


class Opened:
    """A span, begun by `with`."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    def __enter__(self) -> "Opened":
        self._token = attach(set_span_in_context(self._span))
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _where: TracebackType | None
    ) -> None:
        if error is not None:
            self.note(error=kind_of(error))
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()
        detach(self._token)

    def note(self, **facts: Fact) -> None:
        self._span.set_attributes(harmless(facts))


class OtelTracer:
    """A core.tracing.Tracer. Its provider makes ids with `ids`."""

    def __init__(self, provider: TracerProvider, ids: Ids) -> None:
        self._ids = ids
        self._tracer = provider.get_tracer("solido")
        self._sampler = provider.sampler

    def open(self, name: str, story: UUID | None, *, first: bool, facts: dict[str, Fact]) -> Opened:
        now = get_current_span().get_span_context()
        attributes = harmless(facts)
        if story is None or now.trace_id == story.int:
            return Opened(self._tracer.start_span(name, attributes=attributes))
        links = [Link(now)] if now.is_valid else []
        if not first:
            above = set_span_in_context(NonRecordingSpan(self._first(story)), Context())
            return Opened(self._tracer.start_span(name, above, attributes=attributes, links=links))
        token = self._ids.story.set(story)
        try:
            return Opened(self._tracer.start_span(name, Context(), attributes=attributes, links=links))
        finally:
            self._ids.story.reset(token)

    def _first(self, story: UUID) -> SpanContext:
        """The first span of a story, which may be of another process: sampled here if it was there, as samplers decide
        by the trace's id."""
        chosen = self._sampler.should_sample(Context(), story.int, "").decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(TraceFlags.SAMPLED if chosen else TraceFlags.DEFAULT)
        return SpanContext(story.int, first_span_of(story), is_remote=True, trace_flags=flags)

    def note(self, facts: dict[str, Fact]) -> None:
        get_current_span().set_attributes(harmless(facts))

    def trace_id(self) -> str:
        now = get_current_span().get_span_context()
        return format_trace_id(now.trace_id) if now.is_valid else ""


class Telling(SpanExporter):
    """Tells the log when spans can no longer be handed over, and when they can again: once each."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.lost = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        lost = result is not SpanExportResult.SUCCESS
        if lost and not self.lost:
            log.warning("traces.not_taken", spans=len(spans), do="see `solido doctor`")
        elif self.lost and not lost:
            log.info("traces.taken_again")
        self.lost = lost
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class Traces:
    """Spans on their way to a collector, by a thread of their own: whoever opens a span never waits for it."""

    def __init__(self, roles: Iterable[str], exporter: SpanExporter | None = None) -> None:
        hush()
        ids = Ids()
        # Not at the interpreter's exit: it would wait half a minute for a collector that does not answer.
        self._provider = TracerProvider(resource=resource(roles), id_generator=ids, shutdown_on_exit=False)
        self._telling = Telling(exporter or OTLPSpanExporter())
        self._provider.add_span_processor(BatchSpanProcessor(self._telling))
        tracing.put_in(OtelTracer(self._provider, ids))

    def stop(self, *, within: float = STOPPING_SECONDS) -> None:
        """Hand over what there is, for so many seconds at most."""
        tracing.put_in(None)
        # A daemon: where the collector does not answer it is left behind.
        ending = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        ending.start()
        ending.join(min(within, NO_HOPE_SECONDS) if self._telling.lost else within)
        if ending.is_alive():
            log.warning("traces.lost_at_end")


def hush() -> None:
    """It complains about each batch, with addresses; Telling says the same once."""
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)


def resource(roles: Iterable[str]) -> Resource:
    """What all spans of this process have. What OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES say comes first."""
    ours = Resource({SERVICE_NAME: "solido", "solido.roles": ",".join(sorted(roles))})
    named = "OTEL_SERVICE_NAME" in os.environ or SERVICE_NAME in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    theirs = Resource.create()
    return theirs.merge(ours) if not named else ours.merge(theirs)


def taken() -> bool:
    """Whether the collector takes spans: it is handed none. May take LOOK_SECONDS."""
    hush()
    exporter = OTLPSpanExporter(timeout=LOOK_SECONDS)
    try:
        return exporter.export([]) is SpanExportResult.SUCCESS
    finally:
        exporter.shutdown()  # type: ignore[no-untyped-call]


def harmless(facts: Mapping[str, Fact]) -> dict[str, bool | int | float | str]:
    return {ATTRIBUTES[name]: plain(value) for name, value in facts.items() if value is not None and name in ATTRIBUTES}


def plain(value: bool | int | float | str | UUID) -> bool | int | float | str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str):
        return str(value) if WORD.fullmatch(value) else "other"
    return value


def kind_of(error: BaseException) -> str:
    return error.code if isinstance(error, SolidoError) else type(error).__name__
