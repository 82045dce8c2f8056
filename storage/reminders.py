from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.reminder_models import CreditQuestion, PayLink, ReminderPolicy, Unsubscribed, Verdict
from storage.upserts import upsert


class Reminders:
    """What this workspace decided about its reminders, and what is known beside invoices and letters."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def policy(self) -> ReminderPolicy:
        """Return the policy; a new one, not started, where nobody decided anything yet."""
        mine = select(ReminderPolicy).where(col(ReminderPolicy.workspace_id) == self._workspace_id)
        found = (await self._session.exec(mine)).one_or_none()
        return found or ReminderPolicy(workspace_id=self._workspace_id)

    async def decide(self, **values: object) -> None:
        """Change some of the policy's columns."""
        row = {"workspace_id": self._workspace_id} | values
        await upsert(
            self._session, ReminderPolicy, [{"rules": "", **row} if "rules" not in row else row], update=list(values)
        )

    async def told_today(self, day: date) -> bool:
        """Take the right to tell the day's summary; False when somebody has told it."""
        taken = await self._session.exec(
            update(ReminderPolicy)
            .where(col(ReminderPolicy.workspace_id) == self._workspace_id)
            .where(col(ReminderPolicy.told_on).is_(None) | (col(ReminderPolicy.told_on) < day))
            .values(told_on=day)
        )
        return bool(taken.rowcount)

    async def unsubscribed(self) -> set[UUID]:
        mine = select(Unsubscribed.contact_id).where(col(Unsubscribed.workspace_id) == self._workspace_id)
        return set((await self._session.exec(mine)).all())

    async def unsubscribe(self, contact_id: UUID, *, now: datetime) -> None:
        row = {"workspace_id": self._workspace_id, "contact_id": contact_id, "at": now}
        await upsert(self._session, Unsubscribed, [row], update=("at",))

    async def subscribe(self, contact_id: UUID) -> None:
        await self._session.exec(
            delete(Unsubscribed).where(
                col(Unsubscribed.workspace_id) == self._workspace_id, col(Unsubscribed.contact_id) == contact_id
            )
        )

    async def pay_links(self, invoice_ids: Sequence[UUID]) -> dict[UUID, bytes]:
        mine = select(PayLink.invoice_id, PayLink.url_sealed).where(
            col(PayLink.workspace_id) == self._workspace_id, col(PayLink.invoice_id).in_(invoice_ids)
        )
        return {row[0]: row[1] for row in (await self._session.exec(mine)).all()}

    async def keep_pay_link(self, invoice_id: UUID, url_sealed: bytes) -> None:
        row = {"workspace_id": self._workspace_id, "invoice_id": invoice_id, "url_sealed": url_sealed}
        await upsert(self._session, PayLink, [row], update=("url_sealed",))

    async def credit_questions(self) -> dict[UUID, CreditQuestion]:
        mine = select(CreditQuestion).where(col(CreditQuestion.workspace_id) == self._workspace_id)
        return {question.contact_id: question for question in (await self._session.exec(mine)).all()}

    async def credit_question(self, contact_id: UUID) -> CreditQuestion | None:
        return (await self.credit_questions()).get(contact_id)

    async def ask_about_credit(
        self, contact_id: UUID, contact_name: str, credit: Mapping[str, str], *, now: datetime
    ) -> None:
        row = {
            "workspace_id": self._workspace_id,
            "contact_id": contact_id,
            "contact_name": contact_name,
            "credit": dict(credit),
            "asked_at": now,
            "answer": "",
            "allowed": {},
        }
        await upsert(
            self._session, CreditQuestion, [row], update=("contact_name", "credit", "asked_at", "answer", "allowed")
        )

    async def decided(self, rows: Sequence[dict[str, object]]) -> None:
        """Keep the gate's last word on invoices; rows are column values without `workspace_id`."""
        mine = [row | {"workspace_id": self._workspace_id} for row in rows]
        await upsert(self._session, Verdict, mine, update=("at", "told", "reasons"))

    async def held_since(self, moment: datetime) -> set[UUID]:
        """Invoices that the gate has held since that moment."""
        mine = select(Verdict.invoice_id, Verdict.reasons).where(
            col(Verdict.workspace_id) == self._workspace_id, col(Verdict.at) > moment
        )
        return {row[0] for row in (await self._session.exec(mine)).all() if row[1]}

    async def verdict(self, invoice_id: UUID) -> Verdict | None:
        mine = select(Verdict).where(col(Verdict.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.where(col(Verdict.invoice_id) == invoice_id))).one_or_none()
