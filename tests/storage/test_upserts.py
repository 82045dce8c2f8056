"""Many rows at once: stored exactly as one by one."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Date, Uuid
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

from storage.database import Database
from storage.exact import as_day, as_hex, as_text, as_units
from storage.types import Money, UtcDateTime
from tests.builders import a_connection, a_workspace, an_invoice_row

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


@given(st.dates() | st.none())
def test_a_date_is_written_as_sqlalchemy_writes_it(day: date | None) -> None:
    assert as_day(day) == by_sqlalchemy(Date(), day)


@given(st.uuids() | st.none())
def test_an_id_is_written_as_sqlalchemy_writes_it(value: UUID | None) -> None:
    assert as_hex(value) == by_sqlalchemy(Uuid(), value)


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 1000, 1234])
async def test_however_many_rows_come_at_once_all_are_stored(shared_database: Database, count: int) -> None:
    workspace_id = await a_workspace(shared_database)
    connection = await a_connection(shared_database, workspace_id)
    rows = [an_invoice_row(connection.id, number=f"N-{number}") for number in range(count)]
    async with shared_database.workspace(workspace_id) as store:
        await store.invoices.put(rows)
        stored = await store.invoices.everything()
    assert {invoice.invoice_id: invoice.number for invoice in stored} == {r["invoice_id"]: r["number"] for r in rows}


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        as_text(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("amount", ["0.00001", "1e14", "NaN", "Infinity"])
def test_money_that_cannot_be_kept_exactly_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        as_units(Decimal(amount))
