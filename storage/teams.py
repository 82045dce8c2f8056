from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import Team, Workspace
from storage.slack_models import InstallAttempt


class Teams:
    """Slack teams that have the app, their tokens, and tries to install it."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, team_id: UUID) -> Team | None:
        return (await self._session.exec(select(Team).where(col(Team.id) == team_id))).one_or_none()

    async def here(self) -> Sequence[Team]:
        """Teams that have the app with a token of their own, oldest first."""
        mine = select(Team).where(col(Team.gone_at).is_(None), col(Team.served_by).is_(None))
        return (await self._session.exec(mine.order_by(col(Team.installed_at)))).all()

    async def workspaces_gone(self, *, before: datetime, limit: int) -> Sequence[UUID]:
        """Workspaces of teams that removed the app before that moment."""
        found = select(Workspace.id).where(col(Workspace.team_id) == col(Team.id), col(Team.gone_at) <= before)
        return (await self._session.exec(found.order_by(col(Team.gone_at)).limit(limit))).all()

    async def of_organisation(self, team_id: UUID) -> Sequence[Team]:
        """The teams that are served by the app's installation for their whole organisation."""
        return (await self._session.exec(select(Team).where(col(Team.served_by) == team_id))).all()

    async def to_greet(self, limit: int) -> Sequence[Team]:
        """Teams whose installer has not been written to yet."""
        new = select(Team).where(
            col(Team.greeted_at).is_(None), col(Team.installed_by) != "", col(Team.gone_at).is_(None)
        )
        return (await self._session.exec(new.order_by(col(Team.installed_at)).limit(limit))).all()

    async def greeted(self, team_id: UUID, *, now: datetime) -> None:
        await self._session.exec(update(Team).where(col(Team.id) == team_id).values(greeted_at=now))

    async def take_refresh(self, team_id: UUID, *, version: int, now: datetime, until: datetime) -> bool:
        """Take the right to refresh this version of the token; False when somebody else has it or was faster."""
        lease = col(Team.refresh_lease_until)
        return await self._change(team_id, version, (lease.is_(None)) | (lease <= now), refresh_lease_until=until)

    async def save_tokens(
        self, team_id: UUID, *, version: int, bot: bytes, refresh: bytes, expires_at: datetime
    ) -> bool:
        """Store a new pair over this version of the old one; False when the team has moved on meanwhile."""
        return await self._change(
            team_id,
            version,
            col(Team.gone_at).is_(None),
            bot_token_sealed=bot,
            refresh_token_sealed=refresh,
            token_expires_at=expires_at,
            token_version=version + 1,
            refresh_lease_until=None,
        )

    async def release_refresh(self, team_id: UUID, *, version: int) -> None:
        await self._change(team_id, version, True, refresh_lease_until=None)

    async def _change(self, team_id: UUID, version: int, condition: object, **values: object) -> bool:
        mine = update(Team).where(col(Team.id) == team_id, col(Team.token_version) == version)
        taken = await self._session.exec(mine.where(condition).values(**values))  # type: ignore[arg-type]
        return bool(taken.rowcount)

    def add_attempt(self, *, state_hash: str, browser_hash: str, expires_at: datetime) -> None:
        self._session.add(InstallAttempt(state_hash=state_hash, browser_hash=browser_hash, expires_at=expires_at))

    async def use_attempt(self, *, state_hash: str, browser_hash: str, now: datetime) -> bool:
        """Use up a state; False for one that is unknown, used, too old or from another browser."""
        taken = await self._session.exec(
            update(InstallAttempt)
            .where(col(InstallAttempt.state_hash) == state_hash, col(InstallAttempt.browser_hash) == browser_hash)
            .where(col(InstallAttempt.used_at).is_(None), col(InstallAttempt.expires_at) > now)
            .values(used_at=now)
        )
        return bool(taken.rowcount)

    async def forget_attempts(self, *, now: datetime) -> int:
        gone = await self._session.exec(delete(InstallAttempt).where(col(InstallAttempt.expires_at) <= now))
        return int(gone.rowcount)
