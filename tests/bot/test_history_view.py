"""Whatever is written into the audit log has words of its own in `/solido history`."""

from bot.views.history import DID
from core.incidents import Happening
from storage.audit import Did


def test_every_deed_has_words():
    assert set(DID) == set(Did)


STORED = """connected, reconnected, disconnected, removed, asked for a sync, asked for a full sync, asked for help,
taken, snoozed, woke, had a sync tried again, restored, exported, settings, hold placed, hold released,
letter decided, credit answered, credit asked, subscribed again, reminders started, reminders paused, reminders resumed,
reminder rules changed, reminder letter changed"""


def test_what_earlier_versions_wrote_down_is_still_known():
    assert set(STORED.replace("\n", " ").split(", ")) <= {str(did) for did in Did}


def test_a_button_of_a_card_is_written_down_by_what_happened_to_the_card():
    assert [Did(pressed) for pressed in (Happening.TAKEN, Happening.SNOOZED, Happening.WOKE)] == [
        Did.TAKEN,
        Did.SNOOZED,
        Did.WOKE,
    ]
