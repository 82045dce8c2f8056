from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import case, col, distinct, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.mirror_models import Invoice
from storage.types import Money
from storage.upserts import Turned, upsert

NOTHING = Decimal(0)
CHANGING = tuple(c for c in Invoice.model_fields if c not in ("workspace_id", "invoice_id", "confirmed_by"))
GONE = "GONE"
"""The status of an invoice that Xero does not know any more. Not one of Xero's own."""


class Known(NamedTuple):
    """What the mirror held of an invoice before a page was stored. `outstanding` as in Invoices.outstanding()."""

    updated_at: Any
    status: str
    amount_due: Decimal
    due_on: date | None


Totals = dict[str, tuple[int, Decimal]]
"""Number and sum of invoices, by currency."""


class CurrencyTotal(NamedTuple):
    currency: str
    invoices: int
    amount: Decimal
    overdue_invoices: int
    overdue_amount: Decimal


OVERDUE_FOR = ((0, 1), (30, 31), (60, 61), (90, 91))
"""More than so many days after the due date an invoice is of this age (in days); before, it is of age 0."""


class Age(NamedTuple):
    """What is outstanding of an age: 0 not yet due, else at least so many days overdue (1, 31, 61 or 91)."""

    currency: str
    days: int
    invoices: int
    amount: Decimal


def outstanding_of(workspace_id: UUID) -> list[ColumnElement[bool]]:
    """What makes an invoice of this workspace outstanding: approved and not yet settled."""
    return [
        col(Invoice.workspace_id) == workspace_id,
        col(Invoice.status) == "AUTHORISED",
        col(Invoice.amount_due) > NOTHING,
    ]


def count_and_sum_of(these: ColumnElement[bool]) -> tuple[ColumnElement[int], ColumnElement[Decimal]]:
    """The number of these invoices, and what is due on them. As FILTER, which takes SQLite half as long again."""
    return func.sum(case((these, 1), else_=0)), func.sum(case((these, col(Invoice.amount_due)), else_=0), type_=Money())


