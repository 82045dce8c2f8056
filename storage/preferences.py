from datetime import datetime
from uuid import UUID

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.owned import MINE
from storage.slack_models import Preferences
from storage.upserts import upsert

SET = select(Preferences).where(col(Preferences.workspace_id) == MINE)


class PreferenceRow:
    """What admins of this workspace have set."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def get(self) -> Preferences:
        """The usual where nothing was ever set."""
        found = (await self._session.exec(SET, params={"mine": self._workspace_id})).one_or_none()
        return found or Preferences(workspace_id=self._workspace_id, mentions=[])

    async def save(self, it: Preferences) -> None:
        row = it.model_dump() | {"workspace_id": self._workspace_id}
        await upsert(self._session, Preferences, [row], update=tuple(name for name in row if name != "workspace_id"))

    async def digest_due(self, at: datetime | None) -> None:
        """When the next weekly digest is due, made where nothing was ever set."""
        mine = update(Preferences).where(col(Preferences.workspace_id) == self._workspace_id)
        if not (await self._session.exec(mine.values(digest_at=at))).rowcount:
            await self.save(Preferences(workspace_id=self._workspace_id, mentions=[], digest_at=at))
