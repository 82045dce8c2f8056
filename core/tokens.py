"""A usable access token for one connection, refreshed by one at a time across all processes.

Who refreshes holds a lease on the row and the version it saw; no transaction is open while Xero is asked. The new pair
is saved before it is used: a refresh token that was used and then lost would end the connection.
"""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core import measures
from core.clock import utc_now
from core.errors import PermissionEnded, Superseded, XeroError, XeroUnavailable
from core.patience import Patience, patiently
from core.sealed_places import of_connection
from core.vault import Vault
from core.xero.oauth import Grant, XeroLogin
from storage.database import Database
from storage.models import Connection, ConnectionState
from storage.store import WorkspaceStore

log = structlog.get_logger()

AHEAD = timedelta(minutes=5)
LEASE = timedelta(seconds=45)
GRACE = timedelta(minutes=28)
"""How long the refresh token before the last one is worth a try: Xero takes it for 30 minutes from its first use,
and we know that moment to within a minute."""
LONGEST_ASK_SECONDS = 40.0
"""Shorter than the lease: nobody else begins while an answer may still come."""
LOOK_AGAIN_SECONDS = 0.2
"""How often somebody who waits for another's refresh looks at the row."""
LONGEST_WAIT_SECONDS = 60.0


def sealed_pair(vault: Vault, connection_id: UUID, grant: Grant) -> tuple[bytes, bytes]:
    """Return the grant's access and refresh token, sealed for this connection's row."""
    return (
        vault.seal(grant.access_token, place=of_connection(connection_id, "access_token")),
        vault.seal(grant.refresh_token, place=of_connection(connection_id, "refresh_token")),
    )


def fresh_enough(expires_at: datetime, *, now: datetime) -> bool:
    return expires_at - now > AHEAD


def within_grace(used_at: datetime | None, *, now: datetime) -> bool:
    return used_at is not None and now - used_at < GRACE


class Tokens:
    """The access token of one connection. Raises Superseded once the connection is disconnected.

    `parting` is for saying goodbye with: usable only while it is disconnected, Superseded once it is alive again.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        login: XeroLogin,
        patience: Patience,
        *,
        workspace_id: UUID,
        connection_id: UUID,
        parting: bool = False,
    ) -> None:
        self._database = database
        self._vault = vault
        self._login = login
        self._patience = patience
        self._workspace_id = workspace_id
        self._connection_id = connection_id
        self._parting = parting

    async def access_token(self, *, refused: str | None = None) -> str:
        """Return a token good for at least five minutes, and another one than `refused`."""
        waited = 0.0
        while waited < LONGEST_WAIT_SECONDS:
            row = await self._row()
            if (row.state == ConnectionState.DISCONNECTED) != self._parting:
                raise Superseded("the connection was ended, or made anew, meanwhile")
            found = self._usable(row, refused) or await self._refreshed(row)
            if found:
                return found
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            waited += LOOK_AGAIN_SECONDS
        raise XeroUnavailable("another process has been refreshing the permission for too long")

    async def renew(self) -> None:
        """Refresh now, whatever the access token's age; nothing where somebody else is at it."""
        await self._refreshed(await self._row())

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
        access = self._vault.open(row.access_token_sealed, place=of_connection(row.id, "access_token"))
        return None if access == refused else access

    async def _refreshed(self, row: Connection) -> str | None:
        """Refresh this version of the tokens; None where somebody else is at it or was faster: look again."""
        now = utc_now()
        async with self._database.workspace(self._workspace_id) as store:
            ours = await store.connections.take_refresh(row.id, version=row.token_version, now=now, until=now + LEASE)
        if not ours:
            return None
        try:
            grant = await self._ask_with_either(row)
        except XeroError as error:
            if isinstance(error, PermissionEnded) and (await self._row()).token_version != row.token_version:
                return None
            async with self._database.workspace(self._workspace_id) as store:
                await store.connections.release_refresh(row.id, version=row.token_version)
            measures.refresh_failed(error)
            raise
        async with self._database.workspace(self._workspace_id) as store:
            saved = await (self._saved_for_parting if self._parting else self._saved)(store, row, grant)
            if not saved:
                await store.connections.release_refresh(row.id, version=row.token_version)
        measures.REFRESHES.labels("renewed" if saved else "too_late").inc()
        return grant.access_token if saved else None

    async def _saved(self, store: WorkspaceStore, row: Connection, grant: Grant) -> bool:
        access, refresh = sealed_pair(self._vault, row.id, grant)
        return await store.connections.save_tokens(
            row.id, version=row.token_version, access=access, refresh=refresh, expires_at=grant.expires_at
        )

    async def _saved_for_parting(self, store: WorkspaceStore, seen: Connection, grant: Grant) -> bool:
        """Keep the new pair of an ended connection: saying goodbye may take longer than the old one is accepted."""
        row = await store.connections.take(seen.id)
        if row is None:
            return False
        if row.state != ConnectionState.DISCONNECTED or row.token_version != seen.token_version:
            return False
        row.access_token_sealed, row.refresh_token_sealed = sealed_pair(self._vault, row.id, grant)
        row.access_expires_at, row.refresh_lease_until, row.refresh_by = grant.expires_at, None, None
        row.token_version += 1
        return True

    async def _ask_with_either(self, row: Connection) -> Grant:
        """Refresh with the newest token; where Xero refuses it, with the one before while Xero may still take that:
        a request of ours that was on its way for long can have put a newer pair in place of the one we saved."""
        assert row.refresh_token_sealed is not None  # _row() has looked
        try:
            return await self._ask(row, row.refresh_token_sealed)
        except PermissionEnded:
            if row.previous_refresh_sealed is None or not within_grace(row.previous_used_at, now=utc_now()):
                raise
        log.warning("tokens.previous_tried", workspace=str(row.workspace_id), connection=str(row.id))
        return await self._ask(row, row.previous_refresh_sealed)

    async def _ask(self, row: Connection, sealed: bytes) -> Grant:
        refresh_token = self._vault.open(sealed, place=of_connection(row.id, "refresh_token"))
        try:
            async with asyncio.timeout(LONGEST_ASK_SECONDS):
                return await patiently(lambda: self._login.refresh(refresh_token, now=utc_now()), self._patience)
        except TimeoutError:
            raise XeroUnavailable("the token endpoint took too long") from None
