from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.reminder_models import Letter, LetterState, Reminder

WENT = (LetterState.CLAIMED, LetterState.SENT, LetterState.BOUNCED, LetterState.UNKNOWN)
"""States in which a letter went out, or may have."""


class StepSent(NamedTuple):
    """A step that an invoice had."""

    invoice_id: UUID
    step: int


class LetterDay(NamedTuple):
    contact_id: UUID
    goes_on: date


class Letters:
    """This workspace's letters. At most one per customer and day, and one per invoice and step: the schema's rules."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def claim(self, letter: Letter, reminders: Sequence[Reminder]) -> bool:
        """Write the letter down as about to go; False when one of the schema's rules refuses it."""
        letter.workspace_id = self._workspace_id
        try:
            async with self._session.begin_nested():
                self._session.add(letter)
                await self._session.flush()
                for reminder in reminders:
                    reminder.workspace_id, reminder.letter_id = self._workspace_id, letter.id
                self._session.add_all(reminders)
        except IntegrityError:
            return False
        return True

    async def refused_since(self, moment: datetime) -> set[UUID]:
        """Customers whose letter was refused lately: not yet again."""
        found = select(Letter.contact_id).where(
            col(Letter.workspace_id) == self._workspace_id,
            col(Letter.state) == LetterState.REFUSED,
            col(Letter.claimed_at) > moment,
        )
        return set((await self._session.exec(found)).all())

    async def finish(
        self, letter_id: UUID, state: LetterState, *, now: datetime, detail: str = "", by: str | None = None
    ) -> bool:
        """Write down what became of a letter whose fate was open; False when it was not.

        Only a person (`by`) decides on an unknown one for good; what a late worker knows better still counts.
        """
        changed = await self._session.exec(
            update(Letter)
            .where(col(Letter.id) == letter_id, col(Letter.workspace_id) == self._workspace_id)
            .where(col(Letter.state).in_([LetterState.UNKNOWN] if by else [LetterState.CLAIMED, LetterState.UNKNOWN]))
            .values(state=state, finished_at=now, detail=detail, decided_by=by)
        )
        if changed.rowcount and state in (LetterState.REFUSED, LetterState.NOT_SENT):
            await self._session.exec(
                update(Reminder)
                .where(col(Reminder.workspace_id) == self._workspace_id, col(Reminder.letter_id) == letter_id)
                .values(counts=False)
            )
        return bool(changed.rowcount)

    async def take_note(self, letter_id: UUID, *, now: datetime) -> bool:
        """Take the right to note the letter in Xero; False when somebody has it, or had."""
        taken = await self._session.exec(
            update(Letter)
            .where(col(Letter.workspace_id) == self._workspace_id, col(Letter.id) == letter_id)
            .where(col(Letter.noted_at).is_(None))
            .values(noted_at=now)
        )
        return bool(taken.rowcount)

    async def get(self, letter_id: UUID) -> Letter | None:
        mine = select(Letter).where(col(Letter.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.where(col(Letter.id) == letter_id))).one_or_none()

    async def reminders(self, letter_ids: Sequence[UUID]) -> Sequence[Reminder]:
        mine = select(Reminder).where(
            col(Reminder.workspace_id) == self._workspace_id, col(Reminder.letter_id).in_(letter_ids)
        )
        return (await self._session.exec(mine.order_by(col(Reminder.due_on), col(Reminder.number)))).all()

    async def steps(self, invoice_ids: Sequence[UUID] | None = None) -> list[StepSent]:
        """Which steps went out, or may have; of all invoices unless some are named."""
        found = select(Reminder.invoice_id, Reminder.step).where(
            col(Reminder.workspace_id) == self._workspace_id, col(Reminder.counts)
        )
        if invoice_ids is not None:
            found = found.where(col(Reminder.invoice_id).in_(invoice_ids))
        return [StepSent(*row) for row in (await self._session.exec(found)).all()]

    async def days_since(self, day: date) -> list[LetterDay]:
        """The customers who got a letter, or may have, and when, from that day on."""
        found = select(Letter.contact_id, Letter.goes_on).where(  # type: ignore[call-overload]
            col(Letter.workspace_id) == self._workspace_id, col(Letter.goes_on) >= day, col(Letter.state).in_(WENT)
        )
        return [LetterDay(*row) for row in (await self._session.exec(found)).all()]

    async def count_since(self, moment: datetime) -> int:
        """Letters that went out, or may have, since that moment."""
        found = select(func.count(col(Letter.id))).where(
            col(Letter.workspace_id) == self._workspace_id,
            col(Letter.claimed_at) > moment,
            col(Letter.state).in_(WENT),
        )
        return int((await self._session.exec(found)).one())

    async def unsure(self) -> int:
        """Letters of which nobody has said yet whether they went out."""
        mine = select(func.count(col(Letter.id))).where(col(Letter.workspace_id) == self._workspace_id)
        return int((await self._session.exec(mine.where(col(Letter.state) == LetterState.UNKNOWN))).one())

    async def of_day(self, day: date) -> Sequence[Letter]:
        mine = select(Letter).where(col(Letter.workspace_id) == self._workspace_id, col(Letter.goes_on) == day)
        return (await self._session.exec(mine.order_by(col(Letter.claimed_at)))).all()

    async def latest(self, count: int) -> Sequence[Letter]:
        """The newest letters, newest first."""
        mine = select(Letter).where(col(Letter.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.order_by(col(Letter.claimed_at).desc()).limit(count))).all()

    async def everything(self) -> Sequence[Letter]:
        """Oldest first."""
        mine = select(Letter).where(col(Letter.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.order_by(col(Letter.claimed_at)))).all()

    async def all_reminders(self) -> Sequence[Reminder]:
        mine = select(Reminder).where(col(Reminder.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.order_by(col(Reminder.due_on), col(Reminder.number)))).all()

    async def of_invoice(self, invoice_id: UUID) -> list[tuple[Letter, Reminder]]:
        """The letters about an invoice, oldest first."""
        found = (
            select(Letter, Reminder)
            .join(Reminder, col(Reminder.letter_id) == col(Letter.id))
            .where(col(Letter.workspace_id) == self._workspace_id, col(Reminder.workspace_id) == self._workspace_id)
            .where(col(Reminder.invoice_id) == invoice_id)
            .order_by(col(Letter.claimed_at))
        )
        return [(letter, reminder) for letter, reminder in (await self._session.exec(found)).all()]
