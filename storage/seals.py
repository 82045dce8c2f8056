"""What is sealed at rest, in whichever table: for changing keys, and for seeing whether the keys at hand suffice.

It looks at sealed bytes only, across workspaces, and opens none.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, and_, func, select, update
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession


class Sealed(NamedTuple):
    """A value, and the row it stands in, named by its primary key."""

    row: Mapping[str, Any]
    value: bytes


def sealed_columns() -> list[Column[Any]]:
    """Every column that holds sealed values, known by its name."""
    tables = SQLModel.metadata.sorted_tables
    return [column for table in tables for column in table.columns if column.name.endswith("_sealed")]


class Seals:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def made_with(self, length: int) -> Counter[bytes]:
        """How many values begin with which `length` bytes, which name the key."""
        found: Counter[bytes] = Counter()
        for column in sealed_columns():
            head = func.substr(column, 1, length)
            rows = await (await self._session.connection()).execute(
                select(head, func.count()).where(func.length(column) > 0).group_by(head)
            )
            for beginning, count in rows:
                found[bytes(beginning)] += count
        return found

    async def made_otherwise(self, column: Column[Any], beginning: bytes, *, limit: int) -> Sequence[Sealed]:
        """Values that do not begin like this, `limit` at most."""
        keys = list(column.table.primary_key.columns)
        other = func.substr(column, 1, len(beginning)) != beginning
        found = await (await self._session.connection()).execute(
            select(column, *keys).where(func.length(column) > 0, other).order_by(*keys).limit(limit)
        )
        return [Sealed({key.name: row[at] for at, key in enumerate(keys, 1)}, row[0]) for row in found]

    async def replace(self, column: Column[Any], it: Sealed, value: bytes) -> bool:
        """Put another seal in its place; False where somebody has changed it meanwhile."""
        same = and_(*(key == it.row[key.name] for key in column.table.primary_key.columns), column == it.value)
        changed = await (await self._session.connection()).execute(
            update(column.table).where(same).values({column.name: value})
        )
        return bool(changed.rowcount)
