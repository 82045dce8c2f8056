"""A first sync of 20,000 invoices and 1,000 contacts into SQLite, and beside it the same download without a database.

Everything runs in one process, the emulated Xero too: read the ratio, not the seconds.
"""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import httpx

from core.tokens import Tokens
from sandbox.clock import VirtualClock
from sandbox.world import World, sqlite_in
from sandbox.xero import FakeXero, big_ledger
from storage.models import RunState, SyncRun

INVOICES, CONTACTS, PAGE = 20_000, 1_000, 1000


async def connect(world: World) -> UUID:
    """Walk through Xero as a person would; return the workspace."""
    reply = await world.slack.command("connect")
    link = next(e["url"] for b in reply.blocks for e in b.get("elements", []) if e.get("url"))
    async with httpx.AsyncClient(timeout=60) as browser:
        gone = await browser.get(link)
        back = await world.xero.consent(
            gone.headers["location"], organisations=world.xero.organisations[:1], http=browser
        )
        page = await browser.get(back)
        found = re.search(r'name="state" value="([^"]+)"', page.text)
        chosen = {"state": found[1] if found else "", "organisation": world.xero.organisations[0].tenant_id}
        await browser.get(f"{world.product_at.url}/xero/callback", params=chosen)
    async with world.solido.database.unscoped() as unscoped:
        team = await unscoped.team(enterprise_id="", slack_team_id=world.slack.team.id)
        assert team is not None
        [place] = await unscoped.places(team.id)
    return place.workspace_id


async def ended(world: World, workspace: UUID, *, runs: int) -> SyncRun:
    while True:
        async with world.solido.database.reading(workspace) as store:
            latest = await store.runs.latest(runs)
        if len(latest) == runs and latest[0].state in (RunState.SUCCEEDED, RunState.FAILED):
            return latest[0]
        await asyncio.sleep(0.05)


async def download(world: World, workspace: UUID) -> float:
    """Seconds for all pages of invoices and contacts, kept nowhere."""
    parts = world.solido.syncing
    async with world.solido.database.reading(workspace) as store:
        connection = await store.connections.latest()
    assert connection is not None
    about = {"workspace_id": workspace, "connection_id": connection.id}
    tokens = Tokens(parts.database, parts.vault, parts.login, parts.patience, **about)
    headers = {"Authorization": f"Bearer {await tokens.access_token()}", "xero-tenant-id": connection.tenant_id}
    headers["Accept"] = "application/json"
    began = time.perf_counter()
    async with httpx.AsyncClient(timeout=60, headers=headers) as client:
        for resource, pages in (("Invoices", INVOICES // PAGE), ("Contacts", CONTACTS // PAGE)):
            for page in range(1, pages + 1):
                params = {"page": page, "pageSize": PAGE, "summaryOnly": "true", "order": "UpdatedDateUTC ASC"}
                (await client.get(f"{world.xero_at.url}/api.xro/2.0/{resource}", params=params)).raise_for_status()
    return time.perf_counter() - began


async def main() -> None:
    def fill(xero: FakeXero) -> object:
        return big_ledger(xero, INVOICES, CONTACTS, prepared=True)

    with TemporaryDirectory() as folder:
        world = World(VirtualClock(datetime.now(UTC)), sqlite_in(Path(folder)), fill)
        await world.start()
        workspace = await connect(world)
        first = await ended(world, workspace, runs=1)
        alone = await download(world, workspace)
        world.clock.forward(timedelta(minutes=20))
        await ended(world, workspace, runs=2)
        await world.slack.command("sync")
        delta = await ended(world, workspace, runs=3)
        what = f"first sync, {INVOICES:,} invoices, {CONTACTS:,} contacts"
        print(f"{what}  {first.seconds:.2f} s, {first.calls} calls, {first.state}")
        print(f"the same download without a database          {alone:.2f} s, ratio {first.seconds / alone:.2f}")
        print(f"a sync with nothing new                       {delta.calls} calls, {delta.seconds:.2f} s")
        await world.stop()


if __name__ == "__main__":
    asyncio.run(main())
