"""One trouble, one card: what follows from each thing that happens to it. Pure; core/troubles.py carries it out."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from core.errors import (
    BooksDiffer,
    ChangedInXero,
    DailyLimitReached,
    NeedsPerson,
    NotRunning,
    Ours,
    PermissionMissing,
    RateLimited,
    XeroError,
)
from core.zones import zone

TOLD_AFTER_FAILURES = 3
TOLD_AFTER = timedelta(hours=1)
FLAPPING = timedelta(hours=1)
"""A trouble that is back within this time goes on on its old card."""
MORNING = time(9)
SAME_PRESS = timedelta(minutes=1)
"""A snooze that would end at nearly the same moment is the same button pressed twice."""


class Cause(StrEnum):
    RECONNECT_NEEDED = "reconnect_needed"
    XERO_UNREACHABLE = "xero_unreachable"
    QUOTA_USED_UP = "quota_used_up"
    CHANGED_IN_XERO = "changed_in_xero"
    BOOKS_DIFFER = "books_differ"
    OURS = "ours"
    NOT_RUNNING = "not_running"


def cause_of(error: XeroError) -> Cause:
    match error:
        case ChangedInXero() | PermissionMissing():
            return Cause.CHANGED_IN_XERO
        case NeedsPerson():
            return Cause.RECONNECT_NEEDED
        case DailyLimitReached() | RateLimited():
            return Cause.QUOTA_USED_UP
        case BooksDiffer():
            return Cause.BOOKS_DIFFER
        case NotRunning():
            return Cause.NOT_RUNNING
        case Ours():
            return Cause.OURS
    return Cause.XERO_UNREACHABLE


class Ending(StrEnum):
    RECOVERED = "recovered"
    RECONNECTED = "reconnected"
    """Somebody connected again; the first sync after that turns it into RECOVERED."""
    DISCONNECTED = "disconnected"


class Happening(StrEnum):
    """What the history of a trouble may hold."""

    FAILED = "failed"
    BACK = "back"
    TAKEN = "taken"
    SNOOZED = "snoozed"
    WOKE = "woke"
    RETRIED = "retried"
    RECOVERED = "recovered"
    RECONNECTED = "reconnected"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True)
class Course:
    """An incident as far as it has come. `error` is the code of its newest failure; `told_at` is empty while it is
    only watched; `episodes` counts how often it came back within the hour."""

    cause: str
    error: str
    failures: int
    opened_at: datetime
    last_failure_at: datetime
    told_at: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_by: str | None = None
    taken_by: str | None = None
    closed_at: datetime | None = None
    ending: str | None = None
    ended_by: str | None = None
    episodes: int = 1


@dataclass(frozen=True)
class Failed:
    cause: Cause
    error: str
    urgent: bool
    """Trying again will not help: told at once."""

    @classmethod
    def by(cls, error: XeroError) -> "Failed":
        return cls(cause_of(error), error.code, isinstance(error, NeedsPerson | Ours | DailyLimitReached))


@dataclass(frozen=True)
class Succeeded:
    """A sync has worked, or what was found wrong was found right."""


@dataclass(frozen=True)
class TimePassed:
    """Nothing happened, which may be news in itself."""


@dataclass(frozen=True)
class Snoozed:
    by: str
    until: datetime


@dataclass(frozen=True)
class Woken:
    by: str


@dataclass(frozen=True)
class Taken:
    by: str


@dataclass(frozen=True)
class Retried:
    by: str


@dataclass(frozen=True)
class Ended:
    """The connection was ended or made anew on purpose."""

    how: Ending
    by: str


Event = Failed | Succeeded | TimePassed | Snoozed | Woken | Taken | Retried | Ended


@dataclass(frozen=True)
class Decision:
    """`tell`: the card says so, from now on. `aloud`: a reply in its thread says so too. `fresh`: this is a new
    incident, and the one before stays as it ended. `what` goes into the history."""

    course: Course
    tell: bool
    what: Happening | None
    by: str | None = None
    aloud: bool = False
    fresh: bool = False


def decide(course: Course | None, event: Event, now: datetime, *, inhibited: bool = False) -> Decision | None:
    """Decide what follows; None where nothing does. `course` is the open incident, else the newest of its cause.

    What needs a person is told at once, what may pass after three in a row or an hour. While `inhibited` by a trouble
    that only a reconnect ends, failures are counted and nothing is told.
    """
    if isinstance(event, Failed):
        return _failed(course, event, now, inhibited=inhibited)
    if course is None:
        return None
    if course.closed_at is not None:
        return _after_the_end(course, event)
    match event:
        case Succeeded():
            return _closed(course, Ending.RECOVERED, Happening.RECOVERED, None, now)
        case Ended(how, by):
            return _closed(course, how, Happening(how), by, now)
        case TimePassed():
            return _time_passed(course, now, inhibited=inhibited)
    return _pressed(course, event)


def _failed(course: Course | None, event: Failed, now: datetime, *, inhibited: bool) -> Decision:
    if course is not None and course.closed_at is not None and comes_back(course, now):
        again = replace(
            course,
            error=event.error,
            failures=course.failures + 1,
            last_failure_at=now,
            taken_by=None,
            closed_at=None,
            ending=None,
            ended_by=None,
            episodes=course.episodes + 1,
        )
        return Decision(again, tell=not inhibited, what=Happening.BACK)
    if course is None or course.closed_at is not None:
        told = event.urgent and not inhibited
        first = Course(event.cause, event.error, 1, now, now, told_at=now if told else None)
        return Decision(first, tell=told, what=Happening.FAILED, fresh=True)
    count = course.failures + 1
    due = event.urgent or count >= TOLD_AFTER_FAILURES or now - course.opened_at >= TOLD_AFTER
    tell = not inhibited and (due or course.told_at is not None)
    worse = course.failures < TOLD_AFTER_FAILURES or event.error != course.error
    after = replace(
        course,
        error=event.error,
        failures=count,
        last_failure_at=now,
        told_at=course.told_at or (now if tell else None),
    )
    return Decision(after, tell=tell, what=Happening.FAILED if worse else None)


def comes_back(course: Course, now: datetime) -> bool:
    """Whether a new failure belongs to this closed incident: it was told, went by itself, and not long ago or while
    somebody had asked for quiet."""
    if course.told_at is None or course.closed_at is None or course.ending != Ending.RECOVERED:
        return False
    return now - course.closed_at <= FLAPPING or (course.snoozed_until is not None and course.snoozed_until > now)


def _closed(course: Course, ending: Ending, what: Happening, by: str | None, now: datetime) -> Decision:
    told = course.told_at is not None
    after = replace(course, closed_at=now, ending=ending, ended_by=by)
    return Decision(after, tell=told, what=what, by=by, aloud=told and ending == Ending.RECOVERED)


def _after_the_end(course: Course, event: Event) -> Decision | None:
    if isinstance(event, Succeeded) and course.ending == Ending.RECONNECTED:
        # The trouble ended when somebody connected again; now it is known to have.
        told = course.told_at is not None
        after = replace(course, ending=Ending.RECOVERED)
        return Decision(after, tell=told, what=Happening.RECOVERED, aloud=told)
    return None


def _time_passed(course: Course, now: datetime, *, inhibited: bool) -> Decision | None:
    if course.snoozed_until is not None and course.snoozed_until <= now:
        awake = replace(course, snoozed_until=None)
        told = course.told_at is not None and not inhibited
        return Decision(awake, tell=told, what=Happening.WOKE, by=course.snoozed_by, aloud=told)
    if course.told_at is None and not inhibited and now - course.opened_at >= TOLD_AFTER:
        return Decision(replace(course, told_at=now), tell=True, what=None)
    return None


def _pressed(course: Course, event: Event) -> Decision | None:
    told = course.told_at is not None
    match event:
        case Snoozed(by, until):
            before = course.snoozed_until
            if course.snoozed_by == by and before is not None and abs(until - before) < SAME_PRESS:
                return None
            return Decision(replace(course, snoozed_until=until, snoozed_by=by), told, Happening.SNOOZED, by)
        case Woken(by) if course.snoozed_until is not None:
            return Decision(replace(course, snoozed_until=None), told, Happening.WOKE, by)
        case Taken(by) if course.taken_by != by:
            return Decision(replace(course, taken_by=by), told, Happening.TAKEN, by)
        case Retried(by):
            return Decision(course, told, Happening.RETRIED, by)
    return None


class SnoozeFor(StrEnum):
    """How long a person may have an alert be quiet."""

    HOUR = "hour"
    MORNING = "morning"
    WEEK = "week"


def snooze_until(asked: SnoozeFor, now: datetime, *, timezone: str) -> datetime:
    """Return the end of a snooze; `morning` is 9:00 of the next day in the organisation's zone (an IANA name)."""
    match asked:
        case SnoozeFor.HOUR:
            return now + timedelta(hours=1)
        case SnoozeFor.WEEK:
            return now + timedelta(weeks=1)
    local = now.astimezone(zone(timezone))
    return datetime.combine(local.date() + timedelta(days=1), MORNING, local.tzinfo).astimezone(now.tzinfo)
