"""How soon Xero has its acknowledgement of a webhook: each is checked, stored and only then answered.

A real `solido serve` in a process of its own, connected to an emulated Xero in another. Every delivery names an invoice
that it has not named before, and what they tell is read from Xero meanwhile.
"""

import asyncio
import itertools
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import quantiles
from tempfile import TemporaryDirectory

import httpx

from bench.measured import Job
from bench.ours import connected
from bench.service import A_SECOND, SECONDS, emulations, free_port, line, running, steady, until_ready
from bench.sync import serving
from core.vault import Vault, new_key
from sandbox.xero.webhooks import sign
from storage.database import Database
from storage.migrate import migrate

KEY = "webhook-key"
INVOICES, CONTACTS = 20_000, 1_000
GOAL_MS = 50


def deliveries(tenant: str, ids: Iterator[str]) -> Iterator[bytes]:
    """Bodies as Xero sends them, one event in each, counted without a hole."""
    for sequence, record in enumerate(ids, 1):
        event = {
            "resourceUrl": "",
            "resourceId": record,
            "tenantId": tenant,
            "tenantType": "ORGANISATION",
            "eventCategory": "INVOICE",
            "eventType": "UPDATE",
            "eventDateUtc": datetime.now(UTC).isoformat(),
        }
        body = {"events": [event], "firstEventSequence": sequence, "lastEventSequence": sequence, "entropy": "X"}
        yield json.dumps(body).encode()


async def measure(client: httpx.AsyncClient, base: str, bodies: Iterator[bytes]) -> None:
    async def post() -> float:
        body = next(bodies)
        began = time.perf_counter()
        answer = await client.post(
            f"{base}/xero/webhooks", content=body, headers={"x-xero-signature": sign(body, KEY).signature}
        )
        assert answer.status_code == 200, answer.status_code
        return (time.perf_counter() - began) * 1000

    times = await steady(post, a_second=A_SECOND, seconds=SECONDS)
    cuts = quantiles(times, n=100)
    line(f"webhook stored and acknowledged, {A_SECOND} a second", f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms")
    line(f"ratio of the p99 to the goal of {GOAL_MS} ms", f"{cuts[98] / GOAL_MS:.2f}")


async def main() -> None:
    base, key = f"http://localhost:{free_port()}", new_key()
    with TemporaryDirectory() as folder, serving(INVOICES, CONTACTS) as xero:
        url = f"sqlite:///{folder}/solido.db"
        migrate(url)
        database = Database(url)
        await connected(database, Vault([key]), Job(**xero, page_size=1000))
        await database.close()
        at_xero = dict.fromkeys(("XERO_LOGIN_URL", "XERO_IDENTITY_URL", "XERO_API_URL"), xero["url"])
        own = {"PORT": base.rpartition(":")[2], "DATABASE_URL": url, "SOLIDO_SECRET_KEYS": key}
        async with emulations(base) as environment, httpx.AsyncClient() as client:
            env = {**os.environ, **environment, **own, **at_xero, "XERO_WEBHOOK_KEY": KEY}
            async with running("-m", "bot", "serve", env=env):
                await until_ready(client, f"{base}/readyz")
                ids = (f"{number:08x}-b16b-4000-8000-{number % CONTACTS:012x}" for number in itertools.count())
                await measure(client, base, deliveries(xero["tenant"], ids))


if __name__ == "__main__":
    asyncio.run(main())
