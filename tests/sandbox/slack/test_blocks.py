"""What Slack takes and refuses, as a table. Facts: slack.md 3.2, 3.3, 3.5, 4."""

from typing import Any

import pytest

from sandbox.slack import problems_of_message, problems_of_view

from .said import actions, button, confirm, home, modal, mrkdwn, option, plain, section, text_input

IMAGE = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}
SELECT = {"type": "static_select", "options": [option("One", "1")]}
RICH = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "a"}]}]}

TAKEN: dict[str, list[dict[str, Any]]] = {
    "section_at_its_limit": [section("x" * 3000)],
    "section_with_fields": [{"type": "section", "fields": [mrkdwn("x" * 2000)] * 10}],
    "section_with_button": [section(accessory=button(action_id="a"))],
    "section_with_overflow": [section(accessory={"type": "overflow", "options": [option("Mute", "m")]})],
    "section_with_image": [section(accessory=IMAGE)],
    "header_at_its_limit": [{"type": "header", "text": plain("x" * 150)}],
    "context_of_ten": [{"type": "context", "elements": [mrkdwn("x")] * 10}],
    "divider": [{"type": "divider", "block_id": "line"}],
    "image": [{**IMAGE, "title": plain("t")}],
    "actions_of_25": [actions(*[button(action_id=str(n)) for n in range(25)])],
    "button_with_everything": [
        actions(
            button("x" * 75, action_id="a", value="v" * 2000, style="danger", confirm=confirm()),
            button(action_id="b", url="https://example.com", accessibility_label="Open it"),
        )
    ],
    "same_action_id_in_two_blocks": [actions(button(action_id="a")), actions(button(action_id="a"))],
    "select": [actions({**SELECT, "placeholder": plain("Choose"), "initial_option": option("One", "1")})],
    "grouped_select": [
        actions({"type": "static_select", "option_groups": [{"label": plain("g"), "options": [option("1", "1")]}]})
    ],
    "pickers": [actions({"type": "datepicker", "initial_date": "2026-02-28"}, {"type": "users_select"})],
    "rich_text": [RICH],
    "markdown": [{"type": "markdown", "text": "# Hi"}],
    "fifty_blocks": [section()] * 50,
}

REFUSED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "no_type": ([{"text": plain("x")}], "/blocks/0/type"),
    "unknown_type": ([{"type": "carousel_of_joy"}], "/blocks/0/type"),
    "a_button_as_block": ([button()], "/blocks/0/type"),
    "51_blocks": ([section()] * 51, "/blocks"),
    "section_without_text": ([{"type": "section"}], "/blocks/0"),
    "section_text_too_long": ([section("x" * 3001)], "/blocks/0/text/text"),
    "section_text_empty": ([section("")], "/blocks/0/text/text"),
    "section_text_a_string": ([{"type": "section", "text": "x"}], "/blocks/0/text"),
    "eleven_fields": ([{"type": "section", "fields": [mrkdwn("x")] * 11}], "/blocks/0/fields"),
    "field_too_long": ([{"type": "section", "fields": [mrkdwn("x" * 2001)]}], "/blocks/0/fields/0/text"),
    "unknown_field": ([section(colour="red")], "/blocks/0/colour"),
    "emoji_on_mrkdwn": ([{"type": "section", "text": {**mrkdwn("x"), "emoji": True}}], "/blocks/0/text/emoji"),
    "verbatim_on_plain": ([{"type": "section", "text": {**plain("x"), "verbatim": True}}], "/blocks/0/text/verbatim"),
    "mrkdwn_header": ([{"type": "header", "text": mrkdwn("x")}], "/blocks/0/text/type"),
    "header_too_long": ([{"type": "header", "text": plain("x" * 151)}], "/blocks/0/text/text"),
    "eleven_in_context": ([{"type": "context", "elements": [mrkdwn("x")] * 11}], "/blocks/0/elements"),
    "button_in_context": ([{"type": "context", "elements": [button()]}], "/blocks/0/elements/0/type"),
    "context_text_too_long": ([{"type": "context", "elements": [mrkdwn("x" * 3001)]}], "/blocks/0/elements/0/text"),
    "empty_actions": ([actions()], "/blocks/0/elements"),
    "26_actions": ([actions(*[button(action_id=str(n)) for n in range(26)])], "/blocks/0/elements"),
    "mrkdwn_button": ([actions({"type": "button", "text": mrkdwn("x")})], "/blocks/0/elements/0/text/type"),
    "button_text_too_long": ([actions(button("x" * 76))], "/blocks/0/elements/0/text/text"),
    "button_value_too_long": ([actions(button(value="x" * 2001))], "/blocks/0/elements/0/value"),
    "button_value_a_number": ([actions(button(value=7))], "/blocks/0/elements/0/value"),
    "button_default_style": ([actions(button(style="default"))], "/blocks/0/elements/0/style"),
    "javascript_url": ([actions(button(url="javascript:alert(1)"))], "/blocks/0/elements/0/url"),
    "url_too_long": ([actions(button(url="https://e.com/" + "x" * 3000))], "/blocks/0/elements/0/url"),
    "action_id_too_long": ([actions(button(action_id="x" * 256))], "/blocks/0/elements/0/action_id"),
    "duplicate_action_id": (
        [actions(button(action_id="a"), button(action_id="a"))],
        "/blocks/0/elements/1/action_id",
    ),
    "duplicate_block_id": ([section(block_id="b"), section(block_id="b")], "/blocks/1/block_id"),
    "confirm_without_deny": (
        [actions(button(confirm={k: v for k, v in confirm().items() if k != "deny"}))],
        "/blocks/0/elements/0/confirm",
    ),
    "confirm_text_too_long": (
        [actions(button(confirm={**confirm(), "text": mrkdwn("x" * 301)}))],
        "/blocks/0/elements/0/confirm/text/text",
    ),
    "confirm_button_too_long": (
        [actions(button(confirm={**confirm(), "confirm": plain("x" * 31)}))],
        "/blocks/0/elements/0/confirm/confirm/text",
    ),
    "select_without_options": ([actions({"type": "static_select"})], "/blocks/0/elements/0"),
    "101_options": (
        [actions({"type": "static_select", "options": [option(str(n), str(n)) for n in range(101)]})],
        "/blocks/0/elements/0/options",
    ),
    "option_text_too_long": (
        [actions({"type": "static_select", "options": [option("x" * 76, "1")]})],
        "/blocks/0/elements/0/options/0/text/text",
    ),
    "option_value_too_long": (
        [actions({"type": "static_select", "options": [option("x", "1" * 151)]})],
        "/blocks/0/elements/0/options/0/value",
    ),
    "initial_option_not_offered": ([actions({**SELECT, "initial_option": option("Two", "2")})], "/blocks/0/elements/0"),
    "six_in_overflow": (
        [section(accessory={"type": "overflow", "options": [option(str(n), str(n)) for n in range(6)]})],
        "/blocks/0/accessory/options",
    ),
    "no_such_day": (
        [actions({"type": "datepicker", "initial_date": "2026-13-01"})],
        "/blocks/0/elements/0/initial_date",
    ),
    "image_without_alt_text": (
        [{"type": "image", "image_url": "https://example.com/a.png"}],
        "/blocks/0",
    ),
    "text_input_in_actions": ([actions({"type": "plain_text_input"})], "/blocks/0/elements/0/type"),
    "alert_in_a_message": ([{"type": "alert", "text": mrkdwn("x")}], "/blocks/0/type"),
    "markdown_over_12000_in_all": ([{"type": "markdown", "text": "x" * 7000}] * 2, "/blocks"),
    "rich_text_of_blocks": ([{"type": "rich_text", "elements": [section()]}], "/blocks/0/elements/0/type"),
}

