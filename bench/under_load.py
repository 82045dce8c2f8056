"""How soon Slack and Xero have their acknowledgements while first syncs of 20,000 invoices run.

A real `solido serve` in a process of its own, connected to an emulated Xero in another, and a bare Bolt app beside it.
One sync would be over in a second or two, so organisation after organisation has its own, one at any time, for as
long as the measurement goes on; commands are typed in the channel of the one whose turn it is. Every webhook names an
invoice that none has named before; it is checked, stored, and only then answered.
"""

import asyncio
import itertools
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import quantiles
from tempfile import TemporaryDirectory

import aiohttp

from bench.ours import a_team, connected
from bench.service import (
    A_SECOND,
    SECONDS,
    Post,
    ack,
    command,
    emulations,
    free_port,
    line,
    make_client,
    posted,
    running,
    signed,
    steady,
    timed,
    until_ready,
)
from bench.sync import serving
from core.vault import Vault, new_key
from sandbox.xero.webhooks import sign
from storage.database import Database
from storage.migrate import migrate
from storage.models import Connection

KEY = "webhook-key"
INVOICES, CONTACTS, ORGANISATIONS = 20_000, 1_000, 16
LOOK_SECONDS = 0.2
SYNC_BEGINS_SECONDS = 2.0
FLOOD_SECONDS, AT_ONCE = 4.0, 16


def deliveries(tenant: str, ids: Iterator[str]) -> Iterator[bytes]:
    """Bodies as Xero sends them, one event in each. All have one number: side by side they overtake each other, which
    with numbers of their own looks like a hole, and makes all organisations sync."""
    for record in ids:
        event = {
            "resourceUrl": "",
            "resourceId": record,
            "tenantId": tenant,
            "tenantType": "ORGANISATION",
            "eventCategory": "INVOICE",
            "eventType": "UPDATE",
            "eventDateUtc": datetime.now(UTC).isoformat(),
        }
        body = {"events": [event], "firstEventSequence": 1, "lastEventSequence": 1, "entropy": "X"}
        yield json.dumps(body).encode()


async def told(client: aiohttp.ClientSession, base: str, bodies: Iterator[bytes]) -> float:
    """Milliseconds from sending a webhook to the end of its answer."""
    body = next(bodies)
    return await timed(client, f"{base}/xero/webhooks", body, {"x-xero-signature": sign(body, KEY).signature})


class Turn:
    """Whose sync is under way."""

    channel = ""


async def flood(post: Post) -> float:
    """Acknowledgements a second when every one is followed by the next at once."""
    ends, done = time.perf_counter() + FLOOD_SECONDS, 0

    async def one_after_the_other() -> None:
        nonlocal done
        while time.perf_counter() < ends:
            await post()
            done += 1

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return done / FLOOD_SECONDS


async def at_rest(client: aiohttp.ClientSession, base: str) -> None:
    """Wait until the answers that were to follow have followed, and a command is answered by its acknowledgement."""
    said = ""
    while "brings the books up to date" not in said:
        await asyncio.sleep(LOOK_SECONDS)
        body = command("help", f"{base}/answers")
        _status, said = await posted(client, f"{base}/slack/events", body, signed(body))


def report(name: str, times: list[float]) -> None:
    cuts = quantiles(times, n=100)
    line(f"{name}, {A_SECOND} a second", f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms (goal 50)")


async def measure(client: aiohttp.ClientSession, base: str, floor: str, bodies: Iterator[bytes], turn: Turn) -> None:
    slack, later = f"{base}/slack/events", floor.replace("/slack/events", "/answers")

    async def ours() -> float:
        return await ack(client, slack, "status", later, turn.channel)

    report("ack of /solido status", await steady(ours, a_second=A_SECOND, seconds=SECONDS))
    await at_rest(client, base)
    report("ack of a webhook", await steady(lambda: told(client, base, bodies), a_second=A_SECOND, seconds=SECONDS))
    bare, full = await flood(lambda: ack(client, floor, "status")), await flood(ours)
    line("acks a second, as many as go: a bare Bolt app", f"{bare:.0f}")
    line("the same: /solido status", f"{full:.0f}, ratio {full / bare:.2f} (goal 0.8)")


async def progress(database: Database, connections: list[Connection]) -> str:
    states: Counter[str] = Counter()
    for connection in connections:
        async with database.reading(connection.workspace_id) as store:
            states.update(run.state for run in await store.runs.latest(1))
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none yet"


async def one_after_the_other(database: Database, connections: list[Connection], turn: Turn) -> None:
    """Let each have its first sync once the one before has had its own."""
    for connection in connections:
        async with database.workspace(connection.workspace_id) as store:
            turn.channel = (await store.about.get()).channel_id
            row = await store.connections.get(connection.id)
            assert row is not None
            row.next_sync_at = datetime.now(UTC)
        while "succeeded" not in await progress(database, [connection]):  # noqa: ASYNC110  # of another process
            await asyncio.sleep(LOOK_SECONDS)


async def main() -> None:
    base, port, key = f"http://localhost:{free_port()}", free_port(), new_key()
    floor = f"http://localhost:{port}/slack/events"
    script = f"import asyncio; from bench.service import serve_bare; asyncio.run(serve_bare({port}))"
    with TemporaryDirectory() as folder, serving(INVOICES, CONTACTS, ORGANISATIONS) as jobs:
        url = f"sqlite:///{folder}/solido.db"
        migrate(url)
        database = Database(url)
        team, vault, turn = await a_team(database), Vault([key]), Turn()
        connections = [
            await connected(database, vault, job, team, channel=f"C{number}") for number, job in enumerate(jobs)
        ]
        at_xero = dict.fromkeys(("XERO_LOGIN_URL", "XERO_IDENTITY_URL", "XERO_API_URL"), jobs[0].url)
        own = {"PORT": base.rpartition(":")[2], "DATABASE_URL": url, "SOLIDO_SECRET_KEYS": key}
        async with emulations(base) as environment, make_client(timeout=30) as client:
            env = {**os.environ, **environment, **own, **at_xero, "XERO_WEBHOOK_KEY": KEY}
            async with running("-m", "bot", "serve", env=env), running("-c", script):
                await until_ready(client, f"{base}/readyz")
                await until_ready(client, floor, status=405)
                syncing = asyncio.create_task(one_after_the_other(database, connections, turn))
                await asyncio.sleep(SYNC_BEGINS_SECONDS)
                line("syncs when the measurement begins", await progress(database, connections))
                ids = (f"{number:08x}-b16b-4000-8000-{number % CONTACTS:012x}" for number in itertools.count())
                await measure(client, base, floor, deliveries(jobs[0].tenant, ids), turn)
                line("and when it ends", await progress(database, connections))
                syncing.cancel()
        await database.close()


if __name__ == "__main__":
    asyncio.run(main())
