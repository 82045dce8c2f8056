"""A whole sandbox on free ports, with its own database."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.browser import Visit
from sandbox.clock import VirtualClock
from sandbox.desk import Desk
from sandbox.slack import pings
from sandbox.world import sqlite_in
from sandbox.xero import demo_ledger
from tests.labels import shown_in

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
async def desk(whole_template: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    """Nothing connected yet, on a Monday morning; time flows."""
    shutil.copyfile(whole_template, tmp_path / "solido.db")
    desk = Desk(VirtualClock(MONDAY), sqlite_in(tmp_path), demo_ledger)
    await desk.start()
    yield desk
    await desk.stop()
    assert desk.slack.refused == [], "Slack would have refused something"
    assert shown_in(desk.slack) == []
    assert pings(desk.slack) == [], "nobody is called by surprise"


@pytest.fixture
async def connected(desk: Desk) -> Desk:
    """The same with the first organisation connected to #finance and synced."""
    async with Visit(desk) as visit:
        await visit.connect("Harbour Lane Ltd")
    assert await desk.settled() or await desk.settled()  # the machine may be busy
    return desk
