"""One send slot a day, in every zone, whatever its clocks do, and nothing piled up after a sleep."""

import os
import sys
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest

from core.reminders.rules import STEPS, step_due
from core.reminders.slots import SendTimes, wall_clock
from core.reminders.workdays import working_days
from tests.core.reminders.builders import DAY, HOUR, send_times

pytestmark = pytest.mark.prove

PROVE = os.environ.get("SOLIDO_PROVE") == "1"
ZONES = sorted(available_timezones())
TIMES = (time(0), time(2, 30), time(9), time(23, 59))
FROM, TO = date(2026, 1, 1), date(2028, 1, 1)
EVERY_DAY = range(7)


def days(start: date = FROM, end: date = TO) -> list[date]:
    return [start + n * DAY for n in range((end - start).days)]


def changing_days(zone: ZoneInfo) -> list[date]:
    """The days around each change of the clocks; what lies between them is like any other day."""
    noon = [datetime(day.year, day.month, day.day, 12, tzinfo=UTC).astimezone(zone).utcoffset() for day in days()]
    found = {
        day + n * DAY for day, a, b in zip(days(), noon, noon[1:], strict=False) if a != b for n in (-2, -1, 0, 1, 2)
    }
    return sorted(found | {FROM})


@pytest.mark.parametrize("at", TIMES, ids=str)
def test_every_day_of_every_zone_has_exactly_one_slot(at):
    counted = 0
    for name in ZONES:
        every = send_times(name, country="", at=at, weekdays=EVERY_DAY)
        for day in days() if PROVE else changing_days(every.zone):
            counted += 1
            slot = every.slot_of(day)
            assert slot is not None, (name, day)
            assert slot.opens_at.astimezone(every.zone).date() == day, (name, day)
            last = slot.closes_at - timedelta(minutes=1)
            assert slot.opens_at <= last
            assert last.astimezone(every.zone).date() == day, (name, day)
            following = every.slot_of(day + DAY)
            assert following is None or slot.closes_at <= following.opens_at, (name, day)
    sys.stdout.write(f"\n{len(ZONES)} zones, {counted:,} days, each with one slot at {at}\n")


def test_whenever_somebody_looks_in_every_zone_at_most_that_days_slot_is_open():
    for name in ZONES if PROVE else ZONES[::12]:
        every = send_times(name, country="", at=time(9), weekdays=EVERY_DAY)
        for day in changing_days(every.zone):
            opened = {
                slot.day
                for hour in range(24)
                if (slot := every.slot_at(datetime(day.year, day.month, day.day, hour, tzinfo=UTC)))
            }
            assert len(opened) <= 2, (name, day)


def test_after_any_sleep_one_letter_goes_and_it_is_the_latest_that_applies():
    """In every zone, from every day of two years, for up to thirty days; step −3 of a new invoice went out before.

    What goes when depends on a zone only by the days its slots are named by, so zones whose days are alike are one.
    """
    alike = Counter(slot_days(name) for name in (ZONES if PROVE else ZONES[::40]))
    sleeps = 0
    for known in alike:
        for start in range(0, len(known) - 90, 1 if PROVE else 29):
            for asleep in range(31) if PROVE else (0, 1, 3, 10, 30):
                sent_after(known, start, asleep)
                sleeps += 1
    zones = sum(alike.values())
    sys.stdout.write(f"\n{zones} zones, {len(alike)} calendars, {sleeps * zones // len(alike):,} sleeps\n")


@cache
def slot_days(name: str) -> tuple[date, ...]:
    """The days of the slots that a process which looks in every half-hour of the day finds open, each once."""
    every = send_times(name, country="", at=time(9))
    found: list[date] = []
    for day in days() if PROVE else days()[:150]:
        opens = every.slot_of(day)
        looks = [opens.opens_at + n * HOUR / 2 for n in (0, 1, 15)] if opens else []
        seen = {slot.day for look in looks if (slot := every.slot_at(look))}
        assert seen == ({day} if opens else set()), (name, day)
        assert not opens or every.slot_at(opens.closes_at) is None, (name, day)
        found += seen
    assert found == sorted(set(found)), name
    return tuple(found)


