"""Tell Xero that we are gone, then forget the permission.

A disconnect is done the moment a person confirms it; this follows, and is repeated until Xero has heard or a day has
passed. Only then are the tokens wiped: without them nobody could tell Xero.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core.clock import utc_now
from core.errors import Ours, Passing, Superseded, XeroError
from core.guard import survived
from core.sync import Syncing
from core.vault import CannotOpen
from storage.models import Connection, ConnectionState

log = structlog.get_logger()

LEASE = timedelta(minutes=2)
GIVE_UP_AFTER = timedelta(days=1)
AT_ONCE = 20


class Farewell:
    def __init__(self, syncing: Syncing) -> None:
        self._syncing = syncing
        self._database = syncing.database

    async def tick(self) -> None:
        now = utc_now()
        async with self._database.unscoped() as unscoped:
            due = await unscoped.due.farewells(now=now, next_at=now + LEASE, limit=AT_ONCE)
        for workspace_id, connection_id in due:
            await survived("farewell", self._say(workspace_id, connection_id, now=now), workspace=str(workspace_id))

    async def at_once(self, workspace_id: UUID, connection_id: UUID) -> bool:
        """Try once, now: the connection is about to be forgotten. Return whether nothing is left to be said."""
        async with self._database.reading(workspace_id) as store:
            connection = await store.connections.get(connection_id)
        if connection is None or connection.refresh_token_sealed is None:
            return True
        return await self._moved(connection) or await self._removed(connection)

    async def _say(self, workspace_id: UUID, connection_id: UUID, *, now: datetime) -> None:
        """Remove the connection at Xero; what passes is tried again by a later tick."""
        async with self._database.reading(workspace_id) as store:
            connection = await store.connections.get(connection_id)
        if connection is None or connection.state != ConnectionState.DISCONNECTED:
            return
        heard = await self._moved(connection) or await self._removed(connection)
        too_old = now - (connection.disconnected_at or now) > GIVE_UP_AFTER
        if (heard or too_old) and await self._forgotten(workspace_id, connection_id):
            log.info("connection.forgotten", workspace=str(workspace_id), xero_knows=heard)

    async def _moved(self, connection: Connection) -> bool:
        """Whether another workspace has the organisation by now: at Xero it is one connection, and theirs."""
        async with self._database.asking() as unscoped:
            return await unscoped.tenant_is_live(connection.tenant_id)

    async def _removed(self, connection: Connection) -> bool:
        """Return whether nothing is left to be said."""
        tokens = self._syncing.tokens(connection.workspace_id, connection.id, parting=True)
        try:
            await self._syncing.xero.remove(tokens, connection.xero_connection_id)
        except (Passing, Ours, CannotOpen) as error:
            log.info("farewell.postponed", workspace=str(connection.workspace_id), error=type(error).__name__)
            return False
        except (XeroError, Superseded) as error:
            # Refused for good: the permission is gone already, and the connection with it.
            log.info("farewell.refused", workspace=str(connection.workspace_id), error=error.code)
        return True

    async def _forgotten(self, workspace_id: UUID, connection_id: UUID) -> bool:
        """Wipe the tokens; not those of a connection that is alive again."""
        async with self._database.workspace(workspace_id) as store:
            row = await store.connections.get(connection_id)
            return row is not None and await store.connections.forget_tokens(connection_id, version=row.token_version)
