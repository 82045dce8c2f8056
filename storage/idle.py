"""A connection to PostgreSQL that lay idle is looked at before it is used; one that was just used is not.

SQLAlchemy's own `pool_pre_ping` looks every time, a trip to the server and back for each transaction. Where the server
went away within the moment, the first transaction fails, as it would if it went a moment later; then all connections
are made anew.
"""

from time import monotonic

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

IDLE_SECONDS = 1.0
USED_AT = "used_at"


def look_at_idle(engine: AsyncEngine, *, after: float = IDLE_SECONDS) -> None:
    """Have connections that nobody used for `after` seconds looked at; all are replaced where one is gone."""
    dialect = engine.dialect

    def returned(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info[USED_AT] = monotonic()

    def taken(connection: DBAPIConnection, record: ConnectionPoolEntry, _lent: PoolProxiedConnection) -> None:
        used_at = record.info.pop(USED_AT, None)  # nothing where it was only just made
        if used_at is None or monotonic() - used_at < after:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            if not dialect.is_disconnect(error, connection, None):
                raise
            raise InvalidatePoolError from error

    event.listen(engine.sync_engine, "checkin", returned)
    event.listen(engine.sync_engine, "checkout", taken)
