"""What is kept of a change of the rules."""

from datetime import time
from decimal import Decimal

from msgspec.structs import replace

from bot.views.rule_changes import THINGS, rules_changed
from core.edits import encode
from core.reminders.rules import LETTER, Rules, Step, changes

BEFORE = Rules()
OTHER_STEPS = (*BEFORE.steps[1:3], Step(30, "Last", "Words"))
AFTER = Rules(OTHER_STEPS, time(8), (0,), {"GBP": Decimal(5)}, "<!channel>", "a@example.com", 1, False, True)


def test_whatever_is_changed_is_said():
    changed = changes(BEFORE, AFTER)
    assert [one.name for one in changed] == list(THINGS)
    said = rules_changed(encode(changed))
    assert "steps −3, 0, 7, 14 → 0, 7, 30" in said
    assert "days Monday, Tuesday, Wednesday, Thursday and Friday → Monday" in said
    assert "thank-you letters off → on; notes in Xero on → off" in said
    assert "<!channel>" not in said


def test_the_words_of_a_letter_are_kept_whole_but_only_its_subject_is_said():
    letter = replace(BEFORE.thanks, body="Thanks *a lot*")
    [one] = changes(BEFORE, BEFORE.worded(letter))
    assert (one.name, one.after) == (f"{LETTER}{letter.days}", f"{letter.subject}\nThanks *a lot*")
    assert rules_changed(encode([one])) == "the letter thanks for the payment"


def test_nothing_changed_is_nothing():
    assert changes(BEFORE, Rules()) == []
