"""A usable access token for one connection, refreshed by one at a time across all processes.

Who refreshes holds a lease on the row and the version it saw; no transaction is open while Xero is asked. The new pair
is saved before it is used: a refresh token that was used and then lost would end the connection.
"""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

from core.clock import utc_now
from core.errors import PermissionEnded, Superseded, XeroError, XeroUnavailable
from core.patience import Patience, patiently
from core.vault import Vault
from core.xero.oauth import Grant, XeroLogin
from storage.database import Database
from storage.models import Connection, ConnectionState

AHEAD = timedelta(minutes=5)
LEASE = timedelta(seconds=45)
LOOK_AGAIN_SECONDS = 0.2
"""How often somebody who waits for another's refresh looks at the row."""
LONGEST_WAIT_SECONDS = 60.0


def seal_place(connection_id: UUID, token: str) -> str:
    return f"connection:{connection_id}:{token}"


def sealed_pair(vault: Vault, connection_id: UUID, grant: Grant) -> tuple[bytes, bytes]:
    """Return the grant's access and refresh token, sealed for this connection's row."""
    return (
        vault.seal(grant.access_token, place=seal_place(connection_id, "access_token")),
        vault.seal(grant.refresh_token, place=seal_place(connection_id, "refresh_token")),
    )


def fresh_enough(expires_at: datetime, *, now: datetime) -> bool:
    return expires_at - now > AHEAD


class Tokens:
    """The access token of one connection. Raises Superseded once the connection is disconnected."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        login: XeroLogin,
        patience: Patience,
        *,
        workspace_id: UUID,
        connection_id: UUID,
    ) -> None:
        self._database = database
        self._vault = vault
        self._login = login
        self._patience = patience
        self._workspace_id = workspace_id
        self._connection_id = connection_id

    async def access_token(self, *, refused: str | None = None) -> str:
        """Return a token good for at least five minutes, and another one than `refused`."""
        waited = 0.0
        while waited < LONGEST_WAIT_SECONDS:
            row = await self._row()
            if row.state == ConnectionState.DISCONNECTED:
                raise Superseded("the connection was ended meanwhile")
            found = self._usable(row, refused)
            found = found or await self._refreshed(row)
            if found:
                return found
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            waited += LOOK_AGAIN_SECONDS
        raise XeroUnavailable("another process has been refreshing the permission for too long")

    async def any_access_token(self) -> str:
        """Return a token for saying goodbye with, whatever the connection's state."""
        row = await self._row()
        access = self._usable(row, None)
        if access:
            return access
        return (await self._ask(row)).access_token

    async def _row(self) -> Connection:
        async with self._database.reading(self._workspace_id) as store:
            row = await store.connections.get(self._connection_id)
        if row is None or row.refresh_token_sealed is None:
            raise Superseded("the connection has no permission any more")
        return row

    def _usable(self, row: Connection, refused: str | None) -> str | None:
        if row.access_token_sealed is None or row.access_expires_at is None:
            return None
        if not fresh_enough(row.access_expires_at, now=utc_now()):
            return None
        access = self._vault.open(row.access_token_sealed, place=seal_place(row.id, "access_token"))
        return None if access == refused else access

    async def _refreshed(self, row: Connection) -> str | None:
        """Refresh this version of the tokens; None where somebody else is at it or was faster: look again."""
        now = utc_now()
        async with self._database.workspace(self._workspace_id) as store:
            ours = await store.connections.take_refresh(row.id, version=row.token_version, now=now, until=now + LEASE)
        if not ours:
            return None
        try:
            grant = await self._ask(row)
        except XeroError as error:
            if isinstance(error, PermissionEnded) and (await self._row()).token_version != row.token_version:
                return None
            async with self._database.workspace(self._workspace_id) as store:
                await store.connections.release_refresh(row.id, version=row.token_version)
            raise
        access, refresh = sealed_pair(self._vault, row.id, grant)
        async with self._database.workspace(self._workspace_id) as store:
            saved = await store.connections.save_tokens(
                row.id, version=row.token_version, access=access, refresh=refresh, expires_at=grant.expires_at
            )
        return grant.access_token if saved else None

    async def _ask(self, row: Connection) -> Grant:
        assert row.refresh_token_sealed is not None  # _row() has looked
        refresh_token = self._vault.open(row.refresh_token_sealed, place=seal_place(row.id, "refresh_token"))
        return await patiently(lambda: self._login.refresh(refresh_token, now=utc_now()), self._patience)
