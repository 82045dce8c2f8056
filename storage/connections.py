from datetime import datetime
from uuid import UUID

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from storage.models import Connection, ConnectionState
from storage.owned import MINE

ENDED = col(Connection.state) == ConnectionState.DISCONNECTED
LATEST = (
    select(Connection)
    .where(col(Connection.workspace_id) == MINE)
    .order_by(ENDED, col(Connection.connected_at).desc())
    .limit(1)
)


class Connections:
    """The workspace's link to Xero: at most one alive, and always to the same organisation.

    A lock leaves out the key (`key_share`): whoever stores a row that belongs to a connection holds on to its key until
    the end, and a lock of the key too would wait for them, while they may wait for us.
    """

    def __init__(self, session: AsyncSession, workspace_id: UUID, process: str = "") -> None:
        self._session = session
        self._workspace_id = workspace_id
        self._process = process

    def _mine(self) -> SelectOfScalar[Connection]:
        return select(Connection).where(col(Connection.workspace_id) == self._workspace_id)

    def add(self, connection: Connection) -> None:
        connection.workspace_id = self._workspace_id
        self._session.add(connection)

    async def get(self, connection_id: UUID) -> Connection | None:
        return (await self._session.exec(self._mine().where(col(Connection.id) == connection_id))).one_or_none()

    async def take(self, connection_id: UUID) -> Connection | None:
        """Return the row as it is now, and let nobody else change it until our transaction ends."""
        mine = self._mine().where(col(Connection.id) == connection_id).with_for_update(key_share=True)
        return (await self._session.exec(mine.execution_options(populate_existing=True))).one_or_none()

    async def lock(self, connection_id: UUID) -> bool:
        """Let nobody else change this connection or its incidents until our transaction ends; False where it is
        not there."""
        mine = select(Connection.id).where(
            col(Connection.id) == connection_id, col(Connection.workspace_id) == self._workspace_id
        )
        return (await self._session.exec(mine.with_for_update(key_share=True))).first() is not None

    async def latest(self) -> Connection | None:
        """The connection people mean: the live one, else the one that ended last."""
        return (await self._session.exec(LATEST, params={"mine": self._workspace_id})).one_or_none()

    async def take_refresh(self, connection_id: UUID, *, version: int, now: datetime, until: datetime) -> bool:
        """Take the right to refresh this version of the tokens; False when somebody else has it or was faster."""
        return await self._change(
            connection_id,
            version,
            (col(Connection.refresh_lease_until).is_(None)) | (col(Connection.refresh_lease_until) <= now),
            refresh_lease_until=until,
            refresh_by=self._process or None,
        )

    async def save_tokens(
        self, connection_id: UUID, *, version: int, access: bytes, refresh: bytes, expires_at: datetime
    ) -> bool:
        """Store a new pair over this version of the old one; False when the connection has moved on meanwhile."""
        return await self._change(
            connection_id,
            version,
            col(Connection.state) != ConnectionState.DISCONNECTED,
            access_token_sealed=access,
            refresh_token_sealed=refresh,
            access_expires_at=expires_at,
            # The one before stays for as long as Xero may still take it. It was first used when the lease was taken.
            previous_refresh_sealed=col(Connection.refresh_token_sealed),
            previous_used_at=col(Connection.refresh_lease_until),
            refreshed_at=col(Connection.refresh_lease_until),
            refresh_lease_until=None,
            refresh_by=None,
            token_version=version + 1,
        )

    async def release_refresh(self, connection_id: UUID, *, version: int) -> None:
        await self._change(connection_id, version, True, refresh_lease_until=None, refresh_by=None)

    async def forget_tokens(self, connection_id: UUID, *, version: int) -> bool:
        """Wipe the tokens of an ended connection; False when it has been connected again meanwhile."""
        return await self._change(
            connection_id,
            version,
            col(Connection.state) == ConnectionState.DISCONNECTED,
            access_token_sealed=None,
            refresh_token_sealed=None,
            previous_refresh_sealed=None,
            access_expires_at=None,
            farewell_at=None,
        )

    async def _change(self, connection_id: UUID, version: int, condition: object, **values: object) -> bool:
        taken = await self._session.exec(
            update(Connection)
            .where(col(Connection.id) == connection_id, col(Connection.workspace_id) == self._workspace_id)
            .where(col(Connection.token_version) == version, condition)  # type: ignore[arg-type]
            .values(**values)
        )
        return bool(taken.rowcount)
