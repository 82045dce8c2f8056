"""The database and its doors.

`workspace(id)` is the only way to a workspace's rows: one piece of work, one transaction, committed on exit and rolled
back on error. `unscoped()` answers questions asked before the workspace is known.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection as DbConnection
from sqlalchemy import event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExecutionContext
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.idle import IDLE_SECONDS, look_at_idle
from storage.one_trip import Connection as OneTrip
from storage.one_trip import WriteTurn, connect
from storage.store import WorkspaceStore
from storage.unscoped import Unscoped

BUSY_TIMEOUT_SECONDS = 30
POOL_SIZE = 10
LONGEST_PAUSE_SECONDS = 6
"""In the middle of a transaction: no HTTP call lies there. Short enough for others to go on within ten seconds."""
SOON_KNOWN_TO_BE_GONE = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""libpq's own words, in seconds, the last in milliseconds: a server behind a broken line is not waited for for ever."""


class Database:
    """One SQLite file or one PostgreSQL database; `url` is a DATABASE_URL as hosts hand it out.

    `process` is who we are among the processes of the installation, once we have joined them (core/presence.py).
    """

    def __init__(self, url: str, *, pool_size: int = POOL_SIZE) -> None:
        self.url = driver_url(url)
        self.process = ""
        self.engine = make_engine(self.url, pool_size=pool_size)
        self._reader = self.engine.execution_options(read_only=True)
        self._each_alone = self.engine.execution_options(each_alone=True)
        # One writes at a time in SQLite. It has no queue for those who wait: they look again now and then, and whoever
        # is lucky comes first. Within a process this is the queue.
        self._line = asyncio.Lock()

    @property
    def embedded(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @asynccontextmanager
    async def workspace(self, workspace_id: UUID) -> AsyncIterator[WorkspaceStore]:
        """One transaction on this workspace's rows: commits on exit, rolls back on error."""
        async with self._writing() as session:
            store = WorkspaceStore(session, workspace_id, self.process)
            yield store
            await store.close()

    @asynccontextmanager
    async def reading(self, workspace_id: UUID) -> AsyncIterator[WorkspaceStore]:
        """The same door for questions only: never waits for a writer."""
        async with AsyncSession(self._reader, expire_on_commit=False) as session, session.begin():
            yield WorkspaceStore(session, workspace_id)

    @asynccontextmanager
    async def unscoped(self) -> AsyncIterator[Unscoped]:
        """One transaction for what is asked or claimed across workspaces."""
        async with self._writing() as session:
            yield Unscoped(session, self.process)

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Unscoped]:
        """The same for questions only: never waits for a writer."""
        async with AsyncSession(self._reader, expire_on_commit=False) as session, session.begin():
            yield Unscoped(session)

    @asynccontextmanager
    async def at_once(self) -> AsyncIterator[Unscoped]:
        """The same for a statement that is all there is to do: on SQLite each is a transaction of its own, so that who
        writes next need not wait until we are back from its thread."""
        async with self._writing(self._each_alone) as session:
            yield Unscoped(session, self.process)

    @asynccontextmanager
    async def _writing(self, engine: AsyncEngine | None = None) -> AsyncIterator[AsyncSession]:
        async with WriteTurn(self._line) as turn:
            mine = (engine or self.engine).execution_options(turn=turn)
            async with AsyncSession(mine, expire_on_commit=False) as session, session.begin():
                yield session

    async def ping(self) -> None:
        """Raise SQLAlchemyError when the database does not answer."""
        async with self._reader.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()


def driver_url(url: str) -> URL:
    """Return the address with our drivers in it: `postgres://` and `postgresql://` both mean psycopg."""
    parsed = make_url(url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url)
    if parsed.get_backend_name() == "sqlite":
        return parsed.set(drivername="sqlite+aiosqlite")
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise ValueError("DATABASE_URL must begin with sqlite:/// or postgresql://")


def make_engine(url: URL, *, pool_size: int = POOL_SIZE, idle_seconds: float = IDLE_SECONDS) -> AsyncEngine:
    # Errors must not quote the values of rows: names, amounts, sealed tokens.
    common: dict[str, Any] = {"pool_size": pool_size, "hide_parameters": True}
    if url.get_backend_name() != "sqlite":
        # Last in, first out: so few connections as are needed stay in use, and those are not idle.
        common |= {"max_overflow": pool_size, "pool_use_lifo": True}
        engine = create_async_engine(url, connect_args=dict(SOON_KNOWN_TO_BE_GONE), **common)
        event.listen(engine.sync_engine, "connect", prepare_postgres)
        look_at_idle(engine, after=idle_seconds)
        return engine
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "async_creator_fn": connect}, **common
    )
    event.listen(engine.sync_engine, "connect", prepare_sqlite)
    event.listen(engine.sync_engine, "begin", begin_soon)
    event.listen(engine.sync_engine, "before_cursor_execute", on_its_way)
    return engine


def prepare_postgres(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """A process that is frozen in the middle of a transaction must not keep others from its rows for long."""
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = {LONGEST_PAUSE_SECONDS * 1000}")
    cursor.close()
    connection.commit()


def prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """Readers beside a writer (WAL), real foreign keys, and transactions that begin when we say so."""
    connection.isolation_level = None  # sqlite3's own attribute: no implicit BEGIN
    cursor = connection.cursor()
    write_ahead(cursor)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def write_ahead(cursor: DBAPICursor) -> None:
    """Put the file into WAL mode. While another process is doing the same SQLite refuses at once, without waiting."""
    for last_try in (False, False, False, True):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if last_try:
                raise
            cursor.execute("BEGIN IMMEDIATE")  # this does wait
            cursor.execute("ROLLBACK")
        else:
            return


def begin_sqlite(connection: DbConnection) -> None:
    connection.exec_driver_sql(beginning(connection))


def begin_soon(connection: DbConnection) -> None:
    """The same with the first statement."""
    ours: OneTrip = connection.connection.driver_connection  # type: ignore[assignment]
    ours.begin(beginning(connection), connection.get_execution_options().get("turn"))


def on_its_way(
    _connection: DbConnection, cursor: Any, _text: str, _values: object, context: ExecutionContext, _many: object
) -> None:
    """Tell SQLite's cursor what a statement allows (storage/owned.py)."""
    how = context.execution_options
    cursor._cursor.goes_along = how.get("goes_along", False)
    cursor._cursor.to_the_end = how.get("to_the_end", False)


def beginning(connection: DbConnection) -> str:
    """Take the write lock at the start: a transaction that reads first and writes later could not wait for it."""
    how = connection.get_execution_options()
    if how.get("each_alone", False):
        return ""
    return "BEGIN" if how.get("read_only", False) else "BEGIN IMMEDIATE"
