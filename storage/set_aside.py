from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.mirror_models import SetAside
from storage.models import Resource
from storage.owned import GOES_ALONG, MINE
from storage.upserts import upsert

FIRST = (
    select(SetAside, func.count().over())
    .where(col(SetAside.workspace_id) == MINE)
    .order_by(col(SetAside.since_at), col(SetAside.record))
    .limit(bindparam("count"))
)


class FirstOf(NamedTuple):
    """The oldest of some records, and how many there are."""

    records: list[SetAside]
    of: int


class SetAsides:
    """Records that could not be understood, until a later answer can be."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def put(
        self, connection_id: UUID, resource: Resource, *, record: str, label: str, reason: str, now: datetime
    ) -> None:
        row = {
            "workspace_id": self._workspace_id,
            "connection_id": connection_id,
            "resource": str(resource),
            "record": record,
            "label": label,
            "reason": reason,
            "since_at": now,
        }
        await upsert(self._session, SetAside, [row], update=("label", "reason"))

    async def clear(self, resource: Resource, records: Sequence[str]) -> None:
        """Forget the complaint about records that have been understood since."""
        await self._session.exec(
            delete(SetAside)
            .where(
                col(SetAside.workspace_id) == self._workspace_id,
                col(SetAside.resource) == resource,
                col(SetAside.record).in_(records),
            )
            .execution_options(synchronize_session=False, **GOES_ALONG)
        )

    async def count(self) -> int:
        mine = select(func.count()).select_from(SetAside).where(col(SetAside.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine)).one()

    async def first(self, count: int) -> FirstOf:
        """The oldest of them, and how many there are in all."""
        rows = (await self._session.exec(FIRST, params={"mine": self._workspace_id, "count": count})).all()
        return FirstOf([record for record, _all in rows], rows[0][1] if rows else 0)
