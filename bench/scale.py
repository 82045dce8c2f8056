"""What it costs to have N organisations due every fifteen minutes: scheduler and engine, and whole quiet syncs.

One process with the scheduler's tick and the engine, as `solido scheduler` and `solido worker` have them. Every
organisation is due once in fifteen minutes, spread evenly; what is measured are SECONDS of them at the real rate (11
syncs a second for 10,000); `--seconds 3600` is the hour, in which each of them has its turn three or four times, and
memory, lateness and CPU are printed for each quarter of it. `engine` closes each run without reading
anything; `whole` is the product's own sync that finds nothing new, with answers of Xero's that come from memory, so
that no network and no emulator is in the figures.

    python -m bench.scale [--seconds 180] [--orgs 1000,10000,100000] [--databases sqlite,postgres]
"""

import argparse
import asyncio
import json
import logging
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import structlog
from sqlalchemy import func, insert, text
from sqlmodel import col, select

from core.clock import utc_now
from core.engine import DbosEngine, prepare
from core.patience import Patience
from core.schedule import jitter
from core.scheduler import Due, Scheduler, Tick
from core.sealed_places import of_connection
from core.sync import Syncing
from core.vault import Vault, new_key
from core.webhooks import Webhooks
from core.xero.client import Xero
from core.xero.http import make_http
from core.xero.oauth import READ_SCOPES, XeroLogin
from core.xero.pacing import Pacer
from storage.database import Database, driver_url
from storage.migrate import migrate
from storage.mirror_models import Cursor
from storage.models import Connection, Resource, RunState, SyncRun, Team, Workspace
from tests import postgres

EVERY = timedelta(minutes=15)
SETTLED_SECONDS = 5.0
"""So long it runs before anything is measured."""
ROWS_AT_ONCE = 5000
QUARTERS = 4
PAGE = os.sysconf("SC_PAGE_SIZE")


def quiet_xero(request: httpx.Request) -> httpx.Response:
    """Nothing has changed."""
    now = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = {"Date": now, "X-DayLimit-Remaining": "100000", "X-MinLimit-Remaining": "50"}
    name = request.url.path.rpartition("/")[2]
    return httpx.Response(200, headers=headers, json={"Status": "OK", name: []})


def seeded(url: str, count: int, vault: Vault) -> dict[UUID, datetime]:
    """Organisations that are connected and synced; when each is due next, from SETTLED_SECONDS on."""
    return asyncio.run(_seeded(url, count, vault))


async def _seeded(url: str, count: int, vault: Vault) -> dict[UUID, datetime]:
    database, now = Database(url), utc_now()
    team = uuid4()
    due = {uuid4(): now + timedelta(seconds=SETTLED_SECONDS) + EVERY * place / count for place in range(count)}
    async with database.unscoped() as unscoped:
        unscoped.add_team(
            Team(
                id=team, slack_team_id="T1", name="Bench", url="https://bench.slack.com/", bot_id="B", bot_user_id="U",
                bot_token_sealed=b"", installed_at=now,
            )
        )  # fmt: skip
    ids = list(due)
    for start in range(0, count, ROWS_AT_ONCE):
        some = ids[start : start + ROWS_AT_ONCE]
        places = [
            {"id": one, "team_id": team, "channel_id": str(one), "created_by": "U", "created_at": now} for one in some
        ]
        rows = [
            {
                "id": one,
                "workspace_id": one,
                "tenant_id": str(one),
                "tenant_name": "Bench Ltd",
                "state": "active",
                "xero_connection_id": "x",
                "connected_by": "U",
                "connected_at": now,
                "short_code": "",
                "base_currency": "EUR",
                "country_code": "DE",
                "timezone": "UTC",
                "access_token_sealed": vault.seal("t", place=of_connection(one, "access_token")),
                "refresh_token_sealed": vault.seal("r", place=of_connection(one, "refresh_token")),
                "access_expires_at": now + timedelta(days=1),
                "token_version": 1,
                "next_sync_at": due[one],
                "failures": 0,
                "last_success_at": now,
                "lacks_payments": False,
            }
            for one in some
        ]
        cursors = [
            {
                "workspace_id": one,
                "connection_id": one,
                "resource": each,
                "since": now,
                "filling": False,
                "again": False,
            }
            for one in some
            for each in Resource
        ]
        async with database.unscoped() as unscoped:
            connection = await unscoped.session.connection()
            for table, values in ((Workspace, places), (Connection, rows), (Cursor, cursors)):
                await connection.execute(insert(table), values)
    if not database.embedded:
        async with database.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("ANALYZE"))
    await database.close()
    return due


