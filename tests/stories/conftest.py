from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

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
async def play(whole_sqlite_url: str) -> AsyncIterator[Play]:
    """The demo organisations, on SQLite, on a Monday morning."""
    async with performed(whole_sqlite_url, demo_ledger) as play:
        yield play


@pytest.fixture
async def play_on_both(whole_url: str) -> AsyncIterator[Play]:
    """The same on both databases."""
    async with performed(whole_url, demo_ledger) as play:
        yield play
