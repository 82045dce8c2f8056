"""Tracing as the product does it, with an exporter that keeps what it is handed."""

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bot.otel import Traces


class Traced:
    """Every span of this process, from now on until they are asked for."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._traces = Traces(["web", "worker"], self._exporter)

    def spans(self) -> list[ReadableSpan]:
        """In the order in which they began. There are no more after this."""
        self._traces.stop()
        return sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time or 0)


def trace_of(span: ReadableSpan) -> str:
    assert span.context
    return f"{span.context.trace_id:032x}"


def tree(spans: list[ReadableSpan], below: int | None = None) -> dict[str, dict]:
    """Names within names; those of one name at one place together."""
    found: dict[str, dict] = {}
    for span in spans:
        if (span.parent.span_id if span.parent else None) == below and span.context:
            found[span.name] = found.get(span.name, {}) | tree(spans, span.context.span_id)
    return found


def told(spans: list[ReadableSpan], name: str, attribute: str) -> set[object]:
    """What all spans of this name say of themselves there."""
    return {(span.attributes or {}).get(attribute) for span in spans if span.name == name}


def written(spans: list[ReadableSpan]) -> str:
    """Everything that leaves the process, as text."""
    return "\n".join(
        f"{span.to_json()} {[(dict(link.attributes or {})) for link in span.links]} {span.resource.to_json()}"
        for span in spans
    )
