"""A whole installation from one database into another, table by table, in the order in which rows point to each other.

Each batch is stored together with how far it has come, so that a move that broke off goes on from there. Both sides are
marked: the target with whose copy it is, the source once it has been moved, so that nobody works on both.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import (
    Column,
    MetaData,
    Row,
    String,
    Table,
    Uuid,
    func,
    insert,
    inspect,
    literal,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from storage.database import Database
from storage.types import Money

BATCH = 1000
NOT_MOVED = {"worker"}
"""Who is alive is nothing to take along."""
MARKS = MetaData()
MARK = Table(
    "solido_move",
    MARKS,
    Column("id", String, primary_key=True),
    Column("finished_at", String),
)
PROGRESS = Table(
    "solido_move_progress",
    MARKS,
    Column("table_name", String, primary_key=True),
    Column("last_key", String),
    Column("done", String),
)

NUL, INSTEAD = "\0", "\ufffd"
"""PostgreSQL's texts hold every character but NUL, which becomes the sign for an unreadable one."""

Said = Callable[[str], None]


class CannotMove(Exception):
    """A sentence for whoever asked for the move."""


class Contents(NamedTuple):
    """What a table holds: rows, and a sum over all their values that does not depend on their order."""

    rows: int
    checksum: int


def tables() -> list[Table]:
    return [table for table in SQLModel.metadata.sorted_tables if table.name not in NOT_MOVED]


def key_of(table: Table) -> list[Column[Any]]:
    return list(table.primary_key.columns)


def to_itself(table: Table) -> list[Column[Any]]:
    """Columns that point to rows of the same table, which may not be there yet."""
    return [column for column in table.columns for key in column.foreign_keys if key.column.table is table]


def plain(value: Any) -> Any:
    """A value so that it looks the same from either database."""
    if isinstance(value, Decimal):
        return str(value.normalize())
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value if isinstance(value, int | float | list | dict | type(None)) else str(value)


def fit(value: Any) -> Any:
    """A value as PostgreSQL can hold it."""
    return value.replace(NUL, INSTEAD) if isinstance(value, str) else value


def weight(row: Row[Any]) -> int:
    written = json.dumps([fit(plain(value)) for value in row], sort_keys=True, default=str).encode()
    return int.from_bytes(hashlib.blake2b(written, digest_size=12).digest(), "big")


