"""Many rows in one statement, the same on both databases."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, repeat
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Date, Dialect, Table, Uuid
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.exact import as_day, as_hex, as_text, as_units
from storage.owned import GOES_ALONG
from storage.types import Money, UtcDateTime

OFTEN_THE_SAME = (Date, UtcDateTime)
"""Books hold few different days, so what was turned once is remembered. Amounts are not: looking up takes longer."""
REMEMBERED = 4096
ROWS_AT_ONCE = (1000, 100)
"""So many rows go in one statement on SQLite, the rest one by one."""
MOST_PARAMETERS = 32_766
"""SQLite's own limit for one statement (sqlite.org/limits.html)."""
QUICK: Mapping[type, Callable[[Any], Any]] = {Money: as_units, UtcDateTime: as_text, Date: as_day, Uuid: as_hex}
"""What the types do themselves on SQLite, without the steps between; a test holds the two to the same."""
NOTHING_SHARED: Mapping[str, Any] = MappingProxyType({})

Turn = Callable[[Any], Any] | None


class Turned(NamedTuple):
    """Rows by their columns, each value turned for SQLite's driver already (storage/exact.py)."""

    columns: Mapping[str, Sequence[Any]]

    @property
    def length(self) -> int:
        return len(next(iter(self.columns.values()), ()))


class Prepared(NamedTuple):
    """A statement as the driver takes it, its parameters' names in their order, and how to turn each for the driver.

    `many` are the same statement for a fixed number of rows at once, the largest first.
    """

    text: str
    names: tuple[str, ...]
    turn: tuple[Turn, ...]
    many: tuple[tuple[int, str], ...]


async def upsert(
    session: AsyncSession,
    model: type[SQLModel],
    rows: Sequence[dict[str, Any]] | Turned,
    *,
    update: Iterable[str],
    newer: str | None = None,
    shared: Mapping[str, Any] = NOTHING_SHARED,
) -> None:
    """Insert the rows, or update the named columns where the primary key is there already.

    All rows name the same columns, and `shared` those with one value for all. With `newer`, a stored row is only
    overwritten by one whose value in that column is not older.

    The values are turned column by column here: SQLAlchemy does it row by row, and that took longer than the database
    itself.
    """
    length = rows.length if isinstance(rows, Turned) else len(rows)
    if not length:
        return
    dialect = session.get_bind().dialect
    first = rows.columns if isinstance(rows, Turned) else rows[0]
    prepared = prepare(model.__table__, dialect, (*first, *shared), tuple(update), newer)  # type: ignore[attr-defined]
    columns: list[Iterable[Any]] = []
    for name, turn in zip(prepared.names, prepared.turn, strict=True):
        if name in shared:
            columns.append(repeat(turn(shared[name]) if turn else shared[name], length))
        elif isinstance(rows, Turned):
            columns.append(rows.columns[name])
        else:
            values = map(itemgetter(name), rows)
            columns.append(values if turn is None else map(turn, values))
    await execute(await session.connection(), prepared, list(zip(*columns, strict=True)))


async def add_once(session: AsyncSession, model: type[SQLModel], row: Mapping[str, Any]) -> None:
    """Insert a row, unless it is there already; where two do it at once, one of them does."""
    connection = await session.connection()
    await connection.execute(adding_once(connection.dialect, model), dict(row))


@lru_cache
def adding_once(dialect: Dialect, model: type[SQLModel]) -> Any:
    return insert_for(dialect)(model).on_conflict_do_nothing().execution_options(**GOES_ALONG)


def insert_for(dialect: Dialect) -> Any:
    return sqlite.insert if dialect.name == "sqlite" else postgresql.insert


async def execute(connection: AsyncConnection, prepared: Prepared, values: list[tuple[Any, ...]]) -> None:
    """Store these rows, as many at a time as the database takes well.

    PostgreSQL has executemany, which psycopg sends in one go. On SQLite that would ask for Python's lock between any
    two rows: who decodes the next page meanwhile would hold up every single row. One statement for all is as fast by
    itself, and asks for it once.
    """
    start = 0
    for count, text in prepared.many:
        while len(values) - start >= count:
            some = tuple(chain.from_iterable(values[start : start + count]))
            await connection.exec_driver_sql(text, some, execution_options=GOES_ALONG)
            start += count
    if start < len(values):
        await connection.exec_driver_sql(prepared.text, values[start:], execution_options=GOES_ALONG)


@lru_cache(maxsize=64)
def prepare(
    table: Table, dialect: Dialect, names: tuple[str, ...], update: tuple[str, ...], newer: str | None
) -> Prepared:
    statement = insert_for(dialect)(table).values(dict.fromkeys(names))
    statement = statement.on_conflict_do_update(
        index_elements=[column.name for column in table.primary_key],
        set_={name: statement.excluded[name] for name in update},
        where=None if newer is None else table.c[newer] <= statement.excluded[newer],
    )
    compiled = statement.compile(dialect=dialect)
    order = tuple(compiled.positiontup or compiled.params)
    text = str(compiled)
    if not compiled.positional:
        text = text % dict.fromkeys(order, "%s")  # psycopg takes names too, but rows are tuples here
    turn = tuple(turner(table.c[name].type, dialect) for name in order)
    return Prepared(text, order, turn, at_once(text, len(order)) if dialect.name == "sqlite" else ())


def at_once(text: str, columns: int) -> tuple[tuple[int, str], ...]:
    """The statement for several rows, each so large that SQLite still takes it."""
    row = f"({', '.join('?' * columns)})"
    assert row in text  # SQLAlchemy may put a function around a value of some odd type
    counts = [min(count, MOST_PARAMETERS // columns) for count in ROWS_AT_ONCE]
    return tuple((count, text.replace(row, ", ".join([row] * count), 1)) for count in counts)


def turner(kind: TypeEngine[Any], dialect: Dialect) -> Turn:
    """What turns a value into the driver's; None where the driver takes it as it is."""
    turn: Turn = QUICK.get(type(kind)) if dialect.name == "sqlite" else None
    turn = turn or kind.dialect_impl(dialect).bind_processor(dialect)
    if turn is None or not isinstance(kind, OFTEN_THE_SAME):
        return turn
    return lru_cache(REMEMBERED)(turn)
