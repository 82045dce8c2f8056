"""With OpenTelemetry a command, its sync and its message are one trace, and nothing private is in it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from bot.delivery import story_of
from bot.logs import with_trace
from tests.core.reminders.stage import a_stage
from tests.stories.play import Play
from tests.traced import Traced, told, trace_of, tree, written

MESSAGE = {"slack.message": {}}
SYNC = {"sync.run": {"sync.read": {"xero.call": {}}, "sync.store": {}}}


@pytest.fixture
def traced() -> Iterator[Traced]:
    traced = Traced()
    yield traced
    traced.spans()


async def test_a_command_its_run_its_pages_and_its_message_are_one_trace(play: Play, traced: Traced):
    await play.connect()
    await play.settle()
    with capture_logs(processors=[merge_contextvars, with_trace]) as lines:
        await play.say("sync")
    [queued] = [line for line in lines if line["event"] == "sync.queued"]
    trace = queued["run"].replace("-", "")
    assert {line["trace_id"] for line in lines} == {trace}, "every line of it names the trace"
    assert trace.startswith(queued["command"]), "and begins with what people read where something breaks"
    spans = [span for span in traced.spans() if trace_of(span) == trace]
    assert tree(spans) == {"slack.request": {"slack.work": {"sync.queued": {}}, **SYNC, **MESSAGE}}
    assert told(spans, "slack.work", "solido.command") == {"sync"}
    assert told(spans, "slack.message", "solido.result") == {"posted", "edited"}
    assert told(spans, "xero.call", "http.route") == {"Invoices", "Contacts"}
    assert told(spans, "sync.run", "solido.result") == {"succeeded"}


async def test_nothing_that_people_wrote_and_no_secret_is_in_a_trace(play: Play, traced: Traced):
    """What begins on our page, in Xero or by itself is traced too."""
    await play.connect()
    await play.settle()
    await play.command("Northgate Bakery owes us")
    await play.command("hold INV-0042 because disputed")
    await play.command("sync full for Northgate")
    await play.browser.post(f"{play.world.product_at.url}/xero/webhooks", content=b"Northgate Bakery")
    harbour = play.organisation()
    harbour.add_contact("Zebra Crossing Ltd", "till@zebra.example.com")
    play.xero.kill_refresh_tokens()
    play.xero.expire_access_tokens()
    await play.let_pass(minutes=16)
    await play.press(play.slack.posts[-1], "Reconnect")
    spans = traced.spans()
    assert {"xero.callback", "xero.webhook", "sync.queued", "slack.request", "slack.message"} <= set(tree(spans))
    assert told(spans, "xero.webhook", "http.response.status_code") == {401}
    assert told(spans, "sync.run", "solido.result") == {"succeeded", "PermissionEnded"}
    assert told(spans, "slack.work", "solido.command") >= {"connect", "hold", "sync", "unknown"}
    assert told(spans, "slack.work", "solido.button") == {None, "reconnect"}
    identity = play.xero.identity
    private = {"Northgate", "INV-", "disputed", "full", "Harbour", "Zebra", "example.com", "@", "T0SOLIDO", "C0FINANCE"}
    private |= {each.name for each in harbour.contacts} | {harbour.tenant_id}
    private |= set(identity.access_tokens) | set(identity.refresh_tokens) | set(play.slack.tokens)
    everything = written(spans).lower()
    assert len(private) > 30
    assert [word for word in private if word.lower() in everything] == []


async def test_a_letter_is_a_trace_of_its_own_with_the_message_about_it(traced: Traced):
    now = datetime(2026, 11, 24, 9, 5, tzinfo=UTC)
    stage = await a_stage("", now)
    zebra = stage.organisation.add_contact("Zebra Crossing Ltd", "till@zebra.example.com")
    due_on = now.date() - timedelta(30)
    stage.organisation.add_invoice(zebra, number="INV-7", total=Decimal(120), issued_on=due_on, due_on=due_on)
    await stage.sync()
    await stage.tick()
    await stage.close()
    spans = traced.spans()
    [sent] = [span for span in spans if span.name == "letter.send"]
    [letter] = told(spans, "letter.send", "solido.letter")
    assert trace_of(sent) == UUID(str(letter)).hex
    assert story_of(f"letter:{letter}") == UUID(str(letter))
    assert told(spans, "letter.send", "solido.result") == {"sent"}
    looked = next(span for span in spans if span.name == "letters")
    assert looked.context
    assert [link.context.span_id for link in sent.links] == [looked.context.span_id], "it says which look it came from"
    assert set(tree(spans)["letters"]) == {"letter.claim", "xero.call"}
    assert [word for word in ("zebra", "inv-7", "harbour", "@") if word in written(spans).lower()] == []


def test_cards_of_other_kinds_belong_to_no_trace():
    assert [story_of(card) for card in ("connected:1", "run:", "incident:52ee33cc-0000-4000-8000-000000000000")] == [
        None
    ] * 3