REFUSED_VIEWS: dict[str, tuple[dict[str, Any], str]] = {
    "modal_without_title": ({"type": "modal", "blocks": []}, "/view"),
    "modal_title_too_long": (modal(title=plain("x" * 25)), "/view/title/text"),
    "submit_too_long": (modal(submit=plain("x" * 25)), "/view/submit/text"),
    "private_metadata_too_long": (modal(private_metadata="x" * 3001), "/view/private_metadata"),
    "callback_id_too_long": (modal(callback_id="x" * 256), "/view/callback_id"),
    "101_blocks": (modal(*[section()] * 101), "/view/blocks"),
    "input_without_submit": (
        {"type": "modal", "title": plain("t"), "blocks": [text_input()]},
        "/view/submit",
    ),
    "markdown_in_a_modal": (modal({"type": "markdown", "text": "x"}), "/view/blocks/0/type"),
    "alert_in_home": (home({"type": "alert", "text": mrkdwn("x")}), "/view/blocks/0/type"),
    "submit_in_home": (home(submit=plain("x")), "/view/submit"),
    "neither_modal_nor_home": ({"type": "page", "blocks": []}, "/view/type"),
}


@pytest.mark.parametrize("blocks", TAKEN.values(), ids=TAKEN)
def test_slack_takes_what_is_within_its_limits(blocks: list[dict[str, Any]]):
    assert problems_of_message(blocks) == []


@pytest.mark.parametrize(("blocks", "pointer"), REFUSED.values(), ids=REFUSED)
def test_slack_refuses_what_is_not_and_points_at_it(blocks: list[dict[str, Any]], pointer: str):
    assert any(problem.pointer.startswith(pointer) for problem in problems_of_message(blocks))


@pytest.mark.parametrize(("view", "pointer"), REFUSED_VIEWS.values(), ids=REFUSED_VIEWS)
def test_slack_refuses_a_wrong_view_and_points_at_it(view: dict[str, Any], pointer: str):
    assert any(problem.pointer == pointer for problem in problems_of_view(view))


def test_a_modal_may_have_a_hundred_blocks_and_an_alert():
    assert problems_of_view(modal(text_input(), {"type": "alert", "text": mrkdwn("x")}, *[section()] * 98)) == []


def test_a_home_needs_no_title():
    assert problems_of_view(home(section())) == []


@pytest.mark.parametrize("junk", [None, 7, "x", [None], [7], {"type": "section"}, [{"type": []}]])
def test_junk_is_refused_rather_than_a_crash(junk: object):
    assert problems_of_message(junk)
