"""Whoever speaks to their machine presses a button by the words that are on it."""

from pathlib import Path

from bot.views.blocks import actions, button
from tests.labels import misnamed, written_in

BOT = Path(__file__).parents[2] / "bot"


def test_the_name_of_every_button_in_the_code_begins_with_the_words_on_it():
    found = list(written_in(BOT))
    assert len(found) > 15, "buttons are made in another way now: this looks at nothing"
    assert [place for place, words, label in found if not words or not label.startswith(words)] == []


def test_a_name_that_leaves_the_words_out_is_seen():
    right = button("Connect Xero", action="a", label="Connect Xero to this channel")
    plain = button("Connect Xero", action="a")
    wrong = button("Connect Xero", action="a", label="Connect to Xero")
    assert misnamed([actions(right, plain)]) == []
    assert misnamed([actions(wrong)]) == ["'Connect Xero' is read as 'Connect to Xero'"]
    assert misnamed([{"type": "section", "accessory": wrong}]) == misnamed([actions(wrong)])
