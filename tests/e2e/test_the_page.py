"""What a newcomer does at the page, in a real browser."""

import pytest
from playwright.async_api import Locator, Page, expect

from sandbox.desk import Desk
from sandbox.slack.viewing import METHODS
from tests.e2e.hands import say

pytestmark = pytest.mark.asyncio(loop_scope="module")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
VIOLATIONS = """async (rules) => {
  const found = await axe.run(document, { runOnly: rules });
  return found.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 160)}`));
}"""


async def violations(page: Page, axe: str) -> list[str]:
    await page.evaluate(axe)
    found: list[str] = await page.evaluate(VIOLATIONS, RULES)
    return found


async def test_no_violation_is_found_in_any_part_of_the_page(page: Page, desk: Desk, axe: str):
    await say(page, "/solido connect")
    await expect(page.locator("#messages a", has_text="Connect Xero").last).to_be_visible()
    await say(page, "/solido help")
    found: dict[str, list[str]] = {}
    for pane in ("Inbox", "Trouble", "Under the hood", "Xero"):
        await page.locator(".panes").get_by_role("button", name=pane).click()
        await page.wait_for_timeout(150)
        found[pane] = await violations(page, axe)
    await page.emulate_media(color_scheme="dark")
    found["dark"] = await violations(page, axe)
    await page.get_by_role("button", name="Add invoice…").click()
    found["dialog"] = await violations(page, axe)
    await page.keyboard.press("Escape")
    assert {place: each for place, each in found.items() if each} == {}


async def test_a_dialog_shows_what_is_wrong_and_takes_what_is_right(page: Page, desk: Desk):
    view = {
        "type": "modal",
        "callback_id": "x",
        "title": {"type": "plain_text", "text": "A dialog"},
        "submit": {"type": "plain_text", "text": "Save"},
        "blocks": [
            {
                "type": "input",
                "block_id": "days",
                "label": {"type": "plain_text", "text": "Days"},
                "element": {"type": "plain_text_input", "action_id": "days"},
            }
        ],
    }
    trigger = desk.slack.new_trigger("U0ADMIN")
    open_view(desk, trigger, view)
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading", name="A dialog")).to_be_visible()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("Please complete this required field.")).to_be_visible()
    await expect(dialog.get_by_label("Days")).to_be_focused()
    await dialog.get_by_label("Days").fill("7")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


def open_view(desk: Desk, trigger: str, view: dict) -> None:

    METHODS["views.open"](desk.slack, {"trigger_id": trigger, "view": view})


async def test_people_differ_in_what_they_see(page: Page, desk: Desk):
    await say(page, "/solido help")
    await expect(page.get_by_text("Only visible to you").last).to_be_visible()
    await page.select_option("#who", "member")
    await expect(page.get_by_text("Only visible to you")).to_have_count(0)
    await page.select_option("#who", "outsider")
    await say(page, "/solido status")
    await expect(page.locator("#messages").get_by_text("is not a valid command").last).to_be_visible()
    await page.select_option("#who", "admin")
    await page.get_by_role("button", name="Solido, Home").click()
    await expect(page.locator("#where")).to_have_text("Solido, Home")


async def test_commands_are_completed_by_keyboard_alone(page: Page):
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#line")).to_be_focused()
    await page.keyboard.type("/solido st")
    await expect(page.locator("#suggestions li")).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("#line")).to_have_value("/solido status")


async def test_the_log_opens_and_holds_no_secret(page: Page, desk: Desk):
    await ask_for_help(page)
    await page.locator(".panes").get_by_role("button", name="Under the hood").click()
    await page.locator("#hood details", has_text="/slack/events").first.click()
    await expect(page.locator("#hood .inside").get_by_text("command=/solido")).to_be_visible()
    assert "▇▇▇" in await page.locator("#hood details[open] .inside").inner_text()


async def ask_for_help(page: Page) -> None:
    messages = page.locator("#messages article")
    before = await messages.count()
    await say(page, "/solido help")
    await expect(messages).to_have_count(before + 1)


