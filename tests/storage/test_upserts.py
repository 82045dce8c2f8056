"""Many rows at once: stored exactly as one by one."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

from storage.types import Money, UtcDateTime, as_text, as_units

zones = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))
EARLY, LATE = datetime(1900, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001  # as hypothesis wants them
moments = st.datetimes(EARLY, LATE, timezones=zones | st.just(UTC))
amounts = st.decimals(-(10**13), 10**13, places=4)


def by_sqlalchemy(kind: TypeEngine[Any], value: Any) -> Any:
    dialect = sqlite.dialect()
    turn = kind.dialect_impl(dialect).bind_processor(dialect)
    assert turn is not None
    return turn(value)


@given(moments | st.none())
def test_a_moment_is_written_as_sqlalchemy_writes_it(moment: datetime | None) -> None:
    assert as_text(moment) == by_sqlalchemy(UtcDateTime(), moment)


@given(amounts | st.none())
def test_money_is_written_as_sqlalchemy_writes_it(amount: Decimal | None) -> None:
    assert as_units(amount) == by_sqlalchemy(Money(), amount)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        as_text(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("amount", ["0.00001", "1e14", "NaN", "Infinity"])
def test_money_that_cannot_be_kept_exactly_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        as_units(Decimal(amount))
