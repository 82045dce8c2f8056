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
QUARTER_HOUR = 900


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
    desk.xero.revoke(desk.xero.organisation("Harbour Lane Ltd"))
    for _ in range(3):
        await desk.forward(QUARTER_HOUR)
    await page.wait_for_timeout(1000)
    await page.screenshot(path=OUT / "alert.png")
    await page.get_by_text("Solido, Home").first.click()
    await page.get_by_role("button", name="Settings").first.wait_for()
    await page.wait_for_timeout(1000)
    await page.screenshot(path=OUT / "home.png")
    await page.locator('[data-key="finance"]').click()
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
