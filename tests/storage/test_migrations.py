"""The migrations and the models say the same, and migrating is safe at any time."""

import asyncio
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text
from sqlmodel import SQLModel

from storage.database import Database, driver_url
from storage.migrate import config, migrate
from storage.schema import HEAD, version
from tests.builders import a_workspace

ROOT = Path(__file__).resolve().parents[2]
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


def test_migrations_build_from_nothing_what_the_models_say(database_url):
    migrate(database_url)
    with opened(database_url) as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []


def test_migrations_build_the_very_indexes_of_the_models_conditions_included(database_url):
    migrate(database_url)
    with opened(database_url) as connection:
        migrated = index_definitions(connection)
        SQLModel.metadata.drop_all(connection)
        SQLModel.metadata.create_all(connection)
        assert migrated == index_definitions(connection)
        assert "state" in migrated["one_live_connection_per_tenant"]


async def test_the_newest_migration_is_the_version_this_program_needs(database_url):
    migrate(database_url)
    database = Database(database_url)
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
async def test_migrations_of_several_processes_at_once_are_safe(database_url):
    async def one() -> tuple[int | None, bytes]:
        process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "storage.migrate"],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": database_url},
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        return process.returncode, said

    assert [code for code, _ in await asyncio.gather(one(), one())] == [0, 0]
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
