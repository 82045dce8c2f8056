from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import case, col, func, literal, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import OutboxMessage
from storage.types import UtcDateTime


class Outbox:
    """Notices of this workspace on their way to Slack, told at least once."""

    def __init__(self, session: AsyncSession, workspace_id: UUID, process: str = "") -> None:
        self._session = session
        self._workspace_id = workspace_id
        self._process = process or None

    async def tell(
        self, card: str, notice: str, *, now: datetime, to_user: str | None = None, thread_of: str | None = None
    ) -> None:
        """Have this card say `notice` (encoded by core.notices): posted the first time, edited from then on.

        With `thread_of` it goes into the thread of that card, wherever that one was told.
        """
        if await self._replaced(card, notice):
            return
        message = OutboxMessage(
            workspace_id=self._workspace_id,
            card=card,
            notice=notice,
            to_user=to_user,
            thread_of=thread_of,
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
            .where(col(OutboxMessage.waiting), col(OutboxMessage.next_attempt_at) <= now, ~HELD_UP)
            .values(next_attempt_at=until, attempts=OutboxMessage.attempts + 1, claimed_by=self._process)
        )
        if not taken.rowcount:
            return None
        return (await self._session.exec(select(OutboxMessage).where(col(OutboxMessage.id) == message_id))).one()

    async def still_ours(self, row: OutboxMessage) -> bool:
        """Whether what was claimed is claimed still: we may have been taken for dead meanwhile."""
        mine = select(OutboxMessage.id).where(
            col(OutboxMessage.id) == row.id,
            col(OutboxMessage.workspace_id) == self._workspace_id,
            col(OutboxMessage.attempts) == row.attempts,
            col(OutboxMessage.claimed_by).is_not_distinct_from(self._process),
            col(OutboxMessage.next_attempt_at) == row.next_attempt_at,
        )
        return (await self._session.exec(mine)).first() is not None

    async def told(
        self,
        message_id: int,
        *,
        version: int,
        channel_id: str,
        message_ts: str,
        now: datetime,
        next_at: datetime,
        home: bool = True,
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
            **({"missed_at": None} if home else {}),
        )

    async def go_round(self, message_id: int, *, step: int, error: str, now: datetime, next_at: datetime) -> None:
        """Its place cannot be told: try the one at `step` (0 is home), in a message of its own there."""
        await self._set(
            message_id,
            detour=step,
            channel_id=None,
            message_ts=None,
            missed_at=func.coalesce(col(OutboxMessage.missed_at), literal(now, UtcDateTime())),
            last_error=error,
            next_attempt_at=next_at,
        )

    async def stuck(self, message_id: int, *, error: str, until: datetime, now: datetime) -> None:
        """Its place cannot be told: let others go first, and try again then."""
        missed_at = func.coalesce(col(OutboxMessage.missed_at), literal(now, UtcDateTime()))
        await self._set(message_id, missed_at=missed_at, last_error=error, next_attempt_at=until)

    async def tell_once(self, card: str, notice: str, *, now: datetime, to: str) -> None:
        """As `tell`, to this one; nothing where the card was ever told."""
        if await self.get(card) is None:
            await self.tell(card, notice, now=now, to_user=to)

    async def missed(self) -> Sequence[OutboxMessage]:
        """What could not be told where it belongs, and was not mentioned since; oldest first."""
        mine = select(OutboxMessage).where(col(OutboxMessage.workspace_id) == self._workspace_id)
        unheard = mine.where(col(OutboxMessage.missed_at).is_not(None), col(OutboxMessage.mentioned_at).is_(None))
        return (await self._session.exec(unheard.order_by(col(OutboxMessage.id)))).all()

    async def mentioned(self, message_id: int, *, now: datetime) -> None:
        await self._set(message_id, mentioned_at=now)

    async def found(self, card: str, *, channel_id: str, message_ts: str, now: datetime) -> bool | None:
        """Somebody saw this card there. Take that message on where we know of none; False where we know of another,
        None where there is no such card."""
        mine = col(OutboxMessage.workspace_id) == self._workspace_id
        await self._session.exec(
            update(OutboxMessage)
            .where(mine, col(OutboxMessage.card) == card, col(OutboxMessage.message_ts).is_(None))
            .values(channel_id=channel_id, message_ts=message_ts, waiting=True, next_attempt_at=now)
        )
        row = await self.get(card)
        return None if row is None else (row.channel_id, row.message_ts) == (channel_id, message_ts)

    async def found_as(self, card: str, notice: str, *, channel_id: str, message_ts: str, now: datetime) -> None:
        """Have a message that is there already say `notice`, once."""
        if await self.get(card) is None:
            await self.tell(card, notice, now=now)
            await self._session.exec(
                update(OutboxMessage)
                .where(col(OutboxMessage.workspace_id) == self._workspace_id, col(OutboxMessage.card) == card)
                .values(channel_id=channel_id, message_ts=message_ts)
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
            .values(claimed_by=None, **values)
        )


def held_up(*, beyond: BindParameter[datetime] | None = None) -> ColumnElement[bool]:
    """Whether a message that Slack has not got yet has to wait for its turn: one before it is still to be posted to
    the same place, or the card is in whose thread it belongs. With `beyond`, one that is not due by then.

    To be made once: that takes longer than to ask it.
    """
    older = aliased(OutboxMessage)
    unposted = select(older.id).where(
        col(older.workspace_id) == col(OutboxMessage.workspace_id),
        col(older.id) < col(OutboxMessage.id),
        col(older.waiting),
        col(older.message_ts).is_(None),
        col(older.missed_at).is_(None),
        func.coalesce(col(older.to_user), "") == func.coalesce(col(OutboxMessage.to_user), ""),
    )
    card = aliased(OutboxMessage)
    its_card = select(card.id).where(
        col(card.workspace_id) == col(OutboxMessage.workspace_id),
        col(card.card) == col(OutboxMessage.thread_of),
        col(card.waiting),
        col(card.message_ts).is_(None),
    )
    if beyond is not None:
        unposted = unposted.where(col(older.next_attempt_at) > beyond)
        its_card = its_card.where(col(card.next_attempt_at) > beyond)
    return col(OutboxMessage.message_ts).is_(None) & (unposted.exists() | its_card.exists())


HELD_UP = held_up()


def changed_since(version: int) -> ColumnElement[bool]:
    """Whether the notice is a newer one than this version of it."""
    return case((col(OutboxMessage.version) > version, True), else_=False)
