"""SQLite in a thread of its own, with one trip there and back for each statement, its rows included.

As aiosqlite and SQLAlchemy do it a statement takes four: make a cursor, execute, fetch, close; and a transaction two
more, one to begin, and one to roll back what was committed already. Each wakes two threads, which takes longer than
most of our statements, and while it waits for its turn in a busy loop the file is locked.
"""

import asyncio
import sqlite3
import sys
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple, Self

import aiosqlite

CHUNK = 64
"""Rows at a time for who iterates over a cursor; aiosqlite's own number. Nobody here does."""
SHORT_TURN_SECONDS = 0.0005


def take_short_turns() -> None:
    """Have a thread that works on let others have Python's lock after half a millisecond, not five. A trip needs it
    three times; with a busy loop most of it was waiting, while the file was locked."""
    sys.setswitchinterval(SHORT_TURN_SECONDS)


class WriteTurn:
    """A place in the line of those who want to write: taken when something sets out, given back at the end. Whatever is
    got ready before keeps nobody waiting."""

    def __init__(self, line: asyncio.Lock) -> None:
        self._line = line
        self._taken = False

    async def take(self) -> None:
        if not self._taken:
            await self._line.acquire()
            self._taken = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._taken:
            self._line.release()


class Statement(NamedTuple):
    """What sqlite3's cursor does with it, its text, and its values; `to_the_end`: where it changes anything, all is
    committed right after it."""

    how: Any
    text: str
    values: Sequence[Any]
    to_the_end: bool = False


class Outcome(NamedTuple):
    description: Any = None
    rows: Sequence[Any] = ()
    rowcount: int = -1
    lastrowid: int | None = None


class Cursor:
    """The side of a cursor that SQLAlchemy asks for (sqlalchemy/connectors/asyncio.py, AsyncIODBAPICursor).

    A statement that `goes_along` tells nothing, and waits for the next that sets out.
    """

    arraysize = 1

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._came_to = Outcome()
        self.goes_along = self.to_the_end = False

    @property
    def description(self) -> Any:
        return self._came_to.description

    @property
    def rowcount(self) -> int:
        return self._came_to.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._came_to.lastrowid

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> None:
        await self._send(sqlite3.Cursor.execute, operation, parameters)

    async def executemany(self, operation: str, parameters: Sequence[Sequence[Any]]) -> None:
        await self._send(sqlite3.Cursor.executemany, operation, parameters)

    async def fetchall(self) -> Sequence[Any]:
        return self._came_to.rows

    async def close(self) -> None:
        """The real one is closed already."""

    async def _send(self, how: Any, operation: str, parameters: Sequence[Any]) -> None:
        statement = Statement(how, operation, parameters, self.to_the_end)
        if self.goes_along:
            self._connection.take_along(statement)
        else:
            self._came_to = await self._connection.send(statement)


class Connection(aiosqlite.Connection):
    """A transaction begins on the way of its first statement, and nothing is rolled back where nothing was done since
    the last one ended. What is cut off on its way may still be carried out: until an end was seen, none is taken for
    granted."""

    _begin = ""
    _turn: WriteTurn | None = None
    _at_rest = True
    _over = False
    _spoilt: sqlite3.Error | None = None
    _along: tuple[Statement, ...] = ()

    def begin(self, how: str, turn: WriteTurn | None) -> None:
        """`BEGIN`, or a kind of it; who writes has a turn to take first."""
        self._begin, self._turn = how, turn
        self._over = False

    def cursor(self) -> Cursor:  # type: ignore[override]
        return Cursor(self)

    def take_along(self, statement: Statement) -> None:
        self._along += (statement,)

    async def send(self, *statement: Statement) -> Outcome:
        """All that waits, and then this; return what came of the last."""
        if self._over:
            raise RuntimeError("this transaction was committed with its last statement")
        if self._spoilt is not None:
            raise self._spoilt  # whoever did not mind would commit what came after it, without it
        if self._turn is not None:
            await self._turn.take()
        begin, along = self._begin, self._along
        self._begin, self._along, self._at_rest = "", (), False
        return await self._execute(self._carry_out, begin, along, statement)  # type: ignore[no-untyped-call,no-any-return]

    async def commit(self) -> None:
        if self._along:
            await self.send()
        self._begin = ""
        if self._spoilt is not None:
            raise self._spoilt
        await self._end(super().commit())

    async def rollback(self) -> None:
        self._begin, self._along, self._spoilt = "", (), None
        await self._end(super().rollback())

    async def _end(self, end: Coroutine[Any, Any, None]) -> None:
        if self._at_rest:
            end.close()
            return
        await end
        self._at_rest = True

    def _carry_out(self, begin: str, along: Sequence[Statement], these: Sequence[Statement]) -> Outcome:
        """In the thread."""
        cursor = self._conn.cursor()
        try:
            if begin:
                cursor.execute(begin)
            try:
                for how, text, values, _to_the_end in along:
                    how(cursor, text, values)
            except sqlite3.Error as error:
                self._spoilt = error
                raise
            outcome = Outcome()
            for statement in these:
                outcome = self._one(cursor, statement)
            return outcome
        finally:
            cursor.close()
            # A statement that was a transaction by itself leaves nothing to commit.
            self._at_rest = not self._conn.in_transaction

    def _one(self, cursor: sqlite3.Cursor, statement: Statement) -> Outcome:
        statement.how(cursor, statement.text, statement.values)
        description = cursor.description
        rows = cursor.fetchall() if description else ()
        # Of a statement that returns rows SQLite knows only now how many it has changed.
        if statement.to_the_end and cursor.rowcount > 0:
            self._conn.commit()
            self._over = True
        return Outcome(description, rows, cursor.rowcount, cursor.lastrowid)


def connect(database: str, **how: Any) -> Connection:
    """To be given to SQLAlchemy as `async_creator_fn`."""
    made = Connection(lambda: sqlite3.connect(database, **how), CHUNK)
    made._thread.daemon = True  # as SQLAlchemy has it: a connection that is lost does not keep the process from its end
    return made
