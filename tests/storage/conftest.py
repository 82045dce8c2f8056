import shutil
from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest
import pytest_asyncio
from sqlalchemy import delete
from sqlmodel import SQLModel

from storage.database import Database


@pytest_asyncio.fixture(
    scope="session", loop_scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
async def shared_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Database]:
    """One database for all tests that work beside others' rows; several times faster than one each.

    Its tests run on the session's event loop: `pytest.mark.asyncio(loop_scope="session")`.
    """
    with ExitStack() as stack:
        if request.param == "sqlite":
            path = tmp_path_factory.mktemp("shared") / "solido.db"
            shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
            url = f"sqlite:///{path}"
        else:
            server = request.getfixturevalue("postgres_server")
            url = stack.enter_context(server.database(request.getfixturevalue("postgres_template")))
        opened = Database(url)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def empty_database(shared_database: Database) -> Database:
    """The shared one without any rows, for tests of what is asked or claimed across workspaces."""
    async with shared_database.engine.begin() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            await connection.execute(delete(table))
    return shared_database
