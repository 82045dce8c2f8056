"""What is kept of a change of the rules."""

from datetime import time
from decimal import Decimal

from msgspec.structs import replace

from bot.views.rule_changes import THINGS, rules_changed
from core.edits import Edit, encode
from core.reminders.rules import LETTER, Rules, Step, edits

BEFORE = Rules()
OTHER_STEPS = (*BEFORE.steps[1:3], Step(30, "Last", "Words"))
AFTER = Rules(OTHER_STEPS, time(8), (0,), {"GBP": Decimal(5)}, "<!channel>", "a@example.com", 1, False, True)


def test_whatever_is_changed_is_said():
    changed = edits(BEFORE, AFTER)
    assert [one.name for one in changed] == list(THINGS)
    said = rules_changed(encode(changed))
    assert "steps −3, 0, 7, 14 → 0, 7, 30" in said
    assert "days Monday, Tuesday, Wednesday, Thursday and Friday → Monday" in said
    assert "thank-you letters off → on; notes in Xero on → off" in said
    assert "<!channel>" not in said


def test_the_words_of_a_letter_are_kept_whole_but_only_its_subject_is_said():
    letter = replace(BEFORE.thanks, body="Thanks *a lot*")
    [one] = edits(BEFORE, BEFORE.worded(letter))
    assert (one.name, one.after) == (f"{LETTER}{letter.days}", f"{letter.subject}\nThanks *a lot*")
    assert rules_changed(encode([one])) == "the thank-you letter"


def test_words_of_ones_own_that_go_with_their_step_are_kept():
    own = replace(BEFORE.steps[2], subject="Ahoy", body="Pay!")
    before = BEFORE.worded(own)
    [steps, gone] = edits(before, replace(before, steps=before.steps[:2]))
    assert (gone.name, gone.before, gone.after) == (f"{LETTER}{own.days}", "Ahoy\nPay!", "")
    assert rules_changed(encode([steps, gone])) == (
        "steps −3, 0, 7, 14 → −3, 0; the letter 7 working days after the due date, “Ahoy”, is gone"
    )


def test_what_a_later_version_wrote_does_not_keep_the_history_from_being_read():
    assert rules_changed(encode([Edit("weather", "good", "bad")])) == "weather good → bad"


def test_where_nothing_was_changed_nothing_is_said():
    assert edits(BEFORE, Rules()) == []
