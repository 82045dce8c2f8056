"""Transactions on SQLite that begin with their first statement."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, func, insert, select, update

from storage.database import Database
from storage.owned import GOES_ALONG, TO_THE_END
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


async def put_along(unscoped: Unscoped, key: str) -> None:
    statement = insert(SeenRequest).values(key=key, until_at=NOON)
    await unscoped.session.exec(statement.execution_options(**GOES_ALONG))


async def set_last(unscoped: Unscoped, key: str) -> int:
    """Change the row of this key as the last thing in a transaction; return how many there were."""
    changing = update(SeenRequest).where(col(SeenRequest.key) == key).values(until_at=NOON)
    connection = await unscoped.session.connection()
    return (await connection.execute(changing.execution_options(**TO_THE_END))).rowcount


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


async def test_who_has_nothing_to_send_yet_keeps_nobody_waiting(database: Database):
    async with database.unscoped() as first:
        async with database.unscoped() as second:
            await put(second, "b")
        await put(first, "a")
    assert await count(database) == 2


async def test_who_has_sent_something_is_waited_for(database: Database):
    async def write() -> None:
        async with database.unscoped() as second:
            await put(second, "b")

    async with database.unscoped() as first:
        await put(first, "a")
        writing = asyncio.create_task(write())
        await asyncio.sleep(0.05)
        assert not writing.done()
    await writing
    assert await count(database) == 2


async def test_what_goes_along_waits_for_the_next_and_is_seen_by_it(database: Database):
    async with database.unscoped() as unscoped:
        await put_along(unscoped, "a")
        another(database).execute("BEGIN IMMEDIATE").execute("ROLLBACK")  # it has not set out yet
        assert (await unscoped.session.exec(COUNT)).one() == 1
    assert await count(database) == 1


async def test_what_goes_along_with_nothing_goes_with_the_end(database: Database):
    async with database.unscoped() as unscoped:
        await put_along(unscoped, "a")
        await put_along(unscoped, "b")
    assert await count(database) == 2


async def along_and_away(database: Database) -> None:
    async with database.unscoped() as unscoped:
        await put_along(unscoped, "a")
        await unscoped.session.exec(COUNT)
        await put_along(unscoped, "b")
        raise ZeroDivisionError


async def test_what_goes_along_is_undone_with_the_rest(database: Database):
    with pytest.raises(ZeroDivisionError):
        await along_and_away(database)
    assert await count(database) == 0
    async with database.unscoped() as unscoped:
        await put(unscoped, "b")
    assert await count(database) == 1, "nothing of it is left waiting"


async def twice_along(database: Database, *, asked: int) -> None:
    """The second goes along with what is asked next, or with the end; that questions fail is not minded."""
    async with database.unscoped() as unscoped:
        await put(unscoped, "a")
        await put_along(unscoped, "a")
        for _ in range(asked):
            with suppress(IntegrityError):
                await unscoped.session.exec(COUNT)


@pytest.mark.parametrize("asked", [0, 1, 2])
async def test_what_goes_along_and_fails_cannot_be_passed_over(database: Database, asked: int):
    """Whoever did not mind would commit the rest without it."""
    with pytest.raises(IntegrityError):
        await twice_along(database, asked=asked)
    assert await count(database) == 0
    another(database).execute("BEGIN IMMEDIATE").execute("ROLLBACK")


async def test_with_the_last_statement_all_is_kept_at_once(database: Database):
    async with database.unscoped() as unscoped:
        await put_along(unscoped, "a")
        assert await set_last(unscoped, "a") == 1
        another(database).execute("BEGIN IMMEDIATE").execute("ROLLBACK")
        assert await count(database) == 1
    assert await count(database) == 1


async def given_up(database: Database) -> None:
    async with database.unscoped() as unscoped:
        await put_along(unscoped, "a")
        if not await set_last(unscoped, "b"):
            raise ZeroDivisionError


async def test_a_last_statement_that_changes_nothing_ends_nothing(database: Database):
    with pytest.raises(ZeroDivisionError):
        await given_up(database)
    assert await count(database) == 0
    async with database.unscoped() as unscoped:
        await put(unscoped, "a")
        assert await set_last(unscoped, "b") == 0
        await put(unscoped, "c")
    assert await count(database) == 2


async def test_after_the_last_statement_there_is_none(database: Database):
    async with database.unscoped() as unscoped:
        await put(unscoped, "a")
        await set_last(unscoped, "a")
        with pytest.raises(RuntimeError, match="last statement"):
            await put(unscoped, "b")
    async with database.unscoped() as unscoped:
        await put(unscoped, "c")
    assert await count(database) == 2
