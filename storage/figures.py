from collections import Counter
from datetime import datetime
from typing import Any, NamedTuple

from sqlmodel import case, col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import Connection, ConnectionState, Incident, OutboxMessage, SyncRun
from storage.reminder_models import Letter, LetterState

LOWEST = 1000
"""So many organisations with the fewest calls left are looked at."""


class Quota(NamedTuple):
    """What Xero told last of one organisation's day."""

    day_left: int
    metered_at: datetime | None
    day_resets_by: datetime | None


class Queue(NamedTuple):
    """How much waits, and since when the first of it."""

    waiting: int
    since: datetime | None


class Figures:
    """The whole installation in numbers, without a name in them."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def connections(self) -> Counter[str]:
        return await self._by(col(Connection.state), True)

    async def open_incidents(self) -> Counter[str]:
        """By cause."""
        return await self._by(col(Incident.cause), col(Incident.closed_at).is_(None))

    async def unfinished_runs(self) -> Counter[str]:
        """By state."""
        return await self._by(col(SyncRun.state), col(SyncRun.finished_at).is_(None))

    async def unsure_letters(self) -> int:
        return (await self._by(col(Letter.state), col(Letter.state) == LetterState.UNKNOWN)).total()

    async def overdue(self, *, now: datetime) -> Queue:
        """Automatic syncs whose time has come, and the moment the first should have begun."""
        due = col(Connection.next_sync_at)
        return await self._queue(due, due <= now, col(Connection.state) != ConnectionState.DISCONNECTED)

    async def outbox(self, *, now: datetime) -> Queue:
        """Notices that Slack should have by now. One that is told anew waits since that was due."""
        since = case(
            (col(OutboxMessage.message_ts).is_(None), col(OutboxMessage.created_at)),
            else_=col(OutboxMessage.next_attempt_at),
        )
        put_off = (col(OutboxMessage.next_attempt_at) > now) & (col(OutboxMessage.attempts) <= 1)
        return await self._queue(since, col(OutboxMessage.waiting), ~put_off)

    async def lowest_quotas(self, *, metered_after: datetime) -> list[Quota]:
        """Of the organisations with the fewest calls left, fewest first."""
        mine = select(Connection.day_left, Connection.metered_at, Connection.day_resets_by).where(
            col(Connection.state) == ConnectionState.ACTIVE,
            col(Connection.day_left).is_not(None),
            col(Connection.metered_at) > metered_after,
        )
        rows = (await self._session.exec(mine.order_by(col(Connection.day_left)).limit(LOWEST))).all()
        return [Quota(left, metered_at, resets_by) for left, metered_at, resets_by in rows if left is not None]

    async def _by(self, column: Any, condition: Any) -> Counter[str]:
        counted = select(column, func.count()).where(condition).group_by(column)
        return Counter(dict((await self._session.exec(counted)).all()))

    async def _queue(self, since: Any, *conditions: Any) -> Queue:
        row = (await self._session.exec(select(func.count(), func.min(since)).where(*conditions))).one()
        return Queue(*row)
