"""OpenTelemetry behind the seam: harmless, never in the way, and only where it is asked for."""

import ast
import os
import re
import socket
import sys
import time
from pathlib import Path
from threading import Event
from uuid import UUID, uuid4

import pytest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot import tracing as start
from bot.doctor import outside
from bot.doctor.finding import Health
from bot.logs import with_trace
from bot.otel import ATTRIBUTES, WORD, Traces, first_span_of
from bot.settings import Settings
from core import tracing
from core.errors import XeroUnavailable
from core.xero.client import route_of
from tests.traced import Traced, told, trace_of, tree, written

ROOT = Path(__file__).resolve().parents[2]
OPENS = re.compile(r"(tracing\.(span|beginning|asked|note)|span|asked|it\.note|sent\.note)")
STORY = UUID("52ee33cc-0000-0000-0000-0000000000ff")
HOSTILE = [
    "Northgate Bakery",
    "till@example.com",
    "xoxb-12-34",
    "https://x.example.com/?key=1",
    "a" * 60,
    "",
    "a\nb",
    "Ж",
]
SETTINGS = Settings.model_construct(otel_exporter_otlp_endpoint="http://127.0.0.1:9")


@pytest.fixture(autouse=True)
def off_again(monkeypatch, tmp_path):
    """As on a machine where nobody has heard of OpenTelemetry, and again when the test is over."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    yield
    tracing.put_in(None)


def nobody_listens() -> str:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        return f"http://127.0.0.1:{gone.getsockname()[1]}"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_that_is_no_short_word_is_left_out(text):
    traced = Traced()
    with tracing.span("a", command=text) as span:
        span.note(button=text, subject="not an attribute that we know")
        tracing.note(dialog=text)
    spans = traced.spans()
    assert told(spans, "a", "solido.command") == told(spans, "a", "solido.dialog") == {"other"}
    assert "subject" not in written(spans)
    assert not text or text not in written(spans).replace('"a"', "")


def test_of_an_exception_only_its_kind_is_told():
    traced = Traced()
    for error in (ValueError("Northgate Bakery"), XeroUnavailable("GET Northgate Bakery")):
        with pytest.raises(type(error)), tracing.span("a"):
            raise error
    spans = traced.spans()
    assert told(spans, "a", "error.type") == {"ValueError", "XeroUnavailable"}
    assert {span.status.status_code.name for span in spans} == {"ERROR"}
    assert "Northgate" not in written(spans)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/api.xro/2.0/Invoices", "Invoices"),
        (f"/api.xro/2.0/Invoices/{STORY}/OnlineInvoice", "Invoices/{id}/OnlineInvoice"),
        ("/api.xro/2.0/Contacts/Northgate", "Contacts/{id}"),
        (f"/connections/{STORY}", "connections/{id}"),
        ("/Northgate?Bakery", "{id}"),
    ],
)
def test_an_address_is_cut_to_its_route(path, route):
    assert route_of(path) == route
    assert WORD.fullmatch(route)


def test_every_attribute_that_is_set_is_known_and_every_span_is_on_the_page():
    """Other attributes would be left out without a word."""
    files = [path.read_text(encoding="utf-8") for floor in ("bot", "core") for path in (ROOT / floor).rglob("*.py")]
    spans = [
        call
        for source in files
        if re.search(r"^from core(\.tracing import .*span| import .*tracing)", source, re.MULTILINE)
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call) and OPENS.fullmatch(ast.unparse(call.func))
    ]
    assert len(spans) > 15
    assert {word.arg for call in spans for word in call.keywords} <= set(ATTRIBUTES)
    page = (ROOT / "docs/ops/monitoring.md").read_text(encoding="utf-8")
    names = {str(each.value) for call in spans for each in call.args if isinstance(each, ast.Constant)}
    assert len(names) > 10
    assert [name for name in names if f"`{name}`" not in page] == []


def test_who_takes_a_story_up_elsewhere_is_below_its_first_span():
    traced = Traced()
    with tracing.span("elsewhere", STORY):
        assert tracing.trace_id() == STORY.hex
    with tracing.beginning(STORY, "first"), tracing.span("within", STORY):
        pass
    elsewhere, first, within = traced.spans()
    assert tree([first, elsewhere, within]) == {"first": {"elsewhere": {}, "within": {}}}
    assert first.context
    assert first.context.span_id == first_span_of(STORY)
    assert {trace_of(span) for span in (elsewhere, first, within)} == {STORY.hex}


def test_the_first_run_that_somebody_asks_for_is_of_the_same_trace_and_a_second_one_only_linked_to_it():
    traced = Traced()
    with tracing.asked(STORY, "asked"):
        assert tracing.take_id() == STORY
        second = tracing.take_id()
        with tracing.beginning(second, "second"):
            pass
    assert tracing.take_id() not in (STORY, second)
    asked, other = traced.spans()
    assert trace_of(other) == second.hex != trace_of(asked)
    assert [link.context.trace_id for link in other.links] == [STORY.int]


def test_a_share_of_all_traces_is_chosen_and_each_is_whole(monkeypatch):
    """OpenTelemetry's sampler by the trace's id, which knows nothing of what other processes chose."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.4")
    traced = Traced()
    stories = [tracing.new_id() for _each in range(300)]
    for story in stories:
        with tracing.beginning(story, "first"):
            pass
        with tracing.span("elsewhere", story):
            pass
    spans = traced.spans()
    chosen = {trace_of(span) for span in spans}
    assert 60 < len(chosen) < 180
    assert len(spans) == 2 * len(chosen)


