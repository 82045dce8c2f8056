"""The migrations and the models say the same, and migrating is safe at any time."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, insert, inspect, select, text, update
from sqlmodel import SQLModel

from core.vault import new_key
from storage import moving
from storage.database import Database, driver_url
from storage.migrate import CannotHold, config, migrate
from storage.moving import weight
from storage.schema import HEAD, version
from tests.builders import NOW, a_workspace
from tests.postgres import with_database
from tests.processes.forking import forked
from tests.storage.test_moving import everything

BEFORE = "0008"
"""The schema of the release before this one."""
INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
}


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    """A plain connection in one transaction."""
    address = driver_url(url)
    engine = create_engine(address.set(drivername="sqlite") if address.get_backend_name() == "sqlite" else address)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def tables(url: str) -> set[str]:
    with opened(url) as connection:
        return set(inspect(connection).get_table_names())


def index_definitions(connection: Connection) -> dict[str, str]:
    found = connection.execute(text(INDEXES[connection.dialect.name]))
    return {name: " ".join(sql.split()) for name, sql in found if name != "alembic_version_pkc"}


def test_migrations_build_from_nothing_what_the_models_say(migrated_url):
    with opened(migrated_url) as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []


def test_migrations_build_the_very_indexes_of_the_models_conditions_included(migrated_url):
    with opened(migrated_url) as connection:
        migrated = index_definitions(connection)
        SQLModel.metadata.drop_all(connection)
        SQLModel.metadata.create_all(connection)
        assert migrated == index_definitions(connection)
        assert "state" in migrated["one_live_connection_per_tenant"]


async def test_the_newest_migration_is_the_version_this_program_needs(migrated_url):
    database = Database(migrated_url)
    assert await version(database.engine) == HEAD
    await database.close()


def test_migrations_form_one_line_that_ends_at_head(database_url):
    with opened(database_url) as connection:
        assert ScriptDirectory.from_config(config(connection)).get_heads() == [HEAD]


async def test_a_database_before_its_first_migration_has_no_version(database_url):
    database = Database(database_url)
    assert await version(database.engine) is None
    await database.close()


async def test_a_second_migration_leaves_the_rows_alone(database_url):
    migrate(database_url)
    database = Database(database_url)
    workspace_id = await a_workspace(database)
    migrate(database_url)
    async with database.reading(workspace_id) as store:
        assert (await store.about.get()).id == workspace_id
    await database.close()


@pytest.mark.slow
async def test_migrations_of_several_processes_at_once_are_safe(database_url, tmp_path):
    settings = {"DATABASE_URL": database_url}
    both = [await forked("migrate", settings=settings, folder=tmp_path) for _ in range(2)]
    assert [await one.ended() for one in both] == [0, 0]
    with opened(database_url) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).all() == [(HEAD,)]


def test_a_migration_waits_for_another_that_has_only_just_made_the_file(sqlite_url):
    path = sqlite_url.removeprefix("sqlite:///")
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE first (id INTEGER)")

    def finish() -> None:
        other.execute("COMMIT")
        other.close()

    timer = threading.Timer(0.2, finish)
    timer.start()
    migrate(sqlite_url)
    timer.join()
    assert {"first", "invoice"} <= tables(sqlite_url)


def to_version(url: str, version: str) -> None:
    """Migrate only so far."""
    address = driver_url(url)
    engine = create_engine(address.set(drivername="sqlite") if address.get_backend_name() == "sqlite" else address)
    with engine.begin() as connection:
        command.upgrade(config(connection), version)
    engine.dispose()


async def contents(database: Database, columns: dict[str, list[str]]) -> dict[str, list[int]]:
    """What stands in these columns of each table, in no order."""
    found = {}
    async with database.engine.connect() as connection:
        for name, wanted in columns.items():
            table = SQLModel.metadata.tables[name]
            rows = (await connection.execute(select(*(table.c[column] for column in wanted)))).all()
            found[name] = sorted(weight(row) for row in rows)
    return found


async def test_the_database_of_the_release_before_is_upgraded_with_everything_in_it(
    database_url, migrated_sqlite_url_beside
):
    """A row of every kind, as today's program makes it, is put into yesterday's tables as far as they have columns."""
    to_version(database_url, BEFORE)
    with opened(database_url) as connection:
        there = inspect(connection)
        columns = {
            name: [column["name"] for column in there.get_columns(name)]
            for name in there.get_table_names()
            if name in SQLModel.metadata.tables
        }
    made, old = Database(migrated_sqlite_url_beside), Database(database_url)
    await everything(made)
    before = await contents(made, columns)
    async with made.engine.connect() as reading, old.engine.begin() as writing:
        for table in (t for t in moving.tables() if t.name in columns):
            for row in (await reading.execute(select(table))).all():
                values = {name: value for name, value in row._mapping.items() if name in columns[table.name]}
                served_by = values.pop("served_by", None)
                await writing.execute(insert(table).values(values))
                if served_by:
                    await writing.execute(update(table).where(table.c.id == row.id).values(served_by=served_by))
    migrate(database_url)
    assert await contents(old, columns) == before
    assert all(before.values()), "a row of every kind"
    async with old.unscoped() as unscoped:
        [waiting] = await unscoped.due.messages(now=NOW, limit=9)
        assert await unscoped.within(waiting.workspace_id).outbox.claim(waiting.id, now=NOW, until=NOW)
    await made.close()
    await old.close()


@pytest.fixture
def migrated_sqlite_url_beside(sqlite_template, tmp_path):
    path = tmp_path / "beside.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


async def test_an_older_program_refuses_a_newer_database_in_words(database_url, tmp_path):
    migrate(database_url)
    with opened(database_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    settings = {
        "DATABASE_URL": database_url,
        "SLACK_SIGNING_SECRET": "s",
        "SLACK_BOT_TOKEN": "xoxb-1",
        "XERO_CLIENT_ID": "id",
        "XERO_CLIENT_SECRET": "secret",
        "SOLIDO_SECRET_KEYS": new_key(),
    }
    asked = "serve" if database_url.startswith("sqlite") else "worker"  # `serve` on SQLite migrates first
    process = await forked("solido", asked, settings=settings, folder=tmp_path)
    assert await process.ended() == 1
    assert "newer Solido (version 9999" in process.said()
    assert "Traceback" not in process.said()


def test_migrations_can_be_undone_and_done_again(database_url):
    migrate(database_url)
    with opened(database_url) as connection:
        command.downgrade(config(connection), "base")
    assert tables(database_url) == {"alembic_version"}
    migrate(database_url)
    assert tables(database_url) == {"alembic_version", *SQLModel.metadata.tables}


def test_a_migration_that_fails_leaves_the_database_as_it_was(database_url):
    with opened(database_url) as connection:
        connection.execute(text("CREATE TABLE sync_run (id INTEGER)"))  # in the way of one of the last steps
    with pytest.raises(Exception, match="already exists"):
        migrate(database_url)
    assert tables(database_url) == {"sync_run"}


def test_a_sqlite_file_is_made_for_its_owner_only(sqlite_url):
    migrate(sqlite_url)
    assert Path(driver_url(sqlite_url).database or "").stat().st_mode & 0o777 == 0o600


def test_a_database_that_cannot_hold_every_name_is_refused_in_words(postgres_url):
    other = f"{driver_url(postgres_url).database}_ascii"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {other} ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'")
    with pytest.raises(CannotHold, match="keeps text as SQL_ASCII, and Solido needs UTF8"):
        migrate(with_database(postgres_url, other))
