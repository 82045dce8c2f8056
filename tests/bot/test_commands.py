"""The table of commands."""

from typing import get_args

import pytest

from bot.commands import COMMANDS, opens_dialog
from bot.views.blocks import Modal


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_whose_handler_may_answer_with_a_dialog_says_so(name: str) -> None:
    answers = COMMANDS[name].handler.__annotations__["return"]
    assert opens_dialog(name) == (Modal in (get_args(answers) or [answers]))


def test_what_is_no_command_opens_no_dialog() -> None:
    assert not opens_dialog("setings")
    assert not opens_dialog("")


def test_with_words_there_is_nothing_to_ask_for_in_a_dialog() -> None:
    assert not opens_dialog("hold INV-0042 until 12 Dec")