def emptied(database: Database) -> Callable[[UUID], Any]:
    """Work that closes a run, and has read nothing."""

    async def work(run_id: UUID) -> None:
        async with database.unscoped() as unscoped:
            owner = await unscoped.run_owner(run_id)
            assert owner is not None
            runs = unscoped.within(owner).runs
            attempt = await runs.start(run_id, now=utc_now())
            if attempt is not None:
                await runs.write(run_id, attempt=attempt, state=RunState.SUCCEEDED, finished_at=utc_now())

    return work


async def measured(url: str, key: str, due: dict[UUID, datetime], *, whole: bool, seconds: float) -> dict[str, Any]:
    database = Database(url)
    engine = DbosEngine(database.url, worker="bench")
    transport = httpx.MockTransport(quiet_xero)
    login = XeroLogin(
        client_id="i", client_secret="s", login_url="http://x", identity_url="http://x", redirect_uri="",
        scopes=READ_SCOPES, transport=transport,
    )  # fmt: skip
    api = Xero(make_http(transport), "http://x", patience=Patience(), pacer=Pacer())
    syncing = Syncing(database, engine, Vault([key]), login, api, Patience(), every=EVERY, daily_limit=100_000)
    scheduler = Scheduler([Tick("due", 1.0, Due(syncing, Webhooks(database, key="")).tick)])
    before = await size(database)
    await engine.launch(syncing.run if whole else emptied(database))
    scheduler.start()
    began = time.monotonic()
    first = min(due.values())
    await asyncio.sleep(max((first - utc_now()).total_seconds(), 0))
    used, looks = resource.getrusage(resource.RUSAGE_SELF), [look()]
    for _ in range(QUARTERS):
        await asyncio.sleep(seconds / QUARTERS)
        looks.append(look())
    spent, passed = resource.getrusage(resource.RUSAGE_SELF), looks[-1].at - looks[0].at
    async with database.asking() as unscoped:
        runs = (await unscoped.session.exec(select(SyncRun).where(col(SyncRun.finished_at).is_not(None)))).all()
        unfinished = (await unscoped.session.exec(select(func.count()).where(col(SyncRun.finished_at).is_(None)))).one()
    begun, overlaps = punctual(runs, due, whole=whole)
    late = [seconds for _at, seconds in begun]
    after = await size(database)
    await scheduler.stop()
    await engine.stop()
    await database.close()
    cpu = spent.ru_utime + spent.ru_stime - used.ru_utime - used.ru_stime
    return {
        "syncs": len(runs),
        "failed": sum(run.state != RunState.SUCCEEDED for run in runs),
        "waiting": unfinished,
        "cpu": cpu / passed,
        "p50": median(late) if late else 0.0,
        "p99": quantiles(late, n=100)[98] if len(late) > 1 else 0.0,
        "overlaps": overlaps,
        "quarters": [
            {
                "cpu": (then.cpu - before_it.cpu) / (then.at - before_it.at),
                "megabytes": then.megabytes,
                "late": max((s for at, s in begun if before_it.clock <= at < then.clock), default=0.0),
            }
            for before_it, then in pairwise(looks)
        ],
        "megabytes": spent.ru_maxrss / 1024,
        "bytes_each": before / len(due),
        "growth": (after - before) / max(len(runs), 1),
        "began": began,
    }


