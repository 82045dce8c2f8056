"""The guided tour, as a newcomer takes it, in a real browser."""

import re

import pytest
from playwright.async_api import Page, expect

from sandbox.desk import Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")

HARBOUR = "Harbour Lane Ltd"


async def through_xero(page: Page, button: str) -> None:
    """Press a link in Slack, allow access in Xero, choose the organisation where that is asked, come back."""
    async with page.context.expect_page() as opened:
        await page.locator("#messages a", has_text=button).last.click()
    xero = await opened.value
    await xero.get_by_role("button").first.click()
    await xero.get_by_role("button", name="Allow access").click()
    choose = xero.get_by_role("button", name="Connect to")
    done = xero.get_by_text("is now connected to")
    await choose.or_(done).first.wait_for()
    if await choose.is_visible():
        await choose.click()
    await done.first.wait_for()
    await xero.close()


async def ticked(page: Page, number: int) -> None:
    await expect(page.locator("#tour li.done")).to_have_count(number)


async def test_the_tour_from_start_to_end(page: Page, desk: Desk):
    await page.get_by_role("button", name="Type it for me").click()
    await expect(page.locator("#line")).to_have_value("/solido connect")
    await page.press("#line", "Enter")
    await through_xero(page, "Connect Xero")
    await expect(page.locator("#messages").get_by_text("First sync done")).to_be_visible()
    await ticked(page, 2)
    await page.get_by_role("button", name="Show me where").click()
    await page.locator("#invoices").get_by_role("button", name=re.compile("^Pay invoice")).first.click()
    await expect(page.get_by_text("got a payment of")).to_be_visible()
    await page.get_by_role("button", name="Forward 15 minutes").click()
    await ticked(page, 3)
    await page.get_by_role("button", name="Show me where").click()
    await page.get_by_role("button", name=f"Disconnect {HARBOUR} in Xero").click()
    await page.get_by_role("button", name="Forward 15 minutes").click()
    await expect(page.locator("#messages").get_by_text("could not be synced")).to_be_visible()
    await expect(page.locator("#happened").get_by_text("could not be synced")).to_be_visible()
    await ticked(page, 4)
    await page.locator("#messages").get_by_role("button", name="Reconnect").last.click()
    await expect(page.locator("#messages a", has_text="Connect Xero")).to_have_count(2)
    await through_xero(page, "Connect Xero")
    await ticked(page, 5)
    await page.get_by_role("button", name="Hide the tour").click()
    await expect(page.locator("#tour li")).to_have_count(0)
    await page.get_by_role("button", name="Show the tour").click()
    await expect(page.locator("#tour li.done")).to_have_count(5)
