"""SQLite in a thread of its own, with one trip there and back for each statement, its rows included.

As aiosqlite and SQLAlchemy do it a statement takes four: make a cursor, execute, fetch, close; and a transaction two
more, one to begin, and one to roll back what was committed already. Each wakes two threads, which takes longer than
most of our statements, and while it waits for its turn in a busy loop the file is locked.
"""

import sqlite3
import sys
from collections.abc import Coroutine, Sequence
from typing import Any, Self

import aiosqlite

CHUNK = 64
"""Rows at a time for who iterates over a cursor; aiosqlite's own number. Nobody here does."""
SHORT_TURN_SECONDS = 0.0005


def take_short_turns() -> None:
    """Have a thread that works on let others have Python's lock after half a millisecond, not five. A trip needs it
    three times; with a busy loop most of it was waiting, while the file was locked."""
    sys.setswitchinterval(SHORT_TURN_SECONDS)


class Cursor:
    """The side of a cursor that SQLAlchemy asks for (sqlalchemy/connectors/asyncio.py, AsyncIODBAPICursor)."""

    arraysize = 1

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        await self._trip(sqlite3.Cursor.execute, operation, parameters)

    async def executemany(self, operation: str, parameters: Sequence[Sequence[Any]]) -> None:
        await self._trip(sqlite3.Cursor.executemany, operation, parameters)

    async def fetchall(self) -> Sequence[Any]:
        return self._rows

    async def close(self) -> None:
        """The real one is closed already."""

    async def _trip(self, how: Any, operation: str, parameters: Sequence[Any]) -> None:
        begin = self._connection.leave()
        await self._connection._execute(self._run, begin, how, operation, parameters)  # type: ignore[no-untyped-call]

    def _run(self, begin: str, how: Any, operation: str, parameters: Sequence[Any]) -> None:
        cursor = self._connection._conn.cursor()
        try:
            if begin:
                cursor.execute(begin)
            how(cursor, operation, parameters)
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            # Of a statement that returns rows SQLite knows only now how many it has changed.
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()
            self._connection.arrive()


class Connection(aiosqlite.Connection):
    """A transaction begins on the way of its first statement, and nothing is rolled back where nothing was done since
    the last one ended. What is cut off on its way may still be carried out: until an end was seen, none is taken for
    granted."""

    _begin = ""
    _at_rest = True

    def begin(self, how: str) -> None:
        """`BEGIN`, or a kind of it."""
        self._begin = how

    def leave(self) -> str:
        """A statement sets out; return what has to go before it."""
        begin, self._begin, self._at_rest = self._begin, "", False
        return begin

    def arrive(self) -> None:
        """It is over, in the thread; one that was a transaction by itself leaves nothing to commit."""
        self._at_rest = not self._conn.in_transaction

    def cursor(self) -> Cursor:  # type: ignore[override]
        return Cursor(self)

    async def commit(self) -> None:
        self._begin = ""
        await self._end(super().commit())

    async def rollback(self) -> None:
        self._begin = ""
        await self._end(super().rollback())

    async def _end(self, end: Coroutine[Any, Any, None]) -> None:
        if self._at_rest:
            end.close()
            return
        await end
        self._at_rest = True


def connect(database: str, **how: Any) -> Connection:
    """To be given to SQLAlchemy as `async_creator_fn`."""
    made = Connection(lambda: sqlite3.connect(database, **how), CHUNK)
    made._thread.daemon = True  # as SQLAlchemy has it: a connection that is lost does not keep the process from its end
    return made