def test_what_opentelemetry_is_told_of_the_service_comes_first(monkeypatch):
    def named() -> tuple[object, object]:
        traced = Traced()
        with tracing.span("a"):
            pass
        [span] = traced.spans()
        return span.resource.attributes["service.name"], span.resource.attributes["solido.roles"]

    assert named() == ("solido", "web,worker")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "books")
    assert named() == ("books", "web,worker")


class Stuck(SpanExporter):
    """A collector that takes a batch and does not answer before it is `over`."""

    def __init__(self) -> None:
        self.over = Event()

    def export(self, _spans) -> SpanExportResult:
        self.over.wait(20)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        pass


def test_a_collector_that_never_answers_delays_nothing():
    exporter = Stuck()
    traces = Traces(["web"], exporter)
    began = time.perf_counter()
    for _each in range(3000):  # more than are kept for it
        with tracing.span("a"):
            pass
    assert time.perf_counter() - began < 3
    began = time.perf_counter()
    with capture_logs() as lines:
        traces.stop(within=0.05)
    assert time.perf_counter() - began < 1
    assert [line["event"] for line in lines] == ["traces.lost_at_end"]
    exporter.over.set()


def test_where_nobody_listens_everything_goes_on_and_the_log_says_so_once(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", nobody_listens())
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.1")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    with capture_logs() as lines:
        traces = start.begin(SETTINGS, ["web"])
        assert traces
        for _each in range(3):
            with tracing.span("a"):
                time.sleep(0.03)
        began = time.perf_counter()
        traces.stop()
    assert time.perf_counter() - began < 4
    assert [line["event"] for line in lines] == ["traces.not_taken"]


@pytest.mark.parametrize(
    ("given", "traced"),
    [
        ({}, False),
        ({"otel_exporter_otlp_endpoint": "http://x"}, True),
        ({"otel_exporter_otlp_traces_endpoint": "http://x"}, True),
        ({"otel_exporter_otlp_endpoint": "http://x", "otel_sdk_disabled": "TRUE"}, False),
        ({"otel_exporter_otlp_endpoint": "http://x", "otel_traces_exporter": "none"}, False),
    ],
)
def test_there_are_traces_only_where_a_collector_is_named(given, traced):
    assert Settings.model_construct(**given).traced is traced


async def test_without_them_nothing_is_begun_and_the_doctor_has_no_line():
    off = Settings.model_construct()
    assert start.begin(off, ["web"]) is None
    assert tracing.span("a") is tracing.beginning(uuid4(), "b") is tracing.NOTHING
    assert tracing.trace_id() == ""
    assert with_trace(None, "", {"event": "a"}) == {"event": "a"}
    assert await outside.traces(off) == []


async def test_without_the_extra_the_program_starts_and_the_doctor_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    with capture_logs() as lines:
        assert start.begin(SETTINGS, ["web"]) is None
    assert [line["event"] for line in lines] == ["traces.extra_missing"]
    [finding] = await outside.traces(SETTINGS)
    assert finding.health == Health.WARNING
    assert "pip install 'solido[otel]'" in finding.do


async def test_the_doctor_says_whether_the_collector_takes_spans(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", nobody_listens())
    monkeypatch.setattr("bot.otel.LOOK_SECONDS", 0.5)
    [finding] = await outside.traces(SETTINGS)
    assert finding.health == Health.WARNING
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in finding.do


def test_a_variable_that_opentelemetry_does_not_understand_keeps_nothing_from_starting(monkeypatch):
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "-1")
    with capture_logs() as lines:
        assert start.begin(SETTINGS, ["web"]) is None
    assert [line["event"] for line in lines] == ["traces.not_begun"]


def test_what_the_settings_know_of_the_collector_reaches_opentelemetry(monkeypatch, tmp_path):
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)  # what is set there by then is forgotten with the test
    (tmp_path / ".env").write_text("OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318\nELSE=x\n")
    start.hand_over(SETTINGS.model_copy(update={"otel_exporter_otlp_headers": SecretStr("key=1")}))
    assert os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector:4318"
    assert os.environ["OTEL_EXPORTER_OTLP_HEADERS"] == "key=1"
    assert "ELSE" not in os.environ
