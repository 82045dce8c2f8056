from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import Incident


class Incidents:
    """The troubles of this workspace's connection; the schema allows one open per cause."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def add(self, incident: Incident) -> None:
        incident.workspace_id = self._workspace_id
        self._session.add(incident)

    async def open(self, connection_id: UUID) -> Sequence[Incident]:
        mine = select(Incident).where(
            col(Incident.workspace_id) == self._workspace_id,
            col(Incident.connection_id) == connection_id,
            col(Incident.closed_at).is_(None),
        )
        return (await self._session.exec(mine.order_by(col(Incident.opened_at)))).all()

    async def get(self, incident_id: UUID) -> Incident | None:
        mine = select(Incident).where(col(Incident.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.where(col(Incident.id) == incident_id))).one_or_none()
