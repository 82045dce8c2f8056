"""`make screenshots`: live through the story in a real browser and take its pictures for the README.

Needs the development requirements and a Chromium (`chromium` on the path, or CHROMIUM names one).
"""

import asyncio
import os
import re
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
NARROW = {"width": 390, "height": 800}
TALL = {"width": 1360, "height": 1700}
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""The same day each time, so that pictures change only when the page does."""
QUARTER_HOUR, A_DAY = 900, 86_400


async def say(page: Page, text: str) -> None:
    await page.fill("#line", text)
    await page.keyboard.press("Escape")
    await page.press("#line", "Enter")
    await page.wait_for_timeout(700)


async def connect(browser: Browser, page: Page) -> None:
    await say(page, "/solido connect")
    await through_xero(page, pictures=True)


async def through_xero(page: Page, *, pictures: bool = False) -> None:
    """Press Connect, allow access, confirm where that is asked."""

    async def picture(name: str) -> None:
        if pictures:
            await xero.screenshot(path=OUT / name)

    async with page.context.expect_page() as opened:
        await page.locator("#messages a", has_text="Connect Xero").last.click()
    xero = await opened.value
    await xero.wait_for_load_state()
    await xero.get_by_role("button").first.click()
    await xero.wait_for_load_state()
    await picture("consent.png")
    await xero.get_by_role("button", name="Allow access").click()
    await xero.wait_for_load_state()
    await xero.set_viewport_size({"width": 900, "height": 640})
    confirm = xero.get_by_role("button", name="Connect to")
    if await confirm.is_visible():
        await picture("connect.png")
        await confirm.click()
        await xero.wait_for_load_state()
    await picture("connected.png")
    await xero.close()


async def letter(desk: Desk, page: Page) -> None:
    """The letter with the most to show, as its reader gets it."""
    longest = max(desk.mailbox.letters, key=lambda letter: len(letter.text or ""))
    shown = page.locator("#inbox details.item").filter(has_text=longest.subject).first
    await shown.locator("summary").first.click()
    await shown.locator("iframe").scroll_into_view_if_needed()
    await page.set_viewport_size(TALL)
    await page.wait_for_timeout(1000)
    await shown.screenshot(path=OUT / "letter.png")
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
    await page.locator(".panes [data-pane=xero]").click()
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
    await reminders(desk, page)
    await context.close()


async def reminders(desk: Desk, page: Page) -> None:
    """Somebody has paid, Xero is connected again, and a day later letters went out."""
    await page.locator(".panes").get_by_role("button", name="Xero").click()
    await page.locator("#invoices").get_by_role("button", name=re.compile("^Pay invoice")).first.click()
    await page.locator("#messages").get_by_role("button", name="Reconnect").last.click()
    await page.locator("#messages a", has_text="Connect Xero").nth(1).wait_for()
    await through_xero(page)
    await desk.settled()
    await say(page, "/solido reminders")
    await desk.settled()
    await page.wait_for_timeout(6000)  # until what the desk said of the payment is gone
    await page.screenshot(path=OUT / "reminders.png")
    await page.locator("#messages").get_by_role("button", name="Start reminders").last.click()
    await desk.slack.until(lambda: any("started reminders" in one.text for one in desk.slack.posts), within=20)
    await desk.forward(A_DAY)
    await page.locator(".panes").get_by_role("button", name="Inbox").click()
    await letter(desk, page)
    await page.locator("#inbox details").first.click()
    await page.wait_for_timeout(800)
    await page.emulate_media(color_scheme="dark")
    await page.screenshot(path=OUT / "inbox.png")


async def phone(desk: Desk, browser: Browser) -> None:
    """The same world on a phone."""
    context = await browser.new_context(viewport=NARROW, timezone_id="Europe/London", device_scale_factor=2)
    page = await context.new_page()
    await page.goto(desk.page_at.url)
    await page.locator("#messages article").first.wait_for()
    await page.wait_for_timeout(600)
    await page.screenshot(path=OUT / "phone.png")
    await context.close()


async def main() -> None:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        sys.exit("No Chromium found: install it, or name it in CHROMIUM.")
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(VirtualClock(MONDAY), sqlite_in(Path(folder)), demo_ledger)
        await desk.start()
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            await story(desk, browser)
            await phone(desk, browser)
            await browser.close()
        await desk.stop()


if __name__ == "__main__":
    asyncio.run(main())
