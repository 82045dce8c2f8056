from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.invoices import outstanding_of
from storage.mirror_models import Invoice
from storage.owned import MINE
from storage.types import Money
from storage.unapplied_models import Unapplied
from storage.upserts import upsert

KEY = ("workspace_id", "paper_id")
CHANGING = tuple(column for column in Unapplied.model_fields if column not in KEY)

BY_CONTACT = (
    select(Unapplied.contact_id, Unapplied.currency, func.sum(Unapplied.remaining, type_=Money()))
    .where(col(Unapplied.workspace_id) == MINE)
    .group_by(col(Unapplied.contact_id), col(Unapplied.currency))
    .order_by(col(Unapplied.contact_id), col(Unapplied.currency))
)


class Rest(NamedTuple):
    """What a customer has left of credit notes, overpayments and prepayments, in one currency."""

    contact_id: UUID
    currency: str
    remaining: Decimal


class UnappliedPapers:
    """Money of this workspace's customers that has not settled any invoice yet."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def put(self, rows: Sequence[dict[str, Any]], **shared: Any) -> None:
        same = {"workspace_id": self._workspace_id, **shared}
        await upsert(self._session, Unapplied, rows, update=CHANGING, shared=same)

    async def sweep(self, kind: str, *, confirmed_by: UUID) -> None:
        """Forget those of a kind that this reading has not seen: they are used up, or void."""
        await self._session.exec(
            delete(Unapplied).where(
                col(Unapplied.workspace_id) == self._workspace_id,
                col(Unapplied.kind) == kind,
                (col(Unapplied.confirmed_by).is_(None)) | (col(Unapplied.confirmed_by) != confirmed_by),
            )
        )

    async def by_contact(self, *, owing: bool = False) -> list[Rest]:
        """Per customer and currency; only of those who owe something, if wanted."""
        rows = await self._session.exec(BY_CONTACT, params={"mine": self._workspace_id})
        found = [Rest(*row) for row in rows.all()]
        if not found or not owing:
            return found
        # Few have anything left, most often nobody: only for them it is worth looking through all that is outstanding.
        theirs = select(Unapplied.contact_id).where(col(Unapplied.workspace_id) == self._workspace_id)
        owed = select(Invoice.contact_id).where(
            *outstanding_of(self._workspace_id), col(Invoice.contact_id).in_(theirs)
        )
        owe = set((await self._session.exec(owed.distinct())).all())
        return [rest for rest in found if rest.contact_id in owe]
