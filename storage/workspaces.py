from datetime import datetime
from uuid import UUID

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import Team, Workspace
from storage.owned import GOES_ALONG, MINE

IT = select(Workspace).where(col(Workspace.id) == MINE)


class Workspaces:
    """What is known of the workspace itself and of its team."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def get(self) -> Workspace:
        """Return the workspace; NoResultFound for a workspace that is not there."""
        return (await self._session.exec(IT, params={"mine": self._workspace_id})).one()

    async def team(self) -> Team:
        mine = select(Team).join(Workspace, col(Workspace.team_id) == col(Team.id))
        return (await self._session.exec(mine.where(col(Workspace.id) == self._workspace_id))).one()

    async def changed(self, *, now: datetime) -> None:
        """Something happened that people see in the app's Home."""
        await self._session.exec(
            update(Workspace)
            .where(col(Workspace.id) == self._workspace_id)
            .values(changed_at=now)
            .execution_options(synchronize_session=False, **GOES_ALONG)
        )

    async def move(self, channel_id: str) -> None:
        """Bind the workspace to another channel of the team; IntegrityError where that has one."""
        mine = update(Workspace).where(col(Workspace.id) == self._workspace_id)
        await self._session.exec(mine.values(channel_id=channel_id))
