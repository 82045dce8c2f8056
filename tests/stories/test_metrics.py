"""`GET /metrics` tells what happened, as the database has it, and names nobody."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import col, func, select

from storage.models import OutboxMessage, SyncRun
from tests.stories.play import Play

LABELS = {
    "role": {"web", "worker", "scheduler"},
    "trigger": {"initial", "scheduled", "manual", "webhook", "reconcile"},
    "state": {"active", "reconnect_needed", "disconnected", "queued", "running"},
    "kind": {"command", "button", "dialog", "event", "other"},
    "answer": {"2xx", "3xx", "4xx", "429", "5xx", "none"},
    "outcome": {"sent", "refused", "bounced", "unknown", "renewed", "failed", "too_late", "told"},
}
"""Every value that our labels may have, where it is not the name of an error or a cause."""


async def scraped(play: Play) -> dict[tuple[str, ...], float]:
    """Each sample of ours by its name and the values of its labels, sorted, as of now."""
    play.world.solido.measured.forget()
    text = (await play.browser.get(f"{play.world.product_at.url}/metrics")).text
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("solido_")
    }


def grown(before: dict, after: dict, *sample: str) -> float:
    name, *labels = sample
    key = (name, *sorted(labels))
    return after.get(key, 0.0) - before.get(key, 0.0)


@asynccontextmanager
async def aside(play: Play) -> AsyncIterator[None]:
    """The database file is somewhere else, and a folder is in its place."""
    await play.database.close()
    path = Path(play.database.url.database or "")
    os.rename(path, path.with_suffix(".away"))
    os.mkdir(path)
    yield
    os.rmdir(path)
    os.rename(path.with_suffix(".away"), path)


async def counted(play: Play, *conditions) -> int:
    async with play.database.asking() as unscoped:
        return (await unscoped.session.exec(select(func.count()).where(*conditions))).one()


async def test_it_tells_what_the_database_tells(play: Play):
    before = await scraped(play)
    await play.connect()
    await play.settle()
    await play.say("sync")
    await play.let_pass(step=timedelta(minutes=5), minutes=35)
    after = await scraped(play)
    for trigger in ("initial", "manual", "scheduled"):
        succeeded = await counted(play, col(SyncRun.trigger) == trigger, col(SyncRun.state) == "succeeded")
        assert succeeded
        assert grown(before, after, "solido_syncs_total", trigger, "succeeded") == succeeded
        assert grown(before, after, "solido_sync_seconds_count", trigger) == succeeded
        assert grown(before, after, "solido_sync_wait_seconds_count", trigger) == succeeded
    assert after[("solido_connections", "active")] == 1
    assert after[("solido_outbox_waiting",)] == await counted(play, col(OutboxMessage.waiting)) == 0
    assert grown(before, after, "solido_xero_calls_total", "2xx") > 5
    assert grown(before, after, "solido_xero_bytes_total") > 10_000
    assert grown(before, after, "solido_refreshes_total", "renewed") >= 1
    assert grown(before, after, "solido_ack_seconds_count", "command") == 2
    assert grown(before, after, "solido_notices_total", "told") >= 2
    assert 0 < after[("solido_quota_lowest_left",)] < 1000


async def test_trouble_and_delay_show_while_they_last(play: Play):
    await play.connect()
    await play.settle()
    before = await scraped(play)
    play.xero.kill_refresh_tokens()
    play.slack.break_next("503", times=None)
    await play.pass_without_rest(minutes=40)
    during = await scraped(play)
    assert during[("solido_incidents_open", "reconnect_needed")] == 1
    assert grown(before, during, "solido_syncs_total", "scheduled", "PermissionEnded") >= 1
    assert grown(before, during, "solido_refreshes_total", "refused") >= 1
    assert grown(before, during, "solido_notices_total", "refused") >= 1
    assert during[("solido_outbox_waiting",)] == await counted(play, col(OutboxMessage.waiting)) == 1
    assert 600 <= during[("solido_outbox_oldest_seconds",)] < 2400
    play.slack.heal()
    play.world.clock.forward(timedelta(hours=3))
    late = await scraped(play)
    assert late[("solido_syncs_overdue",)] == 1
    assert late[("solido_sync_lateness_seconds",)] > 3600


async def test_no_label_says_whose_figures_they_are(play: Play):
    await play.connect()
    await play.say("status")
    await play.say("what Northgate Bakery owes")
    response = await play.browser.get(f"{play.world.product_at.url}/metrics")
    for family in text_string_to_metric_families(response.text):
        if not family.name.startswith("solido_"):
            continue
        for sample in family.samples:
            for label, value in sample.labels.items():
                if label in LABELS:
                    assert value in LABELS[label], sample
                else:
                    assert label in {"le", "result", "cause"}, sample
                    assert re.fullmatch(r"[A-Za-z_]+|[0-9.+eInf]+", value), sample
    for private in ("Harbour", "Northgate", play.organisation().tenant_id, "finance", "T0", "example.com"):
        assert private not in response.text


async def test_a_database_that_is_away_leaves_the_counters_and_says_so(play: Play):
    await play.connect()
    async with aside(play):
        play.world.solido.measured.forget()
        text = (await play.browser.get(f"{play.world.product_at.url}/metrics")).text
    assert "solido_database_up 0.0" in text
    assert "solido_connections" not in text
    assert "solido_syncs_total" in text
