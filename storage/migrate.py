"""`python -m storage.migrate`: bring the schema of the database at DATABASE_URL to the newest version."""

import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, event

from storage.database import begin_sqlite, driver_url, prepare_sqlite
from storage.schema import HEAD


def config(connection: Connection) -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    return settings


def migrate(url: str) -> None:
    """Upgrade to the newest schema. Two at once are safe: the second waits for the first and finds nothing to do."""
    parsed = driver_url(url)
    if parsed.get_backend_name() == "sqlite":
        Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed.set(drivername="sqlite"), connect_args={"timeout": 30})
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "begin", begin_sqlite)
    else:
        engine = create_engine(parsed)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(5061701)")
            if not is_newest(connection):  # to read all the steps takes longer than most starts
                command.upgrade(config(connection), "head")
    finally:
        engine.dispose()


def is_newest(connection: Connection) -> bool:
    """Whether this database is at the schema this program needs."""
    found = MigrationContext.configure(connection).get_current_heads()
    return found == (HEAD,)


if __name__ == "__main__":
    migrate(os.environ["DATABASE_URL"])
