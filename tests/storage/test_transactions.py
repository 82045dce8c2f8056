"""One piece of work is one transaction, and reading never waits."""

import asyncio

import pytest

from storage.database import Database, driver_url
from tests.builders import NOW, a_connection, a_workspace, an_invoice_row

beside_others = pytest.mark.asyncio(loop_scope="session")

PATIENCE = 5  # seconds: far less than SQLite would wait for a lock


async def failures(database, connection):
    async with database.reading(connection.workspace_id) as store:
        return (await store.connections.get(connection.id)).failures


@beside_others
async def test_work_that_fails_leaves_nothing_behind(shared_database):
    connection = await a_connection(shared_database, await a_workspace(shared_database))

    async def fails() -> None:
        async with shared_database.workspace(connection.workspace_id) as store:
            (await store.connections.get(connection.id)).failures = 9
            await store.invoices.put([an_invoice_row(connection.id)])
            await store.outbox.tell("card", "{}", now=NOW)
            await store.session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    async with shared_database.reading(connection.workspace_id) as store:
        assert (await store.connections.get(connection.id)).failures == 0
        assert await store.invoices.outstanding() == []
        assert await store.outbox.get("card") is None


@beside_others
async def test_work_across_workspaces_that_fails_leaves_nothing_behind(shared_database):
    first, second = await a_workspace(shared_database), await a_workspace(shared_database)

    async def fails() -> None:
        async with shared_database.unscoped() as unscoped:
            for workspace_id in (first, second):
                unscoped.within(workspace_id).audit.add("U1", "did", at=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    for workspace_id in (first, second):
        async with shared_database.reading(workspace_id) as store:
            assert await store.audit.latest(1) == []


@beside_others
async def test_work_that_is_cancelled_leaves_nothing_behind(shared_database):
    workspace_id = await a_workspace(shared_database)
    written = asyncio.Event()

    async def work() -> None:
        async with shared_database.workspace(workspace_id) as store:
            await store.outbox.tell("card", "{}", now=NOW)
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await written.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with shared_database.reading(workspace_id) as store:
        assert await store.outbox.get("card") is None


@beside_others
async def test_a_reader_does_not_wait_for_a_writer_and_sees_what_was_before(shared_database):
    connection = await a_connection(shared_database, await a_workspace(shared_database))
    async with shared_database.workspace(connection.workspace_id) as store:
        (await store.connections.get(connection.id)).failures = 9
        await store.session.flush()
        assert await asyncio.wait_for(failures(shared_database, connection), PATIENCE) == 0
    assert await failures(shared_database, connection) == 9


@beside_others
async def test_the_database_answers_while_somebody_writes(shared_database):
    async with shared_database.workspace(await a_workspace(shared_database)) as store:
        await store.outbox.tell("card", "{}", now=NOW)
        await asyncio.wait_for(shared_database.ping(), PATIENCE)


@beside_others
async def test_a_writer_does_not_wait_for_a_reader(shared_database):
    connection = await a_connection(shared_database, await a_workspace(shared_database))

    async def change() -> None:
        async with shared_database.workspace(connection.workspace_id) as store:
            (await store.connections.get(connection.id)).failures = 9

    async with shared_database.reading(connection.workspace_id) as store:
        await store.connections.get(connection.id)
        await asyncio.wait_for(change(), PATIENCE)
    assert await failures(shared_database, connection) == 9


async def test_on_sqlite_writers_that_read_first_take_turns(migrated_sqlite_url):
    database = Database(migrated_sqlite_url)
    connection = await a_connection(database, await a_workspace(database))

    async def count() -> None:
        async with database.workspace(connection.workspace_id) as store:
            (await store.connections.get(connection.id)).failures += 1

    await asyncio.gather(*(count() for _ in range(10)))
    assert await failures(database, connection) == 10
    await database.close()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_addresses_of_postgresql_are_taken_as_hosts_hand_them_out(scheme):
    url = driver_url(f"{scheme}://solido:p%40ss@db.example:5432/books?sslmode=require")
    assert (url.drivername, url.password, url.database) == ("postgresql+psycopg", "p@ss", "books")
    assert url.query == {"sslmode": "require"}


def test_an_address_of_another_kind_is_refused_in_words():
    with pytest.raises(ValueError, match="must begin with sqlite:/// or postgresql://"):
        driver_url("mysql://localhost/books")


async def test_the_folder_of_a_sqlite_file_is_made(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/new/folder/solido.db")
    await database.ping()
    await database.close()
    assert (tmp_path / "new/folder/solido.db").exists()
