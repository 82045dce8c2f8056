from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.exc import IntegrityError
from sqlmodel import case, col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import OutboxMessage


class Outbox:
    """Notices of this workspace on their way to Slack, told at least once."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def tell(self, card: str, notice: str, *, now: datetime, to_user: str | None = None) -> None:
        """Have this card say `notice` (encoded by core.notices): posted the first time, edited from then on."""
        if await self._replaced(card, notice):
            return
        message = OutboxMessage(
            workspace_id=self._workspace_id,
            card=card,
            notice=notice,
            to_user=to_user,
            created_at=now,
            next_attempt_at=now,
        )
        try:
            async with self._session.begin_nested():
                self._session.add(message)
        except IntegrityError:  # most likely somebody told this card at the same moment
            if not await self._replaced(card, notice):
                raise

    async def _replaced(self, card: str, notice: str) -> bool:
        """Replace the notice of a card that is there; False where there is none."""
        changed = await self._session.exec(
            update(OutboxMessage)
            .where(col(OutboxMessage.workspace_id) == self._workspace_id, col(OutboxMessage.card) == card)
            .values(notice=notice, version=OutboxMessage.version + 1, waiting=True)
        )
        return bool(changed.rowcount)

    async def claim(self, message_id: int, *, now: datetime, until: datetime) -> OutboxMessage | None:
        """Take a due message until `until`; None when it is not due, not ours or already taken."""
        taken = await self._session.exec(
            update(OutboxMessage)
            .where(col(OutboxMessage.id) == message_id, col(OutboxMessage.workspace_id) == self._workspace_id)
            .where(col(OutboxMessage.waiting), col(OutboxMessage.next_attempt_at) <= now)
            .values(next_attempt_at=until, attempts=OutboxMessage.attempts + 1)
        )
        if not taken.rowcount:
            return None
        return (await self._session.exec(select(OutboxMessage).where(col(OutboxMessage.id) == message_id))).one()

    async def told(
        self, message_id: int, *, version: int, channel_id: str, message_ts: str, now: datetime, next_at: datetime
    ) -> None:
        """Remember the Slack message; where the notice changed meanwhile it is told again, not before `next_at`."""
        await self._set(
            message_id,
            told_version=version,
            waiting=changed_since(version),
            channel_id=channel_id,
            message_ts=message_ts,
            told_at=now,
            next_attempt_at=next_at,
            attempts=0,
            last_error=None,
        )

    async def postpone(self, message_id: int, *, error: str, until: datetime) -> None:
        await self._set(message_id, last_error=error, next_attempt_at=until)

    async def post_anew(self, message_id: int, *, error: str, now: datetime) -> None:
        """The message is gone in Slack: post it once more."""
        await self._set(message_id, channel_id=None, message_ts=None, last_error=error, next_attempt_at=now)

    async def drop(self, message_id: int, *, error: str, version: int) -> None:
        """Slack will never take this version; a notice that changed meanwhile still gets its try."""
        await self._set(message_id, last_error=error, waiting=changed_since(version))

    async def silence(self, *, error: str) -> None:
        """Have nothing that waits be told any more."""
        await self._session.exec(
            update(OutboxMessage)
            .where(col(OutboxMessage.workspace_id) == self._workspace_id, col(OutboxMessage.waiting))
            .values(waiting=False, last_error=error)
        )

    async def get(self, card: str) -> OutboxMessage | None:
        mine = select(OutboxMessage).where(col(OutboxMessage.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.where(col(OutboxMessage.card) == card))).one_or_none()

    async def _set(self, message_id: int, **values: object) -> None:
        await self._session.exec(
            update(OutboxMessage)
            .where(col(OutboxMessage.id) == message_id, col(OutboxMessage.workspace_id) == self._workspace_id)
            .values(**values)
        )


def changed_since(version: int) -> ColumnElement[bool]:
    """Whether the notice is a newer one than this version of it."""
    return case((col(OutboxMessage.version) > version, True), else_=False)
