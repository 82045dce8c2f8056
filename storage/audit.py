from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import AuditEvent


class Audit:
    """Who did what in this workspace. Only ever added to."""

    def __init__(self, session: AsyncSession, workspace_id: UUID, touch: Callable[[datetime], None]) -> None:
        self._session = session
        self._workspace_id = workspace_id
        self._touch = touch

    def add(self, who: str, what: str, *, at: datetime, detail: str = "") -> None:
        self._touch(at)
        self._session.add(AuditEvent(workspace_id=self._workspace_id, who=who, what=what, at=at, detail=detail))

    async def everything(self) -> Sequence[AuditEvent]:
        """Oldest first."""
        mine = select(AuditEvent).where(col(AuditEvent.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.order_by(col(AuditEvent.at)))).all()

    async def latest(self, count: int) -> Sequence[AuditEvent]:
        mine = select(AuditEvent).where(col(AuditEvent.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.order_by(col(AuditEvent.at).desc()).limit(count))).all()
