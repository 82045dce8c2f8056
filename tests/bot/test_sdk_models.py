"""Everything people see is made of what the models of Slack's SDK know, within the limits these keep."""

import pytest

from bot.limits import fitted, fitted_view
from bot.views.blocks import Message, Modal, button, header, section
from scripts import messages_page
from tests.bot.sdk import problems_of_blocks, problems_of_view


def test_the_sdk_takes_every_message_dialog_and_home():
    shown = messages_page.shown()
    assert len(shown) > 80
    for _chapter, when, it in shown:
        match it:
            case Message():
                assert problems_of_blocks(fitted(it).blocks) == [], when
            case Modal():
                assert problems_of_view(fitted_view(it).view()) == [], when
            case _:
                assert problems_of_view(it) == [], when


@pytest.mark.parametrize(
    ("block", "says"),
    [
        (header("x" * 10) | {"text": {"type": "plain_text", "text": "x" * 151}}, "150 characters"),
        (section("x") | {"fields": [{"type": "mrkdwn", "text": "x"}] * 11}, "cannot exceed 10"),
        ({"type": "actions", "elements": [button("x", action="a" * 256)]}, "255 characters"),
        (section("x") | {"colour": "red"}, ".colour is not known"),
        ({"type": "poem"}, "no block of type poem"),
    ],
)
def test_what_slack_would_not_take_is_found(block, says):
    assert any(says in problem for problem in problems_of_blocks([block]))


def test_a_view_is_looked_at_as_a_whole():
    dialog = Modal("Solido", [section("x")], callback="c" * 256).view()
    assert any("255 characters" in problem for problem in problems_of_view(dialog))
    assert any(
        "poem" in problem for problem in problems_of_view({**dialog, "callback_id": "c", "blocks": [{"type": "poem"}]})
    )
