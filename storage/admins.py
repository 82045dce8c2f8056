from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.slack_models import WorkspaceAdmin


class Admins:
    """People whom admins of this workspace have added to themselves, by Slack id."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def all(self) -> set[str]:
        mine = select(WorkspaceAdmin.user_id).where(col(WorkspaceAdmin.workspace_id) == self._workspace_id)
        return set((await self._session.exec(mine)).all())

    async def replace(self, people: Collection[str], *, by: str, now: datetime) -> None:
        """Have exactly these people added; who was added before keeps who added them."""
        before = await self.all()
        gone = before - set(people)
        mine = delete(WorkspaceAdmin).where(col(WorkspaceAdmin.workspace_id) == self._workspace_id)
        await self._session.exec(mine.where(col(WorkspaceAdmin.user_id).in_(gone)))
        for user_id in sorted(set(people) - before):
            added = WorkspaceAdmin(workspace_id=self._workspace_id, user_id=user_id, added_by=by, added_at=now)
            self._session.add(added)
