"""docs/alerts.md shows what people see, for every trouble there is."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from bot.advice import ADVICE
from bot.rendering import render
from core import errors
from sandbox.slack.blocks import problems_of_message

SCRIPT = Path(__file__).parents[2] / "scripts" / "alerts_page.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("alerts_page", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(script):
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), "run `python scripts/alerts_page.py`"


def test_every_trouble_is_on_it(script):
    page = script.PAGE.read_text(encoding="utf-8")
    assert {type(error) for error in script.troubles()} >= {
        errors.PermissionEnded,
        errors.BooksDiffer,
        errors.NotRunning,
    }
    assert all(ADVICE[error.code].said in page for error in script.troubles())


def test_slack_takes_every_card(script):
    for error in script.troubles():
        assert problems_of_message(render(script.a_trouble(error)).blocks) == []


def test_no_card_holds_a_code_or_a_mark_of_our_own(script):
    for error in script.troubles():
        message = render(script.a_trouble(error))
        shown = " ".join(str(block.get("text", "")) for block in message.blocks) + message.text
        assert error.code not in shown
        assert str(script.AN_ID) not in shown


def test_each_sentence_is_one_sentence(script):
    """One for what happened; the card is read on a phone between two meetings."""
    for error in script.troubles():
        said = ADVICE[error.code].said
        assert said.endswith(".")
        assert said.count(". ") == 0
        assert len(said) <= 130
