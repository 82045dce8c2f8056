"""Real processes, a real server: no permission is lost to a race or to a crash. On both databases."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core import clock as core_clock
from core.keeping import Keeping
from core.sealed_places import of_connection
from core.vault import Vault, new_key
from sandbox.clock import VirtualClock
from sandbox.ports import Served
from sandbox.xero import Switches
from storage.models import Connection
from tests.core.house import House
from tests.processes.forking import forked
from tests.processes.renewer import GONE


@asynccontextmanager
async def a_town(url: str, **xero: object) -> AsyncIterator[tuple[House, str, Served]]:
    """A house whose Xero other processes can reach: at the machine's own time, and at ours once we let it pass."""
    key, served = new_key(), Served()
    house = House(url, **xero)
    house.clock, house.vault = VirtualClock(datetime.now(UTC)), Vault([key])
    house.xero.clock = house.xero.identity._clock = house.xero.limits._clock = house.clock.now
    house.syncing = house.syncing.__class__(
        house.database, house.engine, house.vault, house.login, house.api, house.patience, every=timedelta(minutes=15)
    )
    house.connecting = house.connecting.__class__(house.syncing)
    core_clock.follow(house.clock.now)
    await served.start(house.xero.app)
    try:
        yield house, key, served
    finally:
        core_clock.follow(core_clock.system_time)
        await served.stop()
        await house.close()


async def processes(
    house: House, key: str, xero: Served, it: Connection, *, folder: Path, count: int, times: int, dies: str = ""
) -> list[int]:
    """Start them all at once; return how each ended."""
    url = house.database.url.set(drivername=house.database.url.get_backend_name()).render_as_string(hide_password=False)
    arguments = [url, key, xero.url, str(it.workspace_id), str(it.id), str(times), *filter(None, [dies])]
    started = [await forked("renewer", *arguments, settings={}, folder=folder) for _one in range(count)]
    ended = [await one.ended() for one in started]
    assert all(code in (0, GONE) for code in ended), [one.said() for one in started]
    return ended


async def test_processes_racing_with_three_second_tokens_lose_no_grant(migrated_url: str, tmp_path: Path) -> None:
    """Against a server that ends the whole grant when a refresh token is used twice."""
    strict = Switches(reuse_ends_grant=True)
    async with a_town(migrated_url, access_token_seconds=3, switches=strict) as (house, key, xero):
        workspace = await house.connect(house.xero.add_organisation("Acme"))
        it = await house.connection(workspace)
        assert await processes(house, key, xero, it, folder=tmp_path, count=3, times=8) == [0, 0, 0]
        after = await house.connection(workspace)
        assert after.token_version >= it.token_version + 8
        kept = house.vault.open(after.refresh_token_sealed, place=of_connection(it.id, "refresh_token"))
        assert not house.xero.identity.refresh_tokens[kept].dead


async def test_a_process_killed_between_refresh_and_save_loses_no_grant(migrated_url: str, tmp_path: Path) -> None:
    async with a_town(migrated_url, access_token_seconds=3) as (house, key, xero):
        workspace = await house.connect(house.xero.add_organisation("Acme"))
        it = await house.connection(workspace)
        assert await processes(house, key, xero, it, folder=tmp_path, count=1, times=1, dies="dies") == [GONE]
        assert (await house.connection(workspace)).token_version == it.token_version, "nothing was saved"
        house.pass_time(minutes=1)
        await Keeping(house.syncing).mend()
        assert (await house.connection(workspace)).token_version == it.token_version + 1
        house.pass_time(hours=2)
        await house.tokens(await house.connection(workspace)).renew()
