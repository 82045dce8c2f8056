"""The guided tour, as a newcomer takes it, in a real browser."""

import re

import pytest
from playwright.async_api import Page, expect

from sandbox.desk import Desk
from tests.e2e.hands import connect, say, through_xero

pytestmark = pytest.mark.asyncio(loop_scope="module")

HARBOUR = "Harbour Lane Ltd"
SLOW = 60_000
"""Milliseconds for what takes a jump of a day; the machine may be busy."""


async def ticked(page: Page, number: int) -> None:
    await expect(page.locator("#tour li.done")).to_have_count(number, timeout=SLOW)


async def test_the_tour_from_start_to_end(page: Page, desk: Desk):
    await page.get_by_role("button", name="Type it for me").click()
    await expect(page.locator("#line")).to_have_value("/solido connect")
    await page.press("#line", "Enter")
    await through_xero(page, "Connect Xero")
    await expect(page.locator("#messages").get_by_text("First sync done")).to_be_visible()
    await ticked(page, 2)
    await page.get_by_role("button", name="Show me where").click()
    await page.locator("#invoices").get_by_role("button", name=re.compile("^Pay invoice")).first.click()
    said = page.get_by_text("got a payment of")
    await expect(said).to_be_visible()
    paid = re.search(r"Invoice (\S+) got", await said.inner_text())[1]
    await ticked(page, 3)  # a webhook told of it
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
    await the_reminder(page, desk, paid)
    await page.get_by_role("button", name="Hide the tour").click()
    await expect(page.locator("#tour li")).to_have_count(0)
    await page.get_by_role("button", name="Show the tour").click()
    await expect(page.locator("#tour li.done")).to_have_count(6)


async def the_reminder(page: Page, desk: Desk, paid: str) -> None:
    """The last step: letters go out, and none about what was paid."""
    assert desk.mailbox.letters == []
    await page.get_by_role("button", name="Type it for me").click()
    await expect(page.locator("#line")).to_have_value("/solido reminders")
    await page.press("#line", "Escape")
    await page.press("#line", "Enter")
    messages = page.locator("#messages")
    await messages.get_by_role("button", name="Start reminders").last.click()
    started, anyway = messages.get_by_text("started reminders for"), messages.get_by_role("button", name="Start anyway")
    await expect(started.or_(anyway).last).to_be_visible()
    if await anyway.is_visible():  # who is quick comes before Solido could ask Xero whether it reminds too
        await anyway.click()
    await expect(started).to_be_visible()
    await page.get_by_role("button", name="Forward 1 day").click()
    await ticked(page, 6)
    await expect(page.get_by_text("You have seen it all")).to_be_visible()
    await page.locator(".panes").get_by_role("button", name="Inbox").click()
    await expect(page.locator("#inbox").get_by_text("Still unpaid: ").first).to_be_visible()
    # They go one after the other, and the first ticks the step.
    await expect(page.locator("#inbox details.item").nth(5)).to_be_attached()
    assert [one.subject for one in desk.mailbox.letters if re.search(rf"\b{re.escape(paid)}\b", one.text or "")] == []


async def test_dialogs_of_the_product_refuse_what_is_wrong_and_take_what_is_right(page: Page, desk: Desk):
    """After the tour: hold, the rules of reminders, and the form for help."""
    if not desk.xero.is_connected(desk.xero.organisation(HARBOUR)):
        await connect(page)
    await desk.forward(0)  # the tour's last jump may still be under way; a dialog that comes late is refused
    await the_hold(page)
    await the_rules(page)
    await the_form(page)
    assert desk.slack.refused == []


async def the_hold(page: Page) -> None:
    await say(page, "/solido hold")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading", name="Hold reminders")).to_be_visible()
    await dialog.get_by_label("Invoice number or customer").fill("INV-0")
    await dialog.get_by_role("button", name="Hold", exact=True).click()
    await expect(dialog.get_by_text("I know no invoice and no customer called INV-0.")).to_be_visible()
    await expect(dialog.get_by_label("Invoice number or customer")).to_be_focused()
    await dialog.get_by_label("Invoice number or customer").fill("INV-1018")
    await dialog.get_by_label("Payment is promised").check()
    await dialog.get_by_role("button", name="Hold", exact=True).click()
    await expect(dialog.get_by_text("No reminders about INV-1018 until somebody releases it")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


async def the_rules(page: Page) -> None:
    await say(page, "/solido reminders")
    await page.locator("#messages").get_by_role("button", name="Rules").last.click()
    dialog = page.get_by_role("dialog")
    steps = dialog.get_by_label("Steps, in working days")
    await steps.fill("soon, later")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("Write whole numbers, like -3, 0, 7, 14.")).to_be_visible()
    await expect(steps).to_be_focused()
    await steps.fill("0, 10")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("The rules are saved.")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.locator("#messages").get_by_role("button", name="Rules").last.click()
    await expect(dialog.get_by_label("Steps, in working days")).to_have_value("0, 10")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


async def the_form(page: Page) -> None:
    await say(page, "/solido support")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("What is the matter?").fill("   ")
    await dialog.get_by_role("button", name="Show what is sent").click()
    await expect(dialog.get_by_text("Please say a word about what is the matter.")).to_be_visible()
    await dialog.get_by_label("What is the matter?").fill("The totals look odd to me.")
    await dialog.get_by_role("button", name="Show what is sent").click()
    await expect(dialog.get_by_text("The totals look odd to me.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
