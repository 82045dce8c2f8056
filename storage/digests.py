from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import Connection, ConnectionState
from storage.slack_models import Preferences


class Digests:
    """When the weekly digest of each workspace is due; asked across workspaces."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def unplanned(self, limit: int) -> Sequence[UUID]:
        """Workspaces whose organisation is connected and known, and whose first digest has no time yet."""
        planned = select(Preferences.workspace_id).where(col(Preferences.digest_at).is_not(None))
        found = select(Connection.workspace_id).where(
            col(Connection.state) != ConnectionState.DISCONNECTED,
            col(Connection.last_success_at).is_not(None),
            col(Connection.workspace_id).not_in(planned),
        )
        return (await self._session.exec(found.limit(limit))).all()

    async def due(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        found = select(Preferences.workspace_id).where(col(Preferences.digest_at) <= now)
        return (await self._session.exec(found.order_by(col(Preferences.digest_at)).limit(limit))).all()

    async def claim(self, workspace_id: UUID, *, now: datetime, next_at: datetime) -> bool:
        """Take a due digest; False when somebody else has."""
        mine = update(Preferences).where(col(Preferences.workspace_id) == workspace_id)
        taken = await self._session.exec(mine.where(col(Preferences.digest_at) <= now).values(digest_at=next_at))
        return bool(taken.rowcount)
