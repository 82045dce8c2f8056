from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import Connection, ConnectionState, Incident, RunState, SyncRun, Team, Workspace

LONGEST = 1000


class ConnectionSeen(NamedTuple):
    """A connection, for whoever runs Solido."""

    id: UUID
    workspace_id: UUID
    team: str
    channel_id: str
    organisation: str
    state: str
    last_success_at: datetime | None
    next_sync_at: datetime | None
    failures: int
    day_left: int | None
    trouble: str | None


class RunSeen(NamedTuple):
    """A sync, for whoever runs Solido."""

    id: UUID
    workspace_id: UUID
    connection_id: UUID
    organisation: str
    connection_state: str
    trigger: str
    state: str
    queued_at: datetime
    finished_at: datetime | None
    seconds: float
    calls: int
    error: str | None
    error_detail: str | None


class Overview:
    """All workspaces side by side, names included: for the terminal of those who run Solido, never for Slack."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def connections(self, *, limit: int = LONGEST) -> list[ConnectionSeen]:
        """Those in trouble first, then by name; those that ended are left out."""
        open_one = select(Incident.connection_id, func.min(Incident.cause).label("cause")).where(
            col(Incident.closed_at).is_(None)
        )
        trouble = open_one.group_by(col(Incident.connection_id)).subquery()
        found: Any = select(  # type: ignore[call-overload]
            Connection.id,
            Connection.workspace_id,
            Team.name,
            Workspace.channel_id,
            Connection.tenant_name,
            Connection.state,
            Connection.last_success_at,
            Connection.next_sync_at,
            Connection.failures,
            Connection.day_left,
            trouble.c.cause,
        )
        found = (
            found.join(Workspace, col(Workspace.id) == col(Connection.workspace_id))
            .join(Team, col(Team.id) == col(Workspace.team_id))
            .outerjoin(trouble, trouble.c.connection_id == col(Connection.id))
            .where(col(Connection.state) != ConnectionState.DISCONNECTED)
            .order_by(trouble.c.cause.is_(None), col(Connection.tenant_name), col(Connection.id))
        )
        return [ConnectionSeen(*row) for row in (await self._session.exec(found.limit(limit))).all()]

    async def runs(self, *, failed: bool = False, limit: int = LONGEST) -> list[RunSeen]:
        """Newest first; with `failed` only those that did."""
        found = self._runs().order_by(col(SyncRun.queued_at).desc(), col(SyncRun.id))
        if failed:
            found = found.where(col(SyncRun.state) == RunState.FAILED)
        return await self._seen(found.limit(limit))

    async def failing(self, *, limit: int = LONGEST) -> list[RunSeen]:
        """Of each connection whose last sync failed, that one; newest first."""
        newest = (
            select(SyncRun.connection_id, func.max(SyncRun.queued_at).label("at"))
            .group_by(col(SyncRun.connection_id))
            .subquery()
        )
        mine = (newest.c.connection_id == col(SyncRun.connection_id)) & (newest.c.at == col(SyncRun.queued_at))
        found = self._runs().join(newest, mine).where(col(SyncRun.state) == RunState.FAILED)
        return await self._seen(found.order_by(col(SyncRun.queued_at).desc()).limit(limit))

    async def run(self, beginning: str) -> list[RunSeen]:
        """The runs whose id begins like this: hexadecimal, without hyphens. More than one is too many."""
        lowest, highest = (UUID(beginning.ljust(32, digit)) for digit in "0f")
        ids = col(SyncRun.id)
        found = self._runs().where(ids >= lowest, ids <= highest)
        return await self._seen(found.limit(2))

    def _runs(self) -> Any:
        found: Any = select(  # type: ignore[call-overload]
            SyncRun.id,
            SyncRun.workspace_id,
            SyncRun.connection_id,
            Connection.tenant_name,
            Connection.state,
            SyncRun.trigger,
            SyncRun.state,
            SyncRun.queued_at,
            SyncRun.finished_at,
            SyncRun.seconds,
            SyncRun.calls,
            SyncRun.error,
            SyncRun.error_detail,
        )
        return found.join(Connection, col(Connection.id) == col(SyncRun.connection_id))

    async def _seen(self, found: Any) -> list[RunSeen]:
        return [RunSeen(*row) for row in (await self._session.exec(found)).all()]
