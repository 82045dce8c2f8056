from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from storage.models import Incident


class Incidents:
    """The troubles of this workspace's connection; the schema allows one open per cause."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def _mine(self) -> SelectOfScalar[Incident]:
        return select(Incident).where(col(Incident.workspace_id) == self._workspace_id)

    def add(self, incident: Incident) -> None:
        incident.workspace_id = self._workspace_id
        self._session.add(incident)

    async def open(self, connection_id: UUID) -> Sequence[Incident]:
        """Those not over, oldest first."""
        mine = self._mine().where(col(Incident.connection_id) == connection_id, col(Incident.closed_at).is_(None))
        return (await self._session.exec(mine.order_by(col(Incident.opened_at)))).all()

    async def newest(self, connection_id: UUID, cause: str) -> Incident | None:
        """The open incident of this cause, else the one that ended last."""
        mine = self._mine().where(col(Incident.connection_id) == connection_id, col(Incident.cause) == cause)
        last = mine.order_by(col(Incident.closed_at).is_not(None), col(Incident.closed_at).desc()).limit(1)
        return (await self._session.exec(last)).one_or_none()

    async def ended_since(self, connection_id: UUID, moment: datetime, *, ending: str) -> Sequence[Incident]:
        """Those that ended so, at that moment or later."""
        mine = self._mine().where(col(Incident.connection_id) == connection_id, col(Incident.ending) == ending)
        return (await self._session.exec(mine.where(col(Incident.closed_at) >= moment))).all()

    async def told_since(self, moment: datetime) -> int:
        """How many troubles were told first since that moment."""
        mine = select(func.count()).where(col(Incident.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.where(col(Incident.told_at) >= moment))).one()

    async def get(self, incident_id: UUID) -> Incident | None:
        return (await self._session.exec(self._mine().where(col(Incident.id) == incident_id))).one_or_none()
