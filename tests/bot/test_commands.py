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
