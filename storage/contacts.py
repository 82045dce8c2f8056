from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, exists, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.invoices import outstanding_of
from storage.mirror_models import Contact, Invoice
from storage.upserts import upsert

CHANGING = ("connection_id", "name", "email", "people", "status", "updated_at")


class Contacts:
    """The customers of this workspace's invoices."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def put(self, rows: Sequence[dict[str, Any]]) -> None:
        """Store what Xero says now; rows are column values without `workspace_id`."""
        await upsert(
            self._session, Contact, [row | {"workspace_id": self._workspace_id} for row in rows], update=CHANGING
        )

    async def known(self, contact_ids: Sequence[UUID]) -> dict[UUID, Contact]:
        """Their rows as they are stored."""
        mine = select(Contact).where(col(Contact.workspace_id) == self._workspace_id)
        found = await self._session.exec(mine.where(col(Contact.contact_id).in_(contact_ids)))
        return {row.contact_id: row for row in found.all()}

    async def owing(self, limit: int) -> Sequence[UUID]:
        """Owners of outstanding invoices."""
        owners = select(Invoice.contact_id).where(
            *outstanding_of(self._workspace_id), col(Invoice.contact_id).is_not(None)
        )
        found = await self._session.exec(owners.distinct().order_by(col(Invoice.contact_id)).limit(limit))
        return [contact for contact in found.all() if contact is not None]

    async def known_or_owed(self, contact_ids: Sequence[UUID]) -> set[UUID]:
        """Those of the contacts that matter here: already mirrored, or owner of a mirrored invoice."""
        mirrored = select(Contact.contact_id).where(
            col(Contact.workspace_id) == self._workspace_id, col(Contact.contact_id).in_(contact_ids)
        )
        owners = select(Invoice.contact_id).where(
            col(Invoice.workspace_id) == self._workspace_id, col(Invoice.contact_id).in_(contact_ids)
        )
        found = await self._session.exec(mirrored.union(owners))  # type: ignore[call-overload]
        return {row[0] for row in found.all() if row[0] is not None}

    async def missing(self, limit: int) -> Sequence[UUID]:
        """Owners of outstanding invoices whose contact is not mirrored yet."""
        mirrored = exists().where(
            col(Contact.workspace_id) == col(Invoice.workspace_id), col(Contact.contact_id) == col(Invoice.contact_id)
        )
        owners = (
            select(Invoice.contact_id)
            .where(*outstanding_of(self._workspace_id), col(Invoice.contact_id).is_not(None), ~mirrored)
            .distinct()
            .order_by(col(Invoice.contact_id))
            .limit(limit)
        )
        return [contact for contact in (await self._session.exec(owners)).all() if contact is not None]

    async def get(self, contact_id: UUID) -> Contact | None:
        mine = select(Contact).where(col(Contact.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.where(col(Contact.contact_id) == contact_id))).one_or_none()

    async def all(self) -> Sequence[Contact]:
        mine = select(Contact).where(col(Contact.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.order_by(col(Contact.name), col(Contact.contact_id)))).all()

    async def count(self) -> int:
        mine = select(func.count()).select_from(Contact).where(col(Contact.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine)).one()
