"""Solido's own first sync: the same lists, and a database in which every record is kept: SQLite, or with the word
`postgres` a server of PostgreSQL's that is started for it, whose own CPU and memory are not in the figures."""

import asyncio
import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from bench.measured import Job, Stopwatch, job, tell
from core import reading
from core.clock import utc_now
from core.engine import Work
from core.patience import Patience
from core.sync import Syncing
from core.tokens import sealed_pair
from core.vault import Vault, new_key
from core.xero import queries
from core.xero.client import Xero
from core.xero.http import make_http
from core.xero.oauth import Grant, XeroLogin
from storage.database import Database
from storage.migrate import migrate
from storage.models import Connection, SyncRun, Team, Trigger, Workspace
from storage.one_trip import take_short_turns
from tests import postgres


class NoQueue:
    """The engine's place: the run is carried out by hand."""

    async def enqueue(self, session: AsyncSession, run_id: UUID) -> None:
        await session.flush()

    async def launch(self, work: Work) -> None: ...

    async def stop(self) -> None: ...


async def a_team(database: Database) -> Team:
    team = Team(
        slack_team_id="T0SOLIDO",
        name="",
        url="",
        bot_id="",
        bot_user_id="",
        bot_token_sealed=b"",
        installed_at=utc_now(),
    )
    async with database.unscoped() as unscoped:
        unscoped.session.add(team)
    return team


async def connected(
    database: Database, vault: Vault, asked: Job, team: Team, *, channel: str = "C0FINANCE"
) -> Connection:
    """A workspace whose connection has the measurement's token; no sync of it is due."""
    now = utc_now()
    workspace = Workspace(team_id=team.id, channel_id=channel, created_by="U1", created_at=now)
    connection = Connection(
        workspace_id=workspace.id,
        tenant_id=asked.tenant,
        tenant_name="Big Ledger",
        xero_connection_id="",
        connected_by="U1",
        connected_at=now,
    )
    grant = Grant(asked.token, "none", now + timedelta(days=1))
    pair = sealed_pair(vault, connection.id, grant)
    connection.access_token_sealed, connection.refresh_token_sealed = pair
    connection.access_expires_at = grant.expires_at
    async with database.unscoped() as unscoped:
        for row in (workspace, connection):
            unscoped.session.add(row)
            await unscoped.session.flush()
    return connection


async def first_sync(asked: Job, url: str) -> None:
    migrate(url)
    database, http = Database(url), make_http()
    login = XeroLogin(
        client_id="app",
        client_secret="secret",
        login_url=asked.url,
        identity_url=asked.url,
        redirect_uri="https://solido.example.com/xero/callback",
        scopes="",
    )
    patience = Patience()
    xero = Xero(http, asked.url, patience=patience)
    syncing = Syncing(database, NoQueue(), Vault([new_key()]), login, xero, patience, every=timedelta(minutes=15))
    connection = await connected(database, syncing.vault, asked, await a_team(database))
    watch = Stopwatch()
    async with database.workspace(connection.workspace_id) as store:
        queued = await syncing.queue(store, connection, Trigger.INITIAL, by="U1", now=utc_now())
    await syncing.run(queued.run.id)
    run = await ended(database, connection, queued.run.id)
    assert run.state == "succeeded", run.error_detail
    assert '"agree":true' in (run.agreement or "")
    tell(watch.stop(calls=run.calls, size=run.bytes, records=run.added + run.contacts))
    await http.aclose()
    await login.close()
    await database.close()


async def ended(database: Database, connection: Connection, run_id: UUID) -> SyncRun:
    async with database.reading(connection.workspace_id) as store:
        run = await store.runs.get(run_id)
    assert run is not None
    return run


@contextmanager
def database() -> Iterator[str]:
    """The address of an empty one."""
    if "postgres" in sys.argv[2:]:
        with postgres.start().database() as url:
            yield url
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder)}/solido.db"


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    take_short_turns()  # as bot/serving.py has it
    asked = job()
    # For the measurement only: Solido always asks for Xero's largest.
    queries.PAGE_SIZE = reading.PAGE_SIZE = asked.page_size
    with database() as url:
        asyncio.run(first_sync(asked, url))


if __name__ == "__main__":
    main()
