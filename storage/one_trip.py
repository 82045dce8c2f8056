"""SQLite in a thread of its own, with one trip there and back for each statement, its rows included.

As aiosqlite and SQLAlchemy do it a statement takes four: make a cursor, execute, fetch, close. Each wakes two threads,
which takes longer than most of our statements.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any, Self

import aiosqlite

CHUNK = 64
"""Rows at a time for who iterates over a cursor; aiosqlite's own number. Nobody here does."""


class Cursor:
    """The side of a cursor that SQLAlchemy asks for (sqlalchemy/connectors/asyncio.py, AsyncIODBAPICursor)."""

    arraysize = 1

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        await self._connection._execute(self._run, sqlite3.Cursor.execute, operation, parameters)  # type: ignore[no-untyped-call]

    async def executemany(self, operation: str, parameters: Sequence[Sequence[Any]]) -> None:
        await self._connection._execute(self._run, sqlite3.Cursor.executemany, operation, parameters)  # type: ignore[no-untyped-call]

    async def fetchall(self) -> Sequence[Any]:
        return self._rows

    async def close(self) -> None:
        """The real one is closed already."""

    def _run(self, how: Any, operation: str, parameters: Sequence[Any]) -> None:
        cursor = self._connection._conn.cursor()
        try:
            how(cursor, operation, parameters)
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            # Of a statement that returns rows SQLite knows only now how many it has changed.
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()


class Connection(aiosqlite.Connection):
    def cursor(self) -> Cursor:  # type: ignore[override]
        return Cursor(self)


def connect(database: str, **how: Any) -> Connection:
    """To be given to SQLAlchemy as `async_creator_fn`."""
    made = Connection(lambda: sqlite3.connect(database, **how), CHUNK)
    made._thread.daemon = True  # as SQLAlchemy has it: a connection that is lost does not keep the process from its end
    return made
