"""Transactions on SQLite that begin with their first statement."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import func, insert, select

from storage.database import Database
from storage.slack_models import SeenRequest
from storage.unscoped import Unscoped

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
COUNT = select(func.count()).select_from(SeenRequest)


@pytest.fixture
async def database(migrated_sqlite_url: str) -> AsyncIterator[Database]:
    it = Database(migrated_sqlite_url)
    yield it
    await it.close()


def another(database: Database) -> sqlite3.Connection:
    return sqlite3.connect(database.url.database or "", timeout=0, isolation_level=None)


async def put(unscoped: Unscoped, key: str) -> None:
    await unscoped.session.exec(insert(SeenRequest).values(key=key, until_at=NOON))


async def twice(database: Database) -> None:
    async with database.unscoped() as unscoped:
        await put(unscoped, "a")
        await put(unscoped, "a")


async def twice_at_once(database: Database) -> None:
    async with database.at_once() as unscoped:
        await put(unscoped, "a")
        await put(unscoped, "a")


async def count(database: Database) -> int:
    async with database.asking() as unscoped:
        return int((await unscoped.session.exec(COUNT)).one())


async def test_a_transaction_that_asks_nothing_keeps_nobody_from_writing(database: Database):
    async with database.unscoped():
        another(database).execute("BEGIN IMMEDIATE").execute("ROLLBACK")
    assert await count(database) == 0


async def test_the_first_statement_has_the_file_to_itself_even_if_it_only_asks(database: Database):
    async with database.unscoped() as unscoped:
        await unscoped.session.exec(COUNT)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            another(database).execute("BEGIN IMMEDIATE")
        await put(unscoped, "a")
    assert await count(database) == 1


async def test_what_failed_is_rolled_back_whole(database: Database):
    with pytest.raises(IntegrityError):
        await twice(database)
    assert await count(database) == 0
    another(database).execute("BEGIN IMMEDIATE").execute("ROLLBACK")


async def test_a_savepoint_as_the_first_word_is_within_the_transaction(database: Database):
    async with database.unscoped() as unscoped:
        async with unscoped.session.begin_nested():
            await put(unscoped, "a")
        assert await count(database) == 0, "nothing is to be seen before the end"
    assert await count(database) == 1


async def test_whoever_is_cut_off_while_waiting_for_the_file_leaves_it_free(database: Database):
    async def write() -> None:
        async with database.unscoped() as unscoped:
            await put(unscoped, "a")

    other = another(database)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(3):
        writing = asyncio.create_task(write())
        await asyncio.sleep(0.05)
        writing.cancel()
        await asyncio.sleep(0.05)
        other.execute("ROLLBACK")
        await asyncio.wait([writing])
        assert writing.cancelled()
        assert await count(database) == 0
        other.execute("BEGIN IMMEDIATE")
    other.execute("ROLLBACK")
    await write()
    assert await count(database) == 1


async def test_a_statement_that_is_all_there_is_to_do_is_kept_at_once(database: Database):
    async with database.at_once() as unscoped:
        await put(unscoped, "a")
        another(database).execute("BEGIN IMMEDIATE").execute("ROLLBACK")  # nobody has to wait for our end
        assert await count(database) == 1
    assert await count(database) == 1


async def test_of_statements_that_are_each_a_transaction_one_that_fails_undoes_no_other(database: Database):
    with pytest.raises(IntegrityError):
        await twice_at_once(database)
    assert await count(database) == 1
    async with database.unscoped() as unscoped:
        await put(unscoped, "b")
    assert await count(database) == 2
