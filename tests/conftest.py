"""Databases for tests. Nothing here starts PostgreSQL unless a test asks for it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for PostgreSQL is marked so."""
    for item in items:
        if "postgres_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.postgres)


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


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """Of an empty database: the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
