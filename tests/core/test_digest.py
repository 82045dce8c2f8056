"""When the weekly digest is due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.digest import A_WEEK, next_monday

ZONES = ["UTC", "Europe/London", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "Pacific/Apia"]


@pytest.mark.parametrize(
    ("now", "where", "due"),
    [
        ("2026-11-23T08:59:00", "UTC", "2026-11-23T09:00:00"),
        ("2026-11-23T09:00:00", "UTC", "2026-11-30T09:00:00"),
        ("2026-11-22T21:00:00", "Pacific/Auckland", "2026-11-29T20:00:00"),
        ("2026-11-25T12:00:00", "America/New_York", "2026-11-30T14:00:00"),
        ("2026-10-23T12:00:00", "Europe/London", "2026-10-26T09:00:00"),
        ("2026-10-19T08:30:00", "Europe/London", "2026-10-26T09:00:00"),
    ],
)
def test_a_digest_is_due_on_monday_at_nine_where_the_organisation_is(now, where, due):
    found = next_monday(datetime.fromisoformat(now).replace(tzinfo=UTC), ZoneInfo(where))
    assert found == datetime.fromisoformat(due).replace(tzinfo=UTC)


@given(st.integers(1_577_836_800, 2_051_222_400), st.sampled_from(ZONES))
def test_the_next_digest_lies_ahead_within_a_week_on_a_monday_at_nine(second, where):
    now, zone = datetime.fromtimestamp(second, UTC), ZoneInfo(where)
    found = next_monday(now, zone)
    local = found.astimezone(zone)
    assert now < found <= now + A_WEEK + timedelta(hours=2)
    assert (local.weekday(), local.hour, local.minute) == (0, 9, 0)