async def test_a_request_that_is_opened_while_under_way_is_whole_when_it_is_over(page: Page, desk: Desk):
    entry, began = desk.hood.begin("Slack → Solido", "POST", "/slow", "", [("host", "localhost")])
    row = await opened_under_the_hood(page, "/slow")
    await expect(row.get_by_text("host: localhost")).to_be_visible()
    await expect(row.get_by_text("under way")).to_be_attached()
    entry.status = 200
    desk.hood.end(entry, began, sent=b"command=/solido", got=b"", headers=[])
    desk.slack.changes.tell()
    await expect(row.get_by_text("command=/solido")).to_be_visible()
    await expect(row.locator("summary")).to_contain_text("200")


async def opened_under_the_hood(page: Page, path: str) -> Locator:
    await page.locator(".panes").get_by_role("button", name="Under the hood").click()
    row = page.locator("#hood details", has_text=path)
    await row.locator("summary").click()
    return row


async def test_what_is_unfolded_stays_so_and_keeps_the_keyboard_when_it_is_drawn_anew(page: Page, desk: Desk):
    past(desk, "/kept")
    row = await opened_under_the_hood(page, "/kept")
    await expect(row.get_by_text("host: localhost")).to_be_visible()
    past(desk, "/later")
    await expect(page.locator("#hood details", has_text="/later")).to_be_attached()
    await expect(row.get_by_text("host: localhost")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(row).not_to_have_attribute("open", "")


def past(desk: Desk, path: str) -> None:
    """Something that was asked and answered."""
    entry, began = desk.hood.begin("Slack → Solido", "POST", path, "", [("host", "localhost")])
    desk.hood.end(entry, began, sent=b"", got=b"", headers=[])
    desk.slack.changes.tell()


async def test_a_press_is_not_lost_when_the_list_is_drawn_anew_under_it(page: Page, desk: Desk):
    await ask_for_help(page)
    await page.locator(".panes").get_by_role("button", name="Under the hood").click()
    rows = page.locator("#hood details")
    await rows.first.hover()
    await page.mouse.down()
    await ask_for_help(page)
    await page.wait_for_timeout(300)
    await page.mouse.up()
    await expect(page.locator("#hood .inside pre").first).to_be_visible()
    await expect(page.locator("#hood details").first).not_to_have_attribute("open", "")


async def test_a_key_is_not_lost_when_the_list_is_drawn_anew_under_it(page: Page, desk: Desk):
    past(desk, "/by-key")
    await page.locator(".panes").get_by_role("button", name="Under the hood").click()
    row = page.locator("#hood details", has_text="/by-key")
    await row.locator("summary").focus()
    await page.keyboard.down(" ")
    past(desk, "/meanwhile")
    await asked_again(page, desk, "**/desk/hood")
    await page.keyboard.up(" ")
    await expect(row).to_have_attribute("open", "")
    await expect(page.locator("#hood details", has_text="/meanwhile")).to_be_attached()


async def asked_again(page: Page, desk: Desk, path: str) -> None:
    """The page has read this once more, and had the time to show it."""
    for _ in range(2):  # what is being read at the moment may be older
        async with page.expect_response(path):
            desk.slack.changes.tell()
    await page.wait_for_timeout(200)


async def test_a_button_in_a_message_that_changes_meanwhile_is_pressed_all_the_same(page: Page, desk: Desk):
    button = {"type": "button", "action_id": "open_xero", "text": {"type": "plain_text", "text": "Press me"}}
    blocks = [{"type": "actions", "block_id": "acts", "elements": [button]}]
    message = desk.slack.say(desk.slack.channel("finance"), "A message", blocks, by=desk.slack.bot_user_id, kind="post")
    await page.get_by_role("button", name="Press me").hover()
    await page.mouse.down()
    desk.slack.edit(message, "A message", [*blocks, {"type": "divider"}])
    await asked_again(page, desk, "**/desk/slack/state*")
    async with page.expect_request("**/desk/slack/act"):
        await page.mouse.up()
    await expect(page.locator("#messages article hr")).to_be_attached()


async def test_a_phone_shows_one_part_at_a_time_and_nothing_sticks_out(page: Page, axe: str):
    await page.set_viewport_size({"width": 390, "height": 800})
    for tab in ("Channels", "Desk", "Chat"):
        await page.locator(".tabs").get_by_role("button", name=tab).click()
        assert await page.evaluate("() => document.documentElement.scrollWidth") <= 390
    await say(page, "/solido help")
    await expect(page.get_by_text("Only visible to you").last).to_be_visible()
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert await violations(page, axe) == []
    await page.locator(".tabs").get_by_role("button", name="Desk").click()
    assert await violations(page, axe) == []
