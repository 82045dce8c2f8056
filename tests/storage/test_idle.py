"""Connections to PostgreSQL whose server has gone: noticed before they are used, unless they were used just now."""

from collections.abc import AsyncIterator, Callable

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database import driver_url, make_engine

Making = Callable[[float], AsyncEngine]


@pytest_asyncio.fixture
async def engine(migrated_postgres_url: str) -> AsyncIterator[Making]:
    """Make one whose connections are idle after so many seconds."""
    made = []

    def make(idle_seconds: float) -> AsyncEngine:
        made.append(make_engine(driver_url(migrated_postgres_url), idle_seconds=idle_seconds))
        return made[-1]

    yield make
    for each in made:
        await each.dispose()


async def backend(engine: AsyncEngine) -> int:
    """Which of the server's processes answers."""
    async with engine.connect() as connection:
        return int((await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one())


def end(url: str, backend: int) -> None:
    with psycopg.connect(url, autocommit=True) as another:
        another.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


async def test_an_idle_connection_whose_server_has_gone_is_replaced_before_it_is_used(engine, migrated_postgres_url):
    it = engine(0.0)
    before = await backend(it)
    end(migrated_postgres_url, before)
    assert await backend(it) != before


async def test_one_used_just_now_fails_once_and_the_next_is_new(engine, migrated_postgres_url):
    it = engine(60.0)
    before = await backend(it)
    end(migrated_postgres_url, before)
    with pytest.raises(OperationalError):
        await backend(it)
    assert await backend(it) != before


async def test_where_one_is_gone_all_are_looked_at_anew(engine, migrated_postgres_url):
    it = engine(60.0)
    async with it.connect() as one, it.connect() as other:
        mine = [(await each.execute(text("SELECT pg_backend_pid()"))).scalar_one() for each in (one, other)]
    for each in mine:
        end(migrated_postgres_url, each)
    with pytest.raises(OperationalError):
        await backend(it)
    async with it.connect() as one, it.connect() as other:
        for each in (one, other):
            await each.execute(text("SELECT 1"))


async def test_the_one_used_last_is_used_again(engine):
    it = engine(60.0)
    async with it.connect() as one, it.connect() as other:
        await one.execute(text("SELECT 1"))
        last = (await other.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        await one.close()
    assert [await backend(it), await backend(it)] == [last, last]
