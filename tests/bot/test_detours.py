"""Where a notice goes that its own place cannot be told."""

import pytest

from bot.detours import next_detour
from bot.refusals import MEANINGS, Meaning, Refused


def test_no_refusal_means_two_things():
    every = [error for errors in MEANINGS.values() for error in errors]
    assert len(every) == len(set(every))


@pytest.mark.parametrize("error", ["internal_error", "ratelimited", "fatal_error", "something new"])
def test_a_refusal_we_do_not_know_passes_and_loses_nothing(error):
    assert Refused(error).meaning is Meaning.PASSES


def test_from_home_to_each_person_and_then_to_nobody():
    assert [next_detour(at, Meaning.NO_PLACE, 2) for at in (0, 1, 2)] == [1, 2, None]


def test_where_slack_lets_us_in_no_more_nobody_is_asked():
    assert next_detour(0, Meaning.NO_TEAM, 2) is None


def test_where_nobody_is_known_there_is_nobody_to_tell():
    assert next_detour(0, Meaning.NO_PLACE, 0) is None
