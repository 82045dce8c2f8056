"""Several processes on one permission whose access tokens last two seconds: none of them ever spoils it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.tokens import AHEAD, sealed_pair
from core.vault import Vault, new_key
from core.xero.oauth import Grant
from sandbox.ports import Served
from sandbox.xero import FakeXero, Switches
from storage.database import Database
from storage.models import Connection
from tests import builders
from tests.processes.forking import forked
from tests.processes.installation import now

PROCESSES = 4
SECONDS = 4
LIVES = int(AHEAD.total_seconds()) + 2


@pytest.fixture
async def xero() -> AsyncIterator[tuple[FakeXero, str]]:
    """One that lets only the newest pair live: two refreshes with one token would be seen."""
    made = FakeXero(
        clock=now,
        client_id="app",
        client_secret="s3cret",
        access_token_seconds=LIVES,
        enforce_limits=False,
        switches=Switches(first_pair_survives=False),
    )
    served = Served()
    await served.start(made.app)
    yield made, served.url
    await served.stop()


async def connected(database: Database, xero: FakeXero, vault: Vault) -> Connection:
    """Connected by a grant that Xero really gave."""
    acme, identity = xero.add_organisation("Acme"), xero.identity
    code = identity.consented(identity.users[0], [acme], ("offline_access",), redirect_uri="", challenge=None)
    given = identity.exchange(code, redirect_uri="", verifier=None)
    connection = await builders.a_connection(database, await builders.a_workspace(database))
    grant = Grant(given["access_token"], given["refresh_token"], now() + timedelta(seconds=LIVES))
    async with database.workspace(connection.workspace_id) as store:
        row = await store.connections.get(connection.id)
        assert row is not None
        row.access_token_sealed, row.refresh_token_sealed = sealed_pair(vault, row.id, grant)
        row.access_expires_at = grant.expires_at
    return connection


async def test_processes_that_share_a_permission_refresh_it_one_at_a_time(
    database: Database, migrated_url: str, xero: tuple[FakeXero, str], tmp_path: Path
) -> None:
    fake, url = xero
    key = new_key()
    connection = await connected(database, fake, Vault([key]))
    settings = {
        "DATABASE_URL": migrated_url,
        "XERO_URL": url,
        "KEY": key,
        "SECONDS": str(SECONDS),
        "WORKSPACE": str(connection.workspace_id),
        "CONNECTION": str(connection.id),
    }
    started = [await forked("refresher", settings=settings, folder=tmp_path) for _ in range(PROCESSES)]
    ended = [await process.ended() for process in started]
    said = [process.said() for process in started]
    assert ended == [0] * PROCESSES, "\n".join(said)
    async with database.reading(connection.workspace_id) as store:
        after = await store.connections.get(connection.id)
    assert after is not None
    refreshes = [request for request in fake.requests if request.path == "/connect/token"]
    assert [request.status for request in refreshes] == [200] * len(refreshes)
    assert len(refreshes) == after.token_version - 1 >= 2, "each refresh is one version: none was made in vain"
    calls = [request for request in fake.requests if request.path == "/connections"]
    assert {request.status for request in calls} == {200}
    assert sum(map(int, said)) == len(calls) > 100
