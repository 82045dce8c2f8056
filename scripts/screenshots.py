"""`make screenshots`: live through the story in a real browser and take its pictures for the README.

Needs the development requirements and a Chromium (`chromium` on the path, or CHROMIUM names one).
"""

import asyncio
import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from sandbox.clock import VirtualClock
from sandbox.desk import Desk
from sandbox.world import sqlite_in
from sandbox.xero import demo_ledger

OUT = Path(__file__).parent.parent / "docs" / "pictures"
WIDE = {"width": 1360, "height": 900}
TALL = {"width": 1360, "height": 1700}
QUARTER_HOUR = 900
LONGEST_WAIT = 4 * 24 * 5
"""Quarter hours until letters go, over any weekend."""


async def say(page: Page, text: str) -> None:
    await page.fill("#line", text)
    await page.keyboard.press("Escape")
    await page.press("#line", "Enter")
    await page.wait_for_timeout(700)


async def connect(browser: Browser, page: Page) -> None:
    await say(page, "/solido connect")
    async with page.context.expect_page() as opened:
        await page.get_by_role("link", name="Connect").last.click()
    xero = await opened.value
    await xero.wait_for_load_state()
    await xero.get_by_role("button").first.click()
    await xero.wait_for_load_state()
    await xero.screenshot(path=OUT / "consent.png")
    await xero.get_by_role("button", name="Allow access").click()
    await xero.wait_for_load_state()
    await xero.set_viewport_size({"width": 900, "height": 640})
    await xero.screenshot(path=OUT / "connect.png")
    await xero.get_by_role("button", name="Connect to").click()
    await xero.wait_for_load_state()
    await xero.screenshot(path=OUT / "connected.png")
    await xero.close()


async def letters(desk: Desk, page: Page) -> None:
    """Start reminders after a look at the plan, and read the first letter as its reader gets it."""
    await say(page, "/solido reminders")
    await page.wait_for_timeout(1500)
    await page.screenshot(path=OUT / "reminders.png")
    await page.get_by_role("button", name="Start reminders").last.click()
    await page.wait_for_timeout(2000)
    anyway = page.get_by_role("button", name="Start anyway")
    if await anyway.count():
        await anyway.last.click()
    for _ in range(LONGEST_WAIT):
        await desk.forward(QUARTER_HOUR)
        if desk.mailbox.letters:
            break
    await page.locator(".panes [data-pane=inbox]").click()
    # The one with the most to show.
    longest = max(desk.mailbox.letters, key=lambda letter: len(letter.text or ""))
    letter = page.locator("#inbox details.item").filter(has_text=longest.subject).first
    await letter.locator("summary").first.click()
    await letter.locator("iframe").scroll_into_view_if_needed()
    await page.set_viewport_size(TALL)
    await page.wait_for_timeout(1000)
    await letter.screenshot(path=OUT / "letter.png")
    await page.set_viewport_size(WIDE)


async def story(desk: Desk, browser: Browser) -> None:
    context = await browser.new_context(viewport=WIDE, timezone_id="Europe/London")
    page = await context.new_page()
    page.on("console", lambda line: print(line.text) if line.type == "error" else None)
    await page.goto(desk.page_at.url)
    await page.locator("#tour li").first.wait_for()
    await page.screenshot(path=OUT / "tour.png")
    await page.get_by_role("button", name="Hide the tour").click()
    await say(page, "/solido help")
    await page.screenshot(path=OUT / "help.png")
    await connect(browser, page)
    await desk.settled()
    await page.wait_for_timeout(1500)
    await page.screenshot(path=OUT / "channel.png")
    for _ in range(4):
        await desk.forward(QUARTER_HOUR)
    await say(page, "/solido status")
    await page.screenshot(path=OUT / "status.png")
    await letters(desk, page)
    await page.locator(".panes [data-pane=xero]").click()
    desk.xero.revoke(desk.xero.organisation("Harbour Lane Ltd"))
    for _ in range(3):
        await desk.forward(QUARTER_HOUR)
    await page.wait_for_timeout(1000)
    await page.screenshot(path=OUT / "alert.png")
    await page.locator(".panes").get_by_role("button", name="Under the hood").click()
    await page.locator("#hood details", has_text="/api.xro/").first.click()
    await page.locator("#hood .inside pre").first.wait_for()
    await page.screenshot(path=OUT / "hood.png")


async def main() -> None:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("No Chromium found: install it, or name it in CHROMIUM.")
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(VirtualClock(datetime.now(UTC)), sqlite_in(Path(folder)), demo_ledger)
        await desk.start()
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            await story(desk, browser)
            await browser.close()
        await desk.stop()


if __name__ == "__main__":
    asyncio.run(main())
