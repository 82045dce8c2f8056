"""Whatever is written into the audit log has words of its own in `/solido history`."""

from bot.views.history import DID
from core.incidents import Happening
from storage.audit import Did


def test_every_deed_has_words():
    assert set(DID) == set(Did)


def test_a_button_of_a_card_is_written_down_by_what_happened_to_the_card():
    assert [Did(pressed) for pressed in (Happening.TAKEN, Happening.SNOOZED, Happening.WOKE)] == [
        Did.TAKEN,
        Did.SNOOZED,
        Did.WOKE,
    ]
