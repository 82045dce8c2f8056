from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, settings

from sandbox.xero import Organisation
from tests.core.house import House, open_house

# How fast a busy machine is says nothing about the product.
settings.register_profile("core", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("core")


@pytest.fixture
async def house(migrated_url: str) -> AsyncIterator[House]:
    """On both databases."""
    async with open_house(migrated_url) as opened:
        yield opened


@pytest.fixture
async def cottage(migrated_sqlite_url: str) -> AsyncIterator[House]:
    """On SQLite only: for promises that no database can break."""
    async with open_house(migrated_sqlite_url) as opened:
        yield opened


@pytest.fixture
def acme(request: pytest.FixtureRequest) -> Organisation:
    """An organisation in whichever house the test is in."""
    name = "house" if "house" in request.fixturenames else "cottage"
    opened: House = request.getfixturevalue(name)
    return opened.xero.add_organisation("Acme", base_currency="EUR", timezone="WEUROPESTANDARDTIME")
