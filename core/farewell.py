"""Tell Xero that we are gone, then forget the permission.

A disconnect is done the moment a person confirms it; this follows, and is repeated until Xero has heard or a day has
passed. Only then are the tokens wiped: without them nobody could tell Xero.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core.clock import utc_now
from core.errors import Passing, Superseded, XeroError
from core.sync import Syncing
from core.tokens import Tokens
from storage.models import ConnectionState

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
            due = await unscoped.claim_farewells(now=now, next_at=now + LEASE, limit=AT_ONCE)
        for workspace_id, connection_id in due:
            await self._say(workspace_id, connection_id, now=now)

    async def _say(self, workspace_id: UUID, connection_id: UUID, *, now: datetime) -> None:
        """Remove the connection at Xero; what passes is tried again by a later tick."""
        async with self._database.reading(workspace_id) as store:
            connection = await store.connections.get(connection_id)
        if connection is None or connection.state != ConnectionState.DISCONNECTED:
            return
        heard = await self._removed(workspace_id, connection_id, connection.xero_connection_id)
        too_old = now - (connection.disconnected_at or now) > GIVE_UP_AFTER
        if heard or too_old:
            await self._forget(workspace_id, connection_id, connection.token_version)
            log.info("connection.forgotten", workspace=str(workspace_id), xero_knows=heard)

    async def _removed(self, workspace_id: UUID, connection_id: UUID, xero_connection_id: str) -> bool:
        parts = self._syncing
        tokens = Tokens(
            self._database,
            parts.vault,
            parts.login,
            parts.patience,
            workspace_id=workspace_id,
            connection_id=connection_id,
        )
        try:
            await parts.xero.remove(await tokens.any_access_token(), xero_connection_id)
        except Passing:
            return False
        except (XeroError, Superseded) as error:
            # Refused for good: the permission is gone already, and the connection with it.
            log.info("farewell.refused", workspace=str(workspace_id), error=error.code)
        return True

    async def _forget(self, workspace_id: UUID, connection_id: UUID, version: int) -> None:
        async with self._database.workspace(workspace_id) as store:
            await store.connections.forget_tokens(connection_id, version=version)