class Invoices:
    """The mirror of this workspace's sales invoices."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def put(
        self, rows: Sequence[dict[str, Any]] | Turned, *, confirmed_by: UUID | None = None, **shared: Any
    ) -> None:
        """Store what Xero says, unless something newer is stored; rows are column values without `workspace_id`, and
        `shared` those that all have in common.

        With `confirmed_by`, the mark of the full reading they come from, whatever is stored gives way.
        """
        same = {"workspace_id": self._workspace_id, "confirmed_by": confirmed_by, **shared}
        if confirmed_by is None:
            await upsert(self._session, Invoice, rows, update=CHANGING, newer="updated_at", shared=same)
        else:
            await upsert(self._session, Invoice, rows, update=(*CHANGING, "confirmed_by"), shared=same)

    async def known(self, invoice_ids: Sequence[UUID]) -> dict[UUID, Known]:
        found = await self._session.exec(
            select(Invoice.invoice_id, Invoice.updated_at, Invoice.status, Invoice.amount_due, Invoice.due_on).where(  # type: ignore[call-overload]
                col(Invoice.workspace_id) == self._workspace_id, col(Invoice.invoice_id).in_(invoice_ids)
            )
        )
        return {row[0]: Known(*row[1:]) for row in found.all()}

    async def stored(self, invoice_ids: Sequence[UUID]) -> dict[UUID, Any]:
        """Their rows as they are, every column by its name."""
        rows = await self._session.exec(
            select(*Invoice.__table__.columns).where(  # type: ignore[attr-defined]
                col(Invoice.workspace_id) == self._workspace_id, col(Invoice.invoice_id).in_(invoice_ids)
            )
        )
        return {row.invoice_id: row for row in rows.all()}

    async def unconfirmed(self, mark: UUID, limit: int) -> dict[UUID, str]:
        """Outstanding here, and not seen by that full reading: ids and numbers."""
        stale = (col(Invoice.confirmed_by).is_(None)) | (col(Invoice.confirmed_by) != mark)
        mine = select(Invoice.invoice_id, Invoice.number).where(*outstanding_of(self._workspace_id), stale)
        rows = await self._session.exec(mine.order_by(col(Invoice.number), col(Invoice.invoice_id)).limit(limit))
        return dict(rows.all())

    async def gone(self, invoice_ids: Sequence[UUID], *, confirmed_by: UUID) -> None:
        """Xero knows these no more: they stay, and count as outstanding no longer."""
        await self._session.exec(
            update(Invoice)
            .where(col(Invoice.workspace_id) == self._workspace_id, col(Invoice.invoice_id).in_(invoice_ids))
            .values(status=GONE, confirmed_by=confirmed_by)
        )

    async def any(self) -> bool:
        mine = select(Invoice.invoice_id).where(col(Invoice.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.limit(1))).first() is not None

    async def held(self, *, confirmed_by: UUID) -> tuple[Totals, Totals]:
        """Number and sum of what is outstanding, by currency: of all, and of those that this full reading has seen."""
        seen = count_and_sum_of(col(Invoice.confirmed_by) == confirmed_by)
        due = func.sum(Invoice.amount_due, type_=Money())
        rows = await self._session.exec(
            select(Invoice.currency, func.count(), due, *seen)  # type: ignore[call-overload]
            .where(*outstanding_of(self._workspace_id))
            .group_by(col(Invoice.currency))
        )
        found = rows.all()
        return (
            {currency: (count, amount) for currency, count, amount, _seen, _amount in found},
            {currency: (count, amount) for currency, _all, _amount, count, amount in found if count},
        )

    async def everything(self) -> Sequence[Invoice]:
        mine = select(Invoice).where(col(Invoice.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.order_by(col(Invoice.issued_on), col(Invoice.number)))).all()

    async def outstanding(self) -> Sequence[Invoice]:
        """Approved and not yet settled, oldest due date first."""
        mine = select(Invoice).where(*outstanding_of(self._workspace_id))
        return (await self._session.exec(mine.order_by(col(Invoice.due_on), col(Invoice.number)))).all()

    async def settled(self, since: date, before: date) -> Sequence[Invoice]:
        """Paid on a day from `since` on and before `before`."""
        mine = select(Invoice).where(
            col(Invoice.workspace_id) == self._workspace_id,
            col(Invoice.status) == "PAID",
            col(Invoice.fully_paid_on) >= since,
            col(Invoice.fully_paid_on) < before,
        )
        return (await self._session.exec(mine.order_by(col(Invoice.number)))).all()

    async def get(self, invoice_id: UUID) -> Invoice | None:
        mine = select(Invoice).where(col(Invoice.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.where(col(Invoice.invoice_id) == invoice_id))).one_or_none()

    async def by_number(self, number: str) -> Sequence[Invoice]:
        """Those of that number, in capitals or not; Xero does not keep numbers unique. The newest first."""
        mine = select(Invoice).where(
            col(Invoice.workspace_id) == self._workspace_id, func.lower(Invoice.number) == number.lower()
        )
        return (await self._session.exec(mine.order_by(col(Invoice.updated_at).desc()).limit(10))).all()

    async def totals(self, *, today: date) -> list[CurrencyTotal]:
        """Outstanding and overdue per currency; overdue means due before `today`, a date in the organisation's zone."""
        overdue = col(Invoice.due_on) < today
        rows = await self._session.exec(
            select(
                Invoice.currency,
                func.count(),
                func.sum(Invoice.amount_due, type_=Money()),
                *count_and_sum_of(overdue),
            )  # type: ignore[call-overload]
            .where(*outstanding_of(self._workspace_id))
            .group_by(col(Invoice.currency))
            .order_by(func.count().desc(), col(Invoice.currency))
        )
        return [CurrencyTotal(*row) for row in rows.all()]

    async def ages(self, *, today: date) -> list[Age]:
        """What is outstanding by how long it is overdue, largest currency first; empty ages are left out."""
        late = [(today - timedelta(days=days), until) for days, until in OVERDUE_FOR]
        steps = [(col(Invoice.due_on) < before, until) for before, until in reversed(late)]
        age = case(*steps, else_=0).label("age")
        rows = await self._session.exec(
            select(Invoice.currency, age, func.count(), func.sum(Invoice.amount_due, type_=Money()))
            .where(*outstanding_of(self._workspace_id))
            .group_by(col(Invoice.currency), age)
            .order_by(col(Invoice.currency), age)
        )
        return [Age(*row) for row in rows.all()]

    async def paid_since(self, day: date) -> list[tuple[str, int, Decimal]]:
        """What was paid in full from that day on: currency, invoices and what was paid for them."""
        rows = await self._session.exec(
            select(Invoice.currency, func.count(), func.sum(Invoice.amount_paid, type_=Money()))
            .where(col(Invoice.workspace_id) == self._workspace_id, col(Invoice.fully_paid_on) >= day)
            .where(col(Invoice.amount_paid) > NOTHING)
            .group_by(col(Invoice.currency))
            .order_by(func.count().desc(), col(Invoice.currency))
        )
        return [(currency, invoices, amount) for currency, invoices, amount in rows.all()]

    async def customer_names(self) -> Sequence[str]:
        """The names that invoices give their customers, each once."""
        mine = select(Invoice.contact_name).where(col(Invoice.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.distinct())).all()

    async def customers(self) -> int:
        """How many different customers owe something."""
        owing = select(func.count(distinct(Invoice.contact_id))).where(*outstanding_of(self._workspace_id))
        return (await self._session.exec(owing)).one()
