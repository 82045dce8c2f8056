from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.reminder_models import Hold, Scope


class Holds:
    """What this workspace leaves alone. The schema allows one live hold per target."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def place(
        self,
        scope: Scope,
        target: str,
        *,
        label: str,
        reason: str,
        by: str,
        now: datetime,
        until_on: date | None = None,
        note: str = "",
    ) -> Hold:
        """Place a hold; one that is on the same target already ends with it."""
        await self.release(scope, target, by=by, now=now)
        hold = Hold(
            workspace_id=self._workspace_id,
            scope=scope,
            target=target,
            label=label,
            reason=reason,
            note=note,
            until_on=until_on,
            placed_by=by,
            placed_at=now,
        )
        self._session.add(hold)
        await self._session.flush()
        return hold

    async def release(self, scope: Scope, target: str, *, by: str, now: datetime) -> bool:
        """End the live hold on this target; False when there is none."""
        ended = await self._session.exec(
            update(Hold)
            .where(col(Hold.workspace_id) == self._workspace_id, col(Hold.scope) == scope, col(Hold.target) == target)
            .where(col(Hold.released_at).is_(None))
            .values(released_by=by, released_at=now)
        )
        return bool(ended.rowcount)

    async def live(self) -> Sequence[Hold]:
        """Not released; one whose last day has passed is over all the same."""
        mine = select(Hold).where(col(Hold.workspace_id) == self._workspace_id, col(Hold.released_at).is_(None))
        return (await self._session.exec(mine.order_by(col(Hold.placed_at)))).all()

    async def of(self, targets: Sequence[str]) -> Sequence[Hold]:
        """Every hold there ever was on these targets, oldest first."""
        mine = select(Hold).where(col(Hold.workspace_id) == self._workspace_id, col(Hold.target).in_(targets))
        return (await self._session.exec(mine.order_by(col(Hold.placed_at)))).all()