@dataclass
class Moving:
    """`say` is told a line for each table."""

    source: Database
    target: Database
    say: Said

    async def run(self) -> None:
        """Raise CannotMove. May be repeated until it has come to its end."""
        move_id = await self._marked_source()
        await self._marked_target(move_id)
        async with self.source.engine.connect() as reading:  # which takes SQLite's lock: nobody else may write now
            for table in tables():
                await self._copy(reading, table)
                await self._point_to_itself(reading, table)
            await self._number_on()
            await self._compare(reading)

    async def _marked_source(self) -> str:
        async with self.source.engine.begin() as connection:
            await connection.run_sync(MARKS.create_all)
            mark = (await connection.execute(select(MARK))).first()
            if mark is not None and mark.finished_at:
                raise CannotMove(f"This database was moved away already, at {mark.finished_at}.")
            if mark is None:
                mark = (await connection.execute(insert(MARK).values(id=uuid4().hex).returning(MARK))).one()
            return str(mark.id)

    async def _marked_target(self, move_id: str) -> None:
        """See that the target is empty, or holds what an earlier try has left of this very move."""
        async with self.target.engine.begin() as connection:
            await connection.run_sync(MARKS.create_all)
            mark = (await connection.execute(select(MARK))).first()
            if mark is not None and mark.id != move_id:
                raise CannotMove("Another installation was moved into that database. Name an empty one.")
            if mark is None:
                for table in tables():
                    if (await connection.execute(select(1).select_from(table).limit(1))).first():
                        raise CannotMove(
                            f"That database is not empty: there are rows in {table.name}. Name an empty one."
                        )
                await connection.execute(insert(MARK).values(id=move_id))

    async def _copy(self, reading: AsyncConnection, table: Table) -> None:
        async with self.target.engine.connect() as connection:
            known = (await connection.execute(select(PROGRESS).where(PROGRESS.c.table_name == table.name))).first()
        if known is None:
            async with self.target.engine.begin() as connection:
                await connection.execute(insert(PROGRESS).values(table_name=table.name))
        last = json.loads(known.last_key) if known is not None and known.last_key else None
        if known is not None and known.done:
            return
        async for rows in self._batches(reading, table, after=last):
            left_out = {column.name: None for column in to_itself(table)}
            values = [{name: fit(value) for name, value in row._mapping.items()} | left_out for row in rows]
            reached = json.dumps([plain(rows[-1]._mapping[key.name]) for key in key_of(table)])
            async with self.target.engine.begin() as connection:
                await connection.execute(insert(table), values)
                await connection.execute(
                    update(PROGRESS).where(PROGRESS.c.table_name == table.name).values(last_key=reached)
                )
        async with self.target.engine.begin() as connection:
            await connection.execute(update(PROGRESS).where(PROGRESS.c.table_name == table.name).values(done="yes"))

    async def _batches(self, reading: AsyncConnection, table: Table, *, after: Any) -> AsyncIterator[list[Row[Any]]]:
        keys = key_of(table)
        while True:
            some = select(table).order_by(*keys).limit(BATCH)
            if after is not None:
                some = some.where(tuple_(*keys) > tuple_(*map(as_value, keys, after)))
            rows = list((await reading.execute(some)).all())
            if not rows:
                return
            yield rows
            after = [rows[-1]._mapping[key.name] for key in keys]

    async def _point_to_itself(self, reading: AsyncConnection, table: Table) -> None:
        [key] = key_of(table) if to_itself(table) else [None]
        if key is None:
            return
        for column in to_itself(table):
            found = (await reading.execute(select(key, column).where(column.is_not(None)))).all()
            async with self.target.engine.begin() as connection:
                for row_id, points_to in found:
                    await connection.execute(update(table).where(key == row_id).values({column.name: points_to}))

    async def _number_on(self) -> None:
        """PostgreSQL goes on counting behind the rows that came with their numbers."""
        if self.target.embedded:
            return
        async with self.target.engine.begin() as connection:
            for table in tables():
                column = table.autoincrement_column
                if (
                    column is None
                    or not isinstance(column.type.python_type, type)
                    or column.type.python_type is not int
                ):
                    continue
                named = (
                    await connection.execute(text(f"SELECT pg_get_serial_sequence('{table.name}', 'id')"))
                ).scalar()
                most = (await connection.execute(select(func.max(column)))).scalar()
                if named and most:
                    await connection.execute(text(f"SELECT setval('{named}', {int(most)})"))

    async def _compare(self, reading: AsyncConnection) -> None:
        """Count, and add up all values, on both sides. Raise CannotMove where they differ."""
        async with self.target.engine.connect() as there:
            for table in tables():
                ours, theirs = await self._contents(reading, table), await self._contents(there, table)
                if ours != theirs:
                    raise CannotMove(
                        f"{table.name} differs: {ours.rows} rows here, {theirs.rows} there. "
                        "Somebody has worked on one of them meanwhile: empty the new database, and begin anew."
                    )
                if ours.rows:
                    self.say(f"{table.name}: {ours.rows:,} rows, the same on both sides")
            for line in sums(await self._sums(reading), await self._sums(there)):
                self.say(line)

    async def _contents(self, connection: AsyncConnection, table: Table) -> Contents:
        rows = checksum = 0
        async for batch in self._batches(connection, table, after=None):
            rows += len(batch)
            checksum = (checksum + sum(map(weight, batch))) % (1 << 96)
        return Contents(rows, checksum)

    async def _sums(self, connection: AsyncConnection) -> Mapping[str, Decimal]:
        """What all money columns add up to, by table, column and currency."""
        found: dict[str, Decimal] = {}
        for table in tables():
            for column in table.columns:
                if isinstance(column.type, Money) and "currency" in table.c:
                    asked = select(table.c.currency, func.sum(column)).group_by(table.c.currency)
                    for currency, amount in (await connection.execute(asked)).all():
                        found[f"{table.name}.{column.name} in {currency}"] = amount
        return found


async def finish(source: Database, *, now: datetime) -> None:
    """From here on nobody works on the source any more."""
    async with source.engine.begin() as connection:
        await connection.execute(update(MARK).values(finished_at=now.isoformat(timespec="seconds")))


async def moved_at(database: Database) -> str | None:
    """When this database was moved away; None for one that is in use."""
    async with database.engine.execution_options(read_only=True).connect() as connection:
        if not await connection.run_sync(lambda sync: inspect(sync).has_table(MARK.name)):
            return None
        return (await connection.execute(select(MARK.c.finished_at))).scalar()


def sums(ours: Mapping[str, Decimal], theirs: Mapping[str, Decimal]) -> list[str]:
    """A line for each sum; raise CannotMove where one differs."""
    for what in sorted(ours.keys() | theirs.keys()):
        if ours.get(what) != theirs.get(what):
            raise CannotMove(f"{what} adds up to {ours.get(what)} here, and to {theirs.get(what)} there.")
    return [f"{what}: {amount:,.2f} on both sides" for what, amount in sorted(ours.items())]


def as_value(column: Column[Any], written: Any) -> Any:
    """A key, or one as it was written down, as its column takes it."""
    if isinstance(column.type, Uuid) and isinstance(written, str):
        written = UUID(written)
    return literal(written, column.type)
