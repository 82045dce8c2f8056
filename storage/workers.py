from collections.abc import Sequence
from datetime import UTC, datetime

from sqlmodel import col, delete, func, select, text, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import Connection, OutboxMessage
from storage.worker_models import Worker


class Workers:
    """The processes of this installation and what each has taken on. All moments are by the database's clock."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def time(self) -> datetime:
        """What time the database has."""
        if self._session.get_bind().dialect.name != "sqlite":
            told: datetime = (await self._session.exec(select(func.clock_timestamp()))).one()
            return told.astimezone(UTC)
        [written] = (await self._session.exec(text("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')"))).one()  # type: ignore[call-overload]
        return datetime.fromisoformat(written).replace(tzinfo=UTC)

    async def join(self, name: str, roles: str, *, now: datetime) -> None:
        await self._session.exec(delete(Worker).where(col(Worker.name) == name))
        self._session.add(Worker(name=name, roles=roles, joined_at=now, seen_at=now))
        await self._session.flush()

    async def beat(self, name: str, *, now: datetime, seen_after: datetime) -> bool:
        """Say that this one lives; False where it was silent for too long, and is taken for dead."""
        mine = update(Worker).where(col(Worker.name) == name, col(Worker.seen_at) > seen_after)
        return bool((await self._session.exec(mine.values(seen_at=now))).rowcount)

    async def hold(self, name: str) -> bool:
        """Have nobody take this one for dead before our transaction ends; False where somebody has."""
        mine = select(Worker.name).where(col(Worker.name) == name).with_for_update(read=True, key_share=True)
        return (await self._session.exec(mine)).first() is not None

    async def dead(self, *, silent_since: datetime) -> str | None:
        """One that has been silent since then and that nobody else is seeing to; ours until the transaction ends."""
        found = select(Worker.name).where(col(Worker.seen_at) <= silent_since).order_by(col(Worker.seen_at)).limit(1)
        # With its key, which `hold` keeps: else one that is just beginning a run could be taken for dead.
        return (await self._session.exec(found.with_for_update(skip_locked=True))).first()

    async def leave(self, name: str, *, now: datetime) -> None:
        """Strike a process off the roll, and give back what it had taken: others may have it at once."""
        await self._session.exec(
            update(OutboxMessage)
            .where(col(OutboxMessage.claimed_by) == name)
            .values(claimed_by=None, next_attempt_at=now)
        )
        await self._session.exec(
            update(Connection)
            .where(col(Connection.refresh_by) == name)
            .values(refresh_by=None, refresh_lease_until=now)
        )
        await self._session.exec(delete(Worker).where(col(Worker.name) == name))

    async def alive(self, *, seen_after: datetime) -> Sequence[Worker]:
        return (
            await self._session.exec(
                select(Worker).where(col(Worker.seen_at) > seen_after).order_by(col(Worker.joined_at))
            )
        ).all()
