from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, delete, exists, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import Workspace
from storage.slack_models import HomeView
from storage.upserts import upsert


class Home(NamedTuple):
    """Whose Home it is."""

    team_id: UUID
    user_id: str


class Homes:
    """What people see of the app in its Home. A Home belongs to a person of a team, not to a workspace."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def opened(self, home: Home, *, now: datetime) -> None:
        """Somebody looks: show it anew, as soon as it may be."""
        row = {**home._asdict(), "opened_at": now, "shown_at": None, "next_at": now}
        await upsert(self._session, HomeView, [row], update=("opened_at", "shown_at"))

    async def stale(self, *, now: datetime, limit: int) -> Sequence[Home]:
        """Those that do not show how things are, and may be shown now."""
        found = select(HomeView.team_id, HomeView.user_id).where(col(HomeView.next_at) <= now, outdated())
        return [Home(*row) for row in (await self._session.exec(found.order_by(col(HomeView.next_at)).limit(limit)))]

    async def claim(self, home: Home, *, now: datetime, next_at: datetime) -> bool:
        """Take it, until `next_at`; False when somebody else has."""
        mine = update(HomeView).where(col(HomeView.team_id) == home.team_id, col(HomeView.user_id) == home.user_id)
        taken = await self._session.exec(mine.where(col(HomeView.next_at) <= now).values(next_at=next_at))
        return bool(taken.rowcount)

    async def shown(self, home: Home, *, at: datetime) -> None:
        """It shows how things were at that moment; one that was opened since is shown once more."""
        mine = update(HomeView).where(col(HomeView.team_id) == home.team_id, col(HomeView.user_id) == home.user_id)
        await self._session.exec(mine.where(col(HomeView.opened_at) <= at).values(shown_at=at))

    async def show_anew(self, team_id: UUID) -> None:
        """All of a team: something that they show is not there any more."""
        await self._session.exec(update(HomeView).where(col(HomeView.team_id) == team_id).values(shown_at=None))

    async def postpone(self, home: Home, *, until: datetime) -> None:
        mine = update(HomeView).where(col(HomeView.team_id) == home.team_id, col(HomeView.user_id) == home.user_id)
        await self._session.exec(mine.values(next_at=until))

    async def forget(self, home: Home) -> None:
        mine = delete(HomeView).where(col(HomeView.team_id) == home.team_id, col(HomeView.user_id) == home.user_id)
        await self._session.exec(mine)

    async def forget_unopened(self, *, since: datetime) -> None:
        await self._session.exec(delete(HomeView).where(col(HomeView.opened_at) < since))


def outdated() -> ColumnElement[bool]:
    changed = exists().where(
        col(Workspace.team_id) == col(HomeView.team_id), col(Workspace.changed_at) >= col(HomeView.shown_at)
    )
    return col(HomeView.shown_at).is_(None) | changed
