"""How soon Slack and Xero have their acknowledgements while first syncs of 20,000 invoices run.

A real `solido serve` in a process of its own, connected to an emulated Xero in another, and a bare Bolt app beside it.
One sync is over in a second, so organisation after organisation has its own, one at any time, for as long as the
measurement goes on; commands are typed in the channel of the one whose turn it is. Between two the scheduler has to
come by: only what is sent while a sync is under way counts. Every webhook names an invoice that none has named before;
it is checked, stored, and only then answered.
"""

import asyncio
import itertools
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
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
from storage.models import Connection, RunState

KEY = "webhook-key"
INVOICES, CONTACTS, ORGANISATIONS = 20_000, 1_000, 120
LOOK_SECONDS, REST_SECONDS = 0.03, 0.5
SYNC_BEGINS_SECONDS = 2.0
FLOOD_SECONDS, AT_ONCE = 8.0, 16


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


@dataclass
class Turn:
    """Whose sync is under way, if one is, and for how long there was one."""

    channel: str = ""
    under_way: bool = False
    seconds: float = 0.0
    ended: int = 0


class During:
    """Sends something, and keeps how many milliseconds it took where a sync was under way."""

    def __init__(self, turn: Turn, post: Post) -> None:
        self._turn, self._post = turn, post
        self.seconds, self.syncs = -turn.seconds, -turn.ended
        self.times: list[float] = []

    async def __call__(self) -> float:
        counts = self._turn.under_way
        took = await self._post()
        if counts:
            self.times.append(took)
        return took

    def end(self) -> "During":
        self.seconds += self._turn.seconds
        self.syncs += self._turn.ended
        return self

    @property
    def a_second(self) -> float:
        return len(self.times) / max(self.seconds, LOOK_SECONDS)

    def __str__(self) -> str:
        return f"{len(self.times)} in {self.seconds:.1f} s of {self.syncs} syncs"


async def flood(post: Post) -> None:
    """Have every one followed by the next at once."""
    ends = time.perf_counter() + FLOOD_SECONDS

    async def one_after_the_other() -> None:
        while time.perf_counter() < ends:
            await post()

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))


async def at_rest(client: aiohttp.ClientSession, base: str, later: str) -> None:
    """Wait until the answers that were to follow have followed, and a command is answered by its acknowledgement."""
    said = ""
    while "brings the books up to date" not in said:
        await asyncio.sleep(REST_SECONDS)
        body = command("help", later)
        _status, said = await posted(client, f"{base}/slack/events", body, signed(body))


def report(name: str, sent: During) -> None:
    cuts = quantiles(sent.times, n=100)
    told = f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms (goal 50); {sent.end()}"
    line(f"{name}, {A_SECOND} a second", told)


async def measure(client: aiohttp.ClientSession, base: str, floor: str, bodies: Iterator[bytes], turn: Turn) -> None:
    slack, later = f"{base}/slack/events", floor.replace("/slack/events", "/answers")

    async def ours() -> float:
        return await ack(client, slack, "status", later, turn.channel)

    async def hook() -> float:
        return await told(client, base, bodies)

    for name, post in (("ack of /solido status", ours), ("ack of a webhook", hook)):
        sent = During(turn, post)
        await steady(sent, a_second=A_SECOND, seconds=SECONDS)
        report(name, sent)
        await at_rest(client, base, later)
    bare = During(turn, lambda: ack(client, floor, "status"))
    await flood(bare)
    line("acks a second, as many as go: a bare Bolt app", f"{bare.end().a_second:.0f}; {bare}")
    full = During(turn, ours)
    await flood(full)
    ratio = full.end().a_second / bare.a_second
    line("the same: /solido status", f"{full.a_second:.0f}, ratio {ratio:.2f} (goal 0.8); {full}")


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
        state = ""
        while state != RunState.SUCCEEDED:
            looked = time.perf_counter()
            await asyncio.sleep(LOOK_SECONDS)
            async with database.reading(connection.workspace_id) as store:
                state = next((run.state for run in await store.runs.latest(1)), "")
            turn.seconds += turn.under_way * (time.perf_counter() - looked)
            turn.under_way = state == RunState.RUNNING
        turn.ended += 1
    raise RuntimeError("more organisations are needed: all have had their first sync")


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
                if syncing.done():
                    syncing.result()
                syncing.cancel()
        await database.close()


if __name__ == "__main__":
    asyncio.run(main())
