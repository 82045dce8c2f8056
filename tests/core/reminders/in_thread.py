"""SQLite without a thread and without waiting for a disk: hundreds of thousands of small transactions, one at a time.

The same SQL in the same order on the same file format; only who waits for whom is simpler than in the product.
"""

import shutil
import sqlite3
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.util.concurrency import await_

from storage.database import Database
from storage.migrate import migrate
from storage.one_trip import WriteTurn

IN_MEMORY = Path("/dev/shm")  # where Linux keeps files that are no files


class _Cursor(sqlite3.Cursor):
    server_side = False

    @property
    def _cursor(self) -> "_Cursor":
        """Where the product says what may go along with others; here each goes by itself."""
        return self

    def execute(self, *statement: Any) -> "_Cursor":
        await_(self.connection.set_out())
        super().execute(*statement)
        return self

    def executemany(self, *statement: Any) -> "_Cursor":
        await_(self.connection.set_out())
        super().executemany(*statement)
        return self

    async def _async_soft_close(self) -> None:
        """The rows are read one by one, and there is nothing to wait for."""


class _Connection(sqlite3.Connection):
    _begin = ""
    _turn: WriteTurn | None = None

    def cursor(self, factory: Any = None) -> _Cursor:  # type: ignore[override]
        return super().cursor(_Cursor)

    @property
    def driver_connection(self) -> "_Connection":
        return self

    def begin(self, how: str, turn: WriteTurn | None) -> None:
        self._begin, self._turn = how, turn

    async def set_out(self) -> None:
        """SQLAlchemy wants to be awaited at least once."""
        if self._turn is not None:
            await self._turn.take()
        begin, self._begin = self._begin, ""
        if begin:
            sqlite3.Connection.execute(self, begin)

    def terminate(self) -> None:
        self.close()


def in_this_thread(database: Database) -> Database:
    """The same database, whose connections work in the thread of the event loop and never wait for a disk."""

    def connect(_dialect: Any, _record: Any, _args: Any, _options: Any) -> sqlite3.Connection:
        return sqlite3.connect(database.url.database or "", factory=_Connection)

    def hurry(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    event.listen(database.engine.sync_engine, "do_connect", connect)
    event.listen(database.engine.sync_engine, "connect", hurry)
    return database


def a_folder() -> Path:
    """Gone with the process."""
    made = tempfile.TemporaryDirectory(prefix="solido-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None)
    _folders.append(made)
    return Path(made.name)


_folders: list[tempfile.TemporaryDirectory[str]] = []


@cache
def template() -> Path:
    """A SQLite file with all tables, to be copied: migrating anew takes ten times as long."""
    path = a_folder() / "s.db"
    migrate(f"sqlite:///{path}")
    return path


@cache
def only_one() -> Database:
    """One for all lives: what SQLAlchemy has learned about our queries is kept from one to the next."""
    return in_this_thread(Database(f"sqlite:///{a_folder()}/s.db"))


async def emptied() -> Database:
    """The one database, with all tables and no rows; whoever had it before has closed it."""
    database = only_one()
    await database.close()
    path = Path(database.url.database or "")
    for old in path.parent.iterdir():
        old.unlink()
    shutil.copyfile(template(), path)
    return database