def sent_after(known: tuple[date, ...], start: int, asleep: int) -> None:
    """Asleep from this day's slot on, for so many days: each step goes once, from the latest on, a day for each."""
    due_on, calendar = known[start], working_days("")
    woken = next(index for index, day in enumerate(known) if day >= due_on + asleep * DAY)
    sent = {-3}
    letters = []
    for day in known[woken:]:
        step = step_due(STEPS, due_on=due_on, sent=frozenset(sent), today=day, calendar=calendar)
        if step:
            letters.append((day, step.days))
            sent.add(step.days)
        if 14 in sent:
            break
    latest = max(step.days for step in STEPS if calendar.shift(due_on, step.days) <= known[woken])
    assert [step for _, step in letters] == [step.days for step in STEPS if step.days >= latest], (due_on, asleep)
    assert letters[0][0] == known[woken], (due_on, asleep)
    assert len({day for day, _ in letters}) == len(letters)


def test_a_time_that_is_jumped_over_has_a_moment_on_the_same_day():
    london = ZoneInfo("Europe/London")
    assert wall_clock(date(2026, 3, 29), time(1, 30), london) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert wall_clock(date(2026, 3, 29), time(9), london) == datetime(2026, 3, 29, 8, tzinfo=UTC)


def test_a_time_that_comes_twice_counts_when_it_comes_first():
    assert wall_clock(date(2026, 10, 25), time(1, 30), ZoneInfo("Europe/London")) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_a_day_that_a_zone_leaves_out_has_no_slot():
    assert wall_clock(date(2011, 12, 30), time(9), ZoneInfo("Pacific/Apia")) is None
    samoa = SendTimes(time(9), frozenset(EVERY_DAY), ZoneInfo("Pacific/Apia"), working_days(""))
    found = [slot.day for slot, _ in zip(samoa.slots_from(datetime(2011, 12, 28, tzinfo=UTC)), range(4), strict=False)]
    assert found == [date(2011, 12, 27), date(2011, 12, 28), date(2011, 12, 29), date(2011, 12, 31)]


def test_weekends_and_holidays_of_the_country_have_no_slot():
    london = send_times()
    assert london.slot_of(date(2026, 11, 28)) is None
    assert london.slot_of(date(2026, 12, 25)) is None
    assert london.slot_of(date(2026, 12, 24)) is not None
    assert send_times(country="").slot_of(date(2026, 12, 25)) is not None


def test_steps_count_working_days_of_the_country():
    britain, nowhere = working_days("GB"), working_days("ZZ")
    assert britain.shift(date(2026, 12, 24), 1) == date(2026, 12, 29)
    assert nowhere.shift(date(2026, 12, 24), 1) == date(2026, 12, 25)
    assert britain.shift(date(2026, 11, 23), -3) == date(2026, 11, 18)
    assert britain.shift(date(2026, 11, 22), 0) == date(2026, 11, 22)
    assert working_days("SA").weekend == {4, 5}


@pytest.mark.parametrize("day", [date.max, date.min, date(1970, 1, 1), date(9999, 12, 30)])
@pytest.mark.parametrize("by", [-3, 0, 7, 14, 10**9])
def test_a_due_date_at_the_edge_of_the_calendar_breaks_nothing(day, by):
    assert isinstance(working_days("GB").shift(day, by), date)


def test_a_letter_that_says_soon_does_not_go_once_the_day_has_passed():
    only = STEPS[:1]
    calendar = working_days("GB")
    due_on = date(2026, 11, 20)
    assert step_due(only, due_on=due_on, sent=frozenset(), today=due_on, calendar=calendar) == only[0]
    assert step_due(only, due_on=due_on, sent=frozenset(), today=due_on + DAY, calendar=calendar) is None
