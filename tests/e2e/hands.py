"""What a person does at the page with a keyboard and a mouse."""

from playwright.async_api import Page, expect


async def say(page: Page, text: str) -> None:
    await page.fill("#line", text)
    await page.press("#line", "Escape")
    await page.press("#line", "Enter")


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


async def connect(page: Page) -> None:
    """The first organisation, up to its first sync."""
    await say(page, "/solido connect")
    await through_xero(page, "Connect Xero")
    await expect(page.locator("#messages").get_by_text("First sync done")).to_be_visible()
