from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, distinct, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import Invoice
from storage.types import Money
from storage.upserts import upsert

NOTHING = Decimal(0)
CHANGING = tuple(c for c in Invoice.model_fields if c not in ("workspace_id", "invoice_id"))


class Known(NamedTuple):
    """What the mirror held of an invoice before a page was stored. `outstanding` as in Invoices.outstanding()."""

    updated_at: Any
    status: str
    amount_due: Decimal
    due_on: date | None


class CurrencyTotal(NamedTuple):
    currency: str
    invoices: int
    amount: Decimal
    overdue_invoices: int
    overdue_amount: Decimal


class Invoices:
    """The mirror of this workspace's sales invoices."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def _outstanding(self) -> list[ColumnElement[bool]]:
        return [
            col(Invoice.workspace_id) == self._workspace_id,
            col(Invoice.status) == "AUTHORISED",
            col(Invoice.amount_due) > NOTHING,
        ]

    async def put(self, rows: Sequence[dict[str, Any]]) -> None:
        """Store what Xero says, unless something newer is stored; rows are column values without `workspace_id`."""
        mine = [row | {"workspace_id": self._workspace_id} for row in rows]
        await upsert(self._session, Invoice, mine, update=CHANGING, newer="updated_at")

    async def known(self, invoice_ids: Sequence[UUID]) -> dict[UUID, Known]:
        found = await self._session.exec(
            select(Invoice.invoice_id, Invoice.updated_at, Invoice.status, Invoice.amount_due, Invoice.due_on).where(  # type: ignore[call-overload]
                col(Invoice.workspace_id) == self._workspace_id, col(Invoice.invoice_id).in_(invoice_ids)
            )
        )
        return {row[0]: Known(*row[1:]) for row in found.all()}

    async def outstanding(self) -> Sequence[Invoice]:
        """Approved and not yet settled, oldest due date first."""
        mine = select(Invoice).where(*self._outstanding())
        return (await self._session.exec(mine.order_by(col(Invoice.due_on), col(Invoice.number)))).all()

    async def get(self, invoice_id: UUID) -> Invoice | None:
        mine = select(Invoice).where(col(Invoice.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.where(col(Invoice.invoice_id) == invoice_id))).one_or_none()

    async def totals(self, *, today: date) -> list[CurrencyTotal]:
        """Outstanding and overdue per currency; overdue means due before `today`, a date in the organisation's zone."""
        overdue = col(Invoice.due_on) < today
        rows = await self._session.exec(
            select(
                Invoice.currency,
                func.count(),
                func.sum(Invoice.amount_due, type_=Money()),
                func.count().filter(overdue),
                func.sum(Invoice.amount_due, type_=Money()).filter(overdue),
            )  # type: ignore[call-overload]
            .where(*self._outstanding())
            .group_by(col(Invoice.currency))
            .order_by(func.count().desc(), col(Invoice.currency))
        )
        return [CurrencyTotal(c, n, a, late, late_a or Decimal(0)) for c, n, a, late, late_a in rows.all()]

    async def customer_names(self) -> Sequence[str]:
        """The names that invoices give their customers, each once."""
        mine = select(Invoice.contact_name).where(col(Invoice.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.distinct())).all()

    async def customers(self) -> int:
        """How many different customers owe something."""
        owing = select(func.count(distinct(Invoice.contact_id))).where(*self._outstanding())
        return (await self._session.exec(owing)).one()
