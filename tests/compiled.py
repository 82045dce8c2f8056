"""What SQLAlchemy compiles of our statements, kept from test to test.

It keeps compiled statements by engine and dialect, and each test has its own database, so each would compile all of
them anew: a third of the time of a story. Engines of a kind share both here, and nothing else.
"""

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database import make_engine

_first: dict[str, AsyncEngine] = {}


def make_sharing_engine(url: URL, **about: int) -> AsyncEngine:
    """The product's own engine, with the dialect and the compiled statements of the first of its kind that has
    connected: until then a dialect does not know the database, and only its own engine tells it."""
    made, kind = make_engine(url, **about), url.get_backend_name()
    if kind in _first:
        first = _first[kind].sync_engine
        made.sync_engine.dialect, made.sync_engine._compiled_cache = first.dialect, first._compiled_cache
    else:
        event.listen(made.sync_engine, "connect", lambda *_about: _first.setdefault(kind, made), once=True)
    event.listen(made.sync_engine, "before_cursor_execute", ask_only)
    return made


def ask_only(connection: Connection, _cursor: Any, statement: str, *_about: Any) -> None:
    """A transaction for questions must not write: on SQLite it could not wait for its turn."""
    asks = statement.lstrip("( \n").upper().startswith(("SELECT", "WITH", "BEGIN", "PRAGMA"))
    assert asks or not connection.get_execution_options().get("read_only"), statement
