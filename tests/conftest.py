"""Databases for tests. Nothing here starts PostgreSQL unless a test asks for it."""

import logging
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import make_url

from core.engine import prepare
from storage.database import Database, driver_url
from storage.migrate import migrate
from tests import postgres
from tests.compiled import make_sharing_engine

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A third of their time tests wait: for processes, browsers, each other's clocks."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return -(-cores * 3 // 2)


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for PostgreSQL is marked so."""
    for item in items:
        if "postgres_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.postgres)


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Databases of a kind share what SQLAlchemy compiled; see tests/compiled.py."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("storage.database.make_engine", make_sharing_engine)
        yield


@pytest.fixture(scope="session", autouse=True)
def plain_tracebacks() -> None:
    """As in production. By itself structlog lays out every local of every frame: seconds on the loop of a test."""
    *before, _ = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*before, renderer])


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A program that runs within a test sets up logging for its own output, which is closed when it ends."""
    before, handlers = structlog.get_config(), logging.root.handlers[:]
    yield
    structlog.configure(**before)
    for added in [each for each in logging.root.handlers if each not in handlers]:
        logging.root.removeHandler(added)


@pytest.fixture(scope="session")
def postgres_server() -> postgres.Server:
    """One throw-away server for each test process; see tests/postgres.py."""
    try:
        return postgres.start()
    except postgres.PostgresMissing as exc:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI tests PostgreSQL too: {exc}", pytrace=False)
        pytest.skip(f"no PostgreSQL: {exc}")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path}/solido.db"


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> Iterator[str]:
    """Of an empty PostgreSQL database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> str:
    """Of an empty database: the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema, to be copied: migrating anew takes ten times as long."""
    path = tmp_path_factory.mktemp("template") / "solido.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def whole_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the engine's own tables in it, as a whole product has them."""
    path = tmp_path_factory.mktemp("whole") / "solido.db"
    shutil.copyfile(sqlite_template, path)
    prepare(driver_url(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: postgres.Server) -> Iterator[str]:
    """The name of a PostgreSQL database with the newest schema, to be copied."""
    with postgres_server.database() as url:
        migrate(url)
        yield make_url(url).database or ""


@pytest.fixture(scope="session")
def whole_postgres_template(postgres_server: postgres.Server, postgres_template: str) -> Iterator[str]:
    """The name of one with the engine's own tables too."""
    with postgres_server.database(postgres_template) as url:
        prepare(driver_url(url))
        yield make_url(url).database or ""


@pytest.fixture
def migrated_sqlite_url(sqlite_template: Path, sqlite_url: str) -> str:
    """Of a SQLite file with all tables and no rows."""
    shutil.copyfile(sqlite_template, make_url(sqlite_url).database or "")
    return sqlite_url


@pytest.fixture
def migrated_postgres_url(postgres_server: postgres.Server, postgres_template: str) -> Iterator[str]:
    """Of a PostgreSQL database with all tables and no rows."""
    with postgres_server.database(postgres_template) as url:
        yield url


@pytest.fixture(params=BOTH)
def migrated_url(request: pytest.FixtureRequest) -> str:
    """Of a database with all tables and no rows: the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"migrated_{request.param}_url")
    return url


@pytest.fixture
def whole_sqlite_url(whole_template: Path, sqlite_url: str) -> str:
    """Of a SQLite file as a product leaves it that was started and stopped."""
    shutil.copyfile(whole_template, make_url(sqlite_url).database or "")
    return sqlite_url


@pytest.fixture
def whole_postgres_url(postgres_server: postgres.Server, whole_postgres_template: str) -> Iterator[str]:
    """Of such a PostgreSQL database."""
    with postgres_server.database(whole_postgres_template) as url:
        yield url


@pytest.fixture(params=BOTH)
def whole_url(request: pytest.FixtureRequest) -> str:
    """Of such a database: the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"whole_{request.param}_url")
    return url


@pytest.fixture
async def database(migrated_url: str) -> AsyncIterator[Database]:
    """The product's door to such a database."""
    opened = Database(migrated_url)
    yield opened
    await opened.close()
