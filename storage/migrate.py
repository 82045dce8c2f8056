"""`python -m storage.migrate`: bring the schema of the database at DATABASE_URL to the newest version."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import OperationalError

from storage.database import begin_sqlite, driver_url, prepare_sqlite
from storage.schema import HEAD


class NewerSchema(Exception):
    """The database has been used by a newer program."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"The database was made by a newer Solido (version {found}; this one knows {HEAD}). "
            "Start the newer program again."
        )


class CannotHold(Exception):
    """The database is of a kind that could not keep everything; the message says what to do."""


def config(connection: Connection) -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    return settings


def migrate(url: str) -> None:
    """Upgrade to the newest schema. Two at once are safe: the second waits for the first and finds nothing to do."""
    parsed = driver_url(url)
    if parsed.get_backend_name() == "sqlite":
        make_file(Path(parsed.database or ""))
        engine = create_engine(parsed.set(drivername="sqlite"), connect_args={"timeout": 30})
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "begin", begin_sqlite)
    else:
        # Said here, since a server that keeps bytes would have psycopg give back bytes.
        engine = create_engine(parsed, connect_args={"client_encoding": "utf8"})
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                check_encoding(connection)
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(5061701)")
            if not is_newest(connection):  # to read all the steps takes longer than most starts
                refuse_newer(connection)
                command.upgrade(config(connection), "head")
    finally:
        engine.dispose()


def make_file(path: Path) -> None:
    """A SQLite file that only its owner reads, as invoices and names are not sealed; nothing where it is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def check_encoding(connection: Connection) -> None:
    """Raise CannotHold for a PostgreSQL database that cannot keep every name there is."""
    found = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if found != "UTF8":
        raise CannotHold(
            f"The database keeps text as {found}, and Solido needs UTF8. "
            "Make another one: createdb --encoding=UTF8 --template=template0 solido"
        )


def is_newest(connection: Connection) -> bool:
    """Whether this database is at the schema this program needs."""
    return version_of(connection) == HEAD


def refuse_newer(connection: Connection) -> None:
    """Raise NewerSchema for a version that this program has never heard of."""
    found = version_of(connection)
    known = {each.revision for each in ScriptDirectory.from_config(config(connection)).walk_revisions()}
    if found is not None and found not in known:
        raise NewerSchema(found)


def version_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def main() -> None:
    try:
        migrate(os.environ["DATABASE_URL"])
    except (NewerSchema, CannotHold) as why:
        sys.exit(str(why))
    except OperationalError as error:  # without its traceback, which people would take for a fault of Solido's
        sys.exit(f"The database at DATABASE_URL does not answer: {str(error.orig).strip()}")
    except OSError as error:
        sys.exit(f"The folder of the database cannot be written: {error.strerror} ({error.filename}).")


if __name__ == "__main__":
    main()