def punctual(
    runs: Sequence[SyncRun], due: dict[UUID, datetime], *, whole: bool
) -> tuple[list[tuple[datetime, float]], int]:
    """When each run began and how many seconds late, in order; and how many began before the one ahead had ended."""
    begun, overlaps = [], 0
    ahead: dict[UUID, SyncRun] = {}
    for run in sorted((run for run in runs if run.started_at), key=lambda run: run.queued_at):
        assert run.started_at is not None
        before = ahead.get(run.connection_id)
        wanted = due[run.connection_id]
        if before is not None:
            assert before.finished_at is not None
            overlaps += run.started_at < before.finished_at
            # A sync that has ended says when the next is due; one that only was handed over was put off by the tick.
            wanted = (
                before.finished_at + EVERY if whole else before.queued_at + EVERY + jitter(before.connection_id, EVERY)
            )
        begun.append((run.started_at, (run.started_at - wanted).total_seconds()))
        ahead[run.connection_id] = run
    return sorted(begun), overlaps


class Look(NamedTuple):
    """At this process: seconds of a steady clock, the wall clock, CPU seconds, and what it holds now."""

    at: float
    clock: datetime
    cpu: float
    megabytes: float


def look() -> Look:
    used = resource.getrusage(resource.RUSAGE_SELF)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Look(time.monotonic(), utc_now(), used.ru_utime + used.ru_stime, pages * PAGE / 2**20)


async def size(database: Database) -> int:
    """Bytes of the whole database, the engine's tables included."""
    async with database.engine.connect() as connection:
        if database.embedded:
            pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
            return int(pages) * int((await connection.execute(text("PRAGMA page_size"))).scalar_one())
        return int((await connection.execute(text("SELECT pg_database_size(current_database())"))).scalar_one())


def one(url: str, key: str, due: dict[UUID, datetime], whole: bool, seconds: float, out: str) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    found = asyncio.run(measured(url, key, due, whole=whole, seconds=seconds))
    Path(out).write_text(json.dumps(found))


def figures(url: str, count: int, *, whole: bool, seconds: float, folder: Path) -> dict[str, Any]:
    """In a process of its own, so that memory and CPU are nobody else's."""
    migrate(url)
    prepare(driver_url(url))
    key = new_key()
    due = seeded(url, count, Vault([key]))
    out = folder / f"{uuid4().hex}.json"
    process = get_context("spawn").Process(target=one, args=(url, key, due, whole, seconds, str(out)))
    process.start()
    process.join()
    return dict(json.loads(out.read_text()))


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--seconds", type=float, default=180.0)
    asked.add_argument("--orgs", default="1000,10000,100000")
    asked.add_argument("--databases", default="sqlite,postgres")
    asked.add_argument("--works", default="engine,whole")
    wanted = asked.parse_args()
    say = sys.stdout.write
    say(f"load of this machine when it began: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    say(f"{'':32}{'syncs':>7}{'failed':>7}{'waiting':>8}{'CPU':>7}{'p50 s':>7}{'p99 s':>7}")
    say(f"{'overlaps':>9}{'MB':>6}{'B/org':>7}{'B/run':>7}\n")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        for kind in wanted.databases.split(","):
            server = postgres.start() if kind == "postgres" else None
            for count in map(int, wanted.orgs.split(",")):
                for work in wanted.works.split(","):
                    with ExitStack() as inner:
                        url = f"sqlite:///{folder}/{uuid4().hex}.db"
                        if server is not None:
                            url = inner.enter_context(server.database())
                        it = figures(url, count, whole=work == "whole", seconds=wanted.seconds, folder=folder)
                    say(f"{kind:9} {count:>8,} {work:12} {it['syncs']:>7,}{it['failed']:>7}{it['waiting']:>8}")
                    say(
                        f"{it['cpu']:>7.1%}{it['p50']:>7.2f}{it['p99']:>7.2f}{it['overlaps']:>9}{it['megabytes']:>6.0f}"
                    )
                    say(f"{it['bytes_each']:>7,.0f}{it['growth']:>7,.0f}\n")
                    for place, quarter in enumerate(it["quarters"], 1):
                        said = f"{quarter['cpu']:.1%} of a core, {quarter['megabytes']:.0f} MB"
                        say(f"{'':10}quarter {place}: {said}, latest {quarter['late']:.2f} s\n")
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
