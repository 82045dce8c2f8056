"""A real Chromium in front of a whole sandbox. Without one the tests say so and skip; in CI that is a failure."""

import importlib.util
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from sandbox.__main__ import QUICK
from sandbox.clock import VirtualClock
from sandbox.desk import Desk
from sandbox.world import sqlite_in
from sandbox.xero import demo_ledger
from tests.labels import shown_in

expect.set_options(timeout=20_000)  # milliseconds; the machine may be busy
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAMES = ("chromium", "chromium-browser", "google-chrome")


def missing(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI looks at the page too: {what}", pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="module")
def chromium() -> str:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        missing("no Chromium: install it, or name it in CHROMIUM")
    return str(found)


@pytest.fixture
def axe() -> str:
    """The accessibility checker's own script, from a development dependency."""
    spec = importlib.util.find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        missing("no axe: install axe-playwright-python")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "axe.min.js").read_text()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """One for a file of tests: to start it takes longer than most of them."""
    desk = Desk(VirtualClock(MONDAY), sqlite_in(tmp_path_factory.mktemp("desk")), demo_ledger, patience=QUICK)
    await desk.start()
    yield desk
    await desk.stop()
    assert desk.slack.refused == [], "Slack would have refused something"
    assert shown_in(desk.slack) == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        await browser.close()


class Witness:
    """What a page must not do: complain in the console, or ask another host."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []

    def watch(self, page: Page) -> None:
        page.on("console", lambda line: line.type in ("error", "warning") and self.complaints.append(line.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in ("localhost", "127.0.0.1"):
            self.elsewhere.append(url)


@pytest.fixture
def witness() -> Iterator[Witness]:
    witness = Witness()
    yield witness
    assert witness.complaints == []
    assert witness.elsewhere == []


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, desk: Desk, witness: Witness) -> AsyncIterator[Page]:
    """The sandbox's page, on a laptop in London."""
    context = await browser.new_context(viewport={"width": 1360, "height": 900}, timezone_id="Europe/London")
    context.set_default_timeout(15_000)
    page = await context.new_page()
    witness.watch(page)
    await page.goto(desk.page_at.url)
    await page.locator("#tour li").first.wait_for()
    yield page
    await context.close()
