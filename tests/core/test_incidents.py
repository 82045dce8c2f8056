"""What follows from what happens to a trouble: pure decisions, time as an argument."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core import errors
from core.incidents import (
    Cause,
    Course,
    Decision,
    Ended,
    Ending,
    Event,
    Failed,
    Happening,
    Retried,
    Snoozed,
    SnoozeFor,
    Succeeded,
    Taken,
    TimePassed,
    Woken,
    cause_of,
    decide,
    snooze_until,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BLIP = Failed.by(errors.XeroUnavailable())
LOST = Failed.by(errors.PermissionEnded())


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def played(*events: tuple[float, Event], inhibited: bool = False) -> list[Decision | None]:
    """Each event at its minute after noon, one after another, on one incident."""
    course: Course | None = None
    made: list[Decision | None] = []
    for minute, event in events:
        decision = decide(course, event, after(minute), inhibited=inhibited)
        course = decision.course if decision else course
        made.append(decision)
    return made


def told(decisions: list[Decision | None]) -> list[bool]:
    return [decision is not None and decision.tell for decision in decisions]


def an_open_one(**changes: object) -> Course:
    plain = Course(Cause.XERO_UNREACHABLE, "XeroUnavailable", 3, NOON, after(10), told_at=after(10))
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (errors.PermissionEnded(), Cause.RECONNECT_NEEDED),
        (errors.DisconnectedInXero(), Cause.RECONNECT_NEEDED),
        (errors.PermissionMissing(), Cause.CHANGED_IN_XERO),
        (errors.ChangedInXero(), Cause.CHANGED_IN_XERO),
        (errors.XeroUnavailable(), Cause.XERO_UNREACHABLE),
        (errors.XeroUnreadable(), Cause.XERO_UNREACHABLE),
        (errors.OrganisationOffline(), Cause.XERO_UNREACHABLE),
        (errors.RateLimited(), Cause.QUOTA_USED_UP),
        (errors.DailyLimitReached(), Cause.QUOTA_USED_UP),
        (errors.BooksDiffer(), Cause.BOOKS_DIFFER),
        (errors.NotRunning(), Cause.NOT_RUNNING),
        (errors.XeroRejected(), Cause.OURS),
        (errors.Misconfigured(), Cause.OURS),
        (errors.Unexpected(), Cause.OURS),
    ],
)
def test_every_error_has_its_cause(error, cause):
    assert cause_of(error) == cause


def test_what_needs_a_person_is_told_at_once():
    assert told(played((0, LOST))) == [True]


def test_what_may_pass_is_told_after_three_in_a_row():
    assert told(played((0, BLIP), (2, BLIP), (6, BLIP), (14, BLIP))) == [False, False, True, True]


def test_what_may_pass_is_told_after_an_hour_without_a_success():
    assert told(played((0, BLIP), (59, TimePassed()), (60, TimePassed()), (61, TimePassed()))) == [
        False,
        False,
        True,
        False,
    ]


def test_a_second_failure_after_an_hour_is_told_too():
    assert told(played((0, BLIP), (60, BLIP))) == [False, True]


def test_one_success_ends_a_trouble_and_what_nobody_heard_of_ends_unheard():
    *_, heard = played((0, LOST), (42, Succeeded()))
    assert heard is not None
    assert (heard.tell, heard.aloud, heard.course.ending) == (True, True, Ending.RECOVERED)
    *_, unheard = played((0, BLIP), (2, Succeeded()))
    assert unheard is not None
    assert (unheard.tell, unheard.aloud, unheard.course.closed_at) == (False, False, after(2))


def test_after_a_success_three_more_are_needed():
    assert told(played((0, BLIP), (2, BLIP), (4, Succeeded()), (6, BLIP), (8, BLIP), (10, BLIP))) == [
        False,
        False,
        False,
        False,
        False,
        True,
    ]


def test_flapping_within_the_hour_goes_on_on_the_same_card():
    back = decide(an_open_one(closed_at=after(20), ending=Ending.RECOVERED), BLIP, after(80))
    assert back is not None
    assert (back.fresh, back.tell, back.what) == (False, True, Happening.BACK)
    assert (back.course.failures, back.course.opened_at, back.course.episodes) == (4, NOON, 2)
    assert back.course.closed_at is None


def test_after_the_hour_it_is_a_new_trouble_with_a_card_of_its_own():
    closed = an_open_one(closed_at=after(20), ending=Ending.RECOVERED)
    new = decide(closed, LOST, after(80) + timedelta(microseconds=1))
    assert new is not None
    assert (new.fresh, new.course.failures, new.course.opened_at) == (True, 1, after(80) + timedelta(microseconds=1))


def test_a_trouble_somebody_snoozed_comes_back_on_its_old_card_for_as_long():
    quiet = an_open_one(closed_at=after(20), ending=Ending.RECOVERED, snoozed_until=after(600), snoozed_by="U1")
    back = decide(quiet, BLIP, after(500))
    assert back is not None
    assert (back.fresh, back.course.snoozed_until) == (False, after(600))
    later = decide(quiet, BLIP, after(601))
    assert later is not None
    assert later.fresh


@pytest.mark.parametrize("ending", [Ending.RECONNECTED, Ending.DISCONNECTED])
def test_a_failure_after_a_person_acted_is_a_new_trouble(ending):
    new = decide(an_open_one(closed_at=after(20), ending=ending), LOST, after(21))
    assert new is not None
    assert new.fresh


def test_while_a_reconnect_is_needed_other_troubles_are_counted_and_not_told():
    decisions = played((0, BLIP), (2, BLIP), (4, BLIP), (70, BLIP), (80, TimePassed()), inhibited=True)
    assert told(decisions) == [False] * 5
    assert decisions[3] is not None
    assert (decisions[3].course.failures, decisions[3].course.told_at) == (4, None)


def test_a_reconnect_ends_the_trouble_and_the_sync_after_it_shows_that_it_is_over():
    ended = decide(an_open_one(), Ended(Ending.RECONNECTED, "U1"), after(42))
    assert ended is not None
    assert (ended.tell, ended.aloud, ended.course.ending, ended.course.ended_by) == (True, False, "reconnected", "U1")
    shown = decide(ended.course, Succeeded(), after(43))
    assert shown is not None
    assert (shown.tell, shown.aloud, shown.course.ending, shown.course.closed_at) == (
        True,
        True,
        "recovered",
        after(42),
    )
    assert decide(shown.course, Succeeded(), after(58)) is None


def test_a_snooze_ends_by_itself_and_reminds_who_asked_for_it():
    snoozed, early, woke, again = played(
        (0, LOST), (1, Snoozed("U1", after(61))), (60, TimePassed()), (61, TimePassed()), (62, TimePassed())
    )[1:]
    assert snoozed is not None
    assert (snoozed.tell, snoozed.what, snoozed.by) == (True, Happening.SNOOZED, "U1")
    assert early is None
    assert woke is not None
    assert (woke.tell, woke.aloud, woke.what, woke.by) == (True, True, Happening.WOKE, "U1")
    assert again is None


def test_a_snooze_can_be_ended_by_hand_once():
    *_, woken, twice = played((0, LOST), (1, Snoozed("U1", after(61))), (5, Woken("U2")), (6, Woken("U2")))
    assert woken is not None
    assert (woken.course.snoozed_until, woken.aloud) == (None, False)
    assert twice is None


@pytest.mark.parametrize(
    ("first", "again"),
    [(Taken("U1"), Taken("U1")), (Snoozed("U1", after(60)), Snoozed("U1", after(60) + timedelta(seconds=2)))],
    ids=["taken", "snoozed"],
)
def test_pressing_twice_is_the_same_as_once(first, again):
    *_, twice = played((0, LOST), (1, first), (1.1, again))
    assert twice is None


def test_somebody_else_may_take_over():
    *_, last = played((0, LOST), (1, Taken("U1")), (2, Taken("U2")))
    assert last is not None
    assert last.course.taken_by == "U2"


@pytest.mark.parametrize(
    "event", [Taken("U1"), Snoozed("U1", after(99)), Woken("U1"), Retried("U1"), TimePassed(), Succeeded()]
)
def test_pressing_too_late_changes_nothing(event):
    assert decide(an_open_one(closed_at=after(20), ending=Ending.RECOVERED), event, after(30)) is None


def test_nothing_follows_where_there_is_no_trouble():
    assert decide(None, Succeeded(), NOON) is None
    assert decide(None, TimePassed(), NOON) is None


@pytest.mark.parametrize(
    ("zone", "now", "until"),
    [
        ("Europe/London", datetime(2026, 11, 23, 23, tzinfo=UTC), datetime(2026, 11, 24, 9, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2026, 11, 24, 20, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 3, 7, 20, tzinfo=UTC), datetime(2026, 3, 8, 13, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 10, 31, 20, tzinfo=UTC), datetime(2026, 11, 1, 14, tzinfo=UTC)),
    ],
    ids=["in the evening", "where tomorrow has begun", "into summer time", "out of summer time"],
)
def test_until_tomorrow_means_nine_in_the_morning_where_the_organisation_is(zone, now, until):
    assert snooze_until(SnoozeFor.MORNING, now, timezone=zone) == until


def test_an_hour_and_a_week_are_just_that():
    assert snooze_until(SnoozeFor.HOUR, NOON, timezone="UTC") - NOON == timedelta(hours=1)
    assert snooze_until(SnoozeFor.WEEK, NOON, timezone="UTC") - NOON == timedelta(days=7)
