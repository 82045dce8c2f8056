"""One installation in several processes on PostgreSQL: whoever dies, freezes or is cut off, the others go on.

Real processes, with the times as they are in production. `make prove` does it with more of everything.
"""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlmodel import select

from core.engine import POLL_SECONDS, prepare
from core.presence import BEAT_SECONDS, SILENCE
from sandbox.slack.records import Reply
from sandbox.xero import Organisation
from storage.database import driver_url
from storage.models import AuditEvent, RunState, SyncRun, Trigger
from tests.processes.cluster import Balancer, Cluster, Line, clustered
from tests.processes.forking import Process, is_there

pytestmark = pytest.mark.prove

PROVE = os.environ.get("SOLIDO_PROVE") == "1"
BACK_WITHIN = 10.0 if PROVE else 20.0
"""Seconds in which what somebody had begun goes on elsewhere: ten, and more where many tests share the machine."""
BOOKS, INVOICES = (12, 5200) if PROVE else (4, 2200)
ROUNDS = 3 if PROVE else 1
RUNNING_SECONDS = 60 if PROVE else 8


@pytest.fixture
async def cluster(migrated_postgres_url: str, tmp_path: Path) -> AsyncIterator[Cluster]:
    prepare(driver_url(migrated_postgres_url))
    async with clustered(migrated_postgres_url, tmp_path) as made:
        yield made


async def goes_on_after(it: Cluster, among: list[Process], how: Callable[[Process], None]) -> float:
    """Have one of these that carries a sync be lost, and wait until all it carried has begun anew elsewhere; return
    how many seconds that took."""
    loop = asyncio.get_running_loop()
    lost = await asyncio.wait_for(it.carrying(among), 80)
    before = {str(run.id): run.attempt for run in await it.runs()}
    how(lost)
    began = loop.time()
    mine = {run for run, name in (await it.carriers()).items() if it.is_of(name, lost)}

    async def again() -> bool:
        now = {str(run.id): run for run in await it.runs()}
        return all(now[run].attempt > before[run] or now[run].finished_at for run in mine)

    await it.until(again)
    return loop.time() - began


async def nothing_lost_or_doubled(it: Cluster, books: list[Organisation]) -> None:
    await it.until(it.all_synced)
    await it.until(it.all_told)
    runs = await it.runs()
    assert [run.added for run in runs] == [INVOICES] * len(books)
    told = [post.text for post in it.slack.posts]
    for organisation in books:
        assert sum(f"Connected to *{organisation.name}*" in text for text in told) == 1, told
    assert sum("First sync done" in text for text in told) == len(books)
    assert it.slack.refused == []


async def test_of_three_workers_one_is_killed_one_cut_off_and_one_frozen(cluster, record_property):
    """Two of them have clocks an hour wrong. Nothing is lost or done twice, and each loss is made good in time."""
    it = cluster
    await it.start_all("web")
    lines = [Line(it.url) for _ in range(3)]
    workers: dict[int, tuple[Process, Line]] = {}
    for line, skew in zip(lines, (3600, -3600, 0), strict=True):
        [one] = await it.start_all("worker", environment={"DATABASE_URL": await line.start()}, skew=skew)
        workers[one.pid] = one, line
    books = await it.connect_many(BOOKS, INVOICES, seconds=4.0)

    def here() -> list[Process]:
        return [one for one, _line in workers.values()]

    took = [await goes_on_after(it, here(), lambda lost: lost.signal(signal.SIGKILL))]
    [killed] = [one for one in here() if not is_there(one)]
    await killed.ended()
    del workers[killed.pid]
    for _ in range(ROUNDS):
        took.append(await goes_on_after(it, here(), lambda lost: workers[lost.pid][1].cut()))
        for line in lines:
            line.mend()
        took.append(await goes_on_after(it, here(), lambda lost: lost.signal(signal.SIGSTOP)))
        for one in here():
            one.signal(signal.SIGCONT)
    it.xero.heal()
    await nothing_lost_or_doubled(it, books)
    record_property("seconds", [round(each, 1) for each in took])
    sys.stdout.write(f"\nlost {len(took)} times, seconds to go on: {', '.join(f'{each:.1f}' for each in took)}\n")
    assert max(took) < BACK_WITHIN, took
    assert any("worker.was_silent" in one.said() for one in here()), "who was away has noticed, and begun anew"
    assert sum("clock.wrong" in one.said() for one in it.processes) == 2
    for one in [*here(), it.processes[0]]:
        await it.until(lambda one=one: it.here(one))
        one.signal(signal.SIGTERM)
        assert await one.ended() == 0, one.said()
    assert await it.names() == [], "who leaves says so"
    for line in lines:
        await line.stop()


