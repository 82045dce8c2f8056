import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from sandbox.slack import pings
from sandbox.xero import demo_ledger
from tests.labels import shown_in
from tests.stories.play import Play, a_play


@asynccontextmanager
async def performed(database_url: str, fill, **about) -> AsyncIterator[Play]:
    """A play from curtain to curtain; at its end Slack must have refused nothing."""
    play = await a_play(database_url, fill, **about)
    try:
        yield play
    finally:
        await play.stop()
    assert play.slack.refused == [], "Slack would have refused something"
    assert shown_in(play.slack) == []
    called = {ping.whom: ping.message.text for ping in pings(play.slack)}
    assert {whom: by for whom, by in called.items() if whom not in play.to_call} == {}, "nobody is called by surprise"


@pytest.fixture
async def play(whole_template: Path, sqlite_url: str) -> AsyncIterator[Play]:
    """The demo organisations, on SQLite, on a Monday morning."""
    shutil.copyfile(whole_template, make_url(sqlite_url).database or "")
    async with performed(sqlite_url, demo_ledger) as play:
        yield play


@pytest.fixture
async def play_on_both(database_url: str) -> AsyncIterator[Play]:
    """The same on both databases."""
    async with performed(database_url, demo_ledger) as play:
        yield play