async def commands(it: Cluster, until: asyncio.Event) -> list[Reply]:
    """Somebody asks for syncs all the time."""
    said = []
    while not until.is_set():
        said += await asyncio.gather(*(it.slack.command("sync", channel=f"books-{number}") for number in range(2)))
        await asyncio.sleep(0.1)
    return said


async def test_a_rolling_restart_under_load_and_two_schedulers_of_which_one_dies(cluster, record_property):
    """No command that was acknowledged is lost, no sync is queued twice or overlaps, nothing waits for long."""
    it = cluster
    it.xero.limits.day = 1_000_000
    every = {"SOLIDO_SYNC_EVERY": "2", "XERO_DAILY_LIMIT": "1000000"}
    roles = ["web", "scheduler", "scheduler", "worker"] + ["worker"] * PROVE
    other_web = {"PORT": str(it.another_port)}
    first = await it.start_all(*roles, environment=every)
    books = await it.connect_many(3, 30, seconds=0.0)
    it.xero.heal()
    await it.until(it.all_synced)
    balancer = Balancer([it.port, it.another_port])
    it.slack.request_url = f"{await balancer.start()}/slack/events"
    stop = asyncio.Event()
    asking = asyncio.create_task(commands(it, stop))
    await asyncio.sleep(1)
    first[1].signal(signal.SIGKILL)
    await first[1].ended()
    for number, role in enumerate(roles):
        if number == 1:
            continue
        settings = every | (other_web if role == "web" else {})
        await it.start_all(role, environment=settings, answers_at=it.another_port)
        first[number].signal(signal.SIGTERM)
        assert await first[number].ended() == 0, first[number].said()
    await asyncio.sleep(RUNNING_SECONDS)
    stop.set()
    replies = await asking
    await it.until(it.idle)
    failed = [reply for reply in replies if reply.error]
    started = [reply for reply in replies if reply.text.startswith("Syncing ")]
    asked = [event for event in await it.rows(select(AuditEvent)) if event.what == "asked for a sync"]
    runs = [run for run in await it.runs() if run.state == RunState.SUCCEEDED]
    counts = (
        f"{len(replies)} commands, {len(failed)} failed, {len(started)} began a sync, {len(asked)} did; {len(runs)}"
    )
    sys.stdout.write(f"\n{counts} syncs in all\n")
    assert len(failed) == 0, Counter(reply.error for reply in failed)
    assert len(started) <= len(asked) <= len(replies)
    assert not [run for run in await it.runs() if run.state == RunState.FAILED]
    assert any(run.trigger == Trigger.SCHEDULED for run in runs)
    for organisation in books:
        await no_overlap_and_no_gap(it, runs, organisation)
    await balancer.stop()


async def no_overlap_and_no_gap(it: Cluster, runs: list[SyncRun], organisation: Organisation) -> None:
    [connection] = [one for one in await it.connections() if one.tenant_name == organisation.name]
    mine = sorted((run for run in runs if run.connection_id == connection.id), key=lambda run: run.queued_at)
    assert len(mine) > 3
    for before, after in pairwise(mine):
        assert before.finished_at <= after.started_at
        assert after.queued_at - before.queued_at < timedelta(seconds=BACK_WITHIN + 4)


def test_silence_beat_and_poll_together_leave_room_within_ten_seconds():
    """Silence, the beat that notices it, and the queue's poll leave room within the ten seconds."""
    assert SILENCE.total_seconds() + 2 * BEAT_SECONDS + POLL_SECONDS < 10 - 2
