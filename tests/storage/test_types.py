"""Money, moments and days come back as they went in, on both databases."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from storage.exact import exact_money
from storage.types import Money, UtcDateTime
from tests.builders import NOW, a_connection, a_workspace, an_invoice_row

beside_others = pytest.mark.asyncio(loop_scope="session")

AUCKLAND = timezone(timedelta(hours=13))
EXTREMES = ["99999999999999.1234", "-99999999999999.9999", "0.0001", "-0.0001", "0", "1234567.8900"]


async def stored_invoice(database, **values):
    """The invoice as it is read back, in a workspace of its own."""
    workspace_id = await a_workspace(database)
    connection = await a_connection(database, workspace_id)
    row = an_invoice_row(connection.id, **values)
    async with database.workspace(workspace_id) as store:
        await store.invoices.put([row])
    async with database.reading(workspace_id) as store:
        return await store.invoices.get(row["invoice_id"])


@beside_others
@pytest.mark.parametrize("amount", EXTREMES)
async def test_money_is_exact_to_the_last_ten_thousandth(shared_database, amount):
    invoice = await stored_invoice(shared_database, total=Decimal(amount))
    assert invoice.total == Decimal(amount)
    assert isinstance(invoice.total, Decimal)


@beside_others
async def test_sums_of_money_are_exact(shared_database):
    workspace_id = await a_workspace(shared_database)
    connection = await a_connection(shared_database, workspace_id)
    amounts = ["99999999999999.1234", "0.0001", "0.0002", "1000000000000.0003"]
    async with shared_database.workspace(workspace_id) as store:
        await store.invoices.put([an_invoice_row(connection.id, amount_due=amount) for amount in amounts])
        [euros] = await store.invoices.totals(today=date(2026, 3, 2))
    assert euros.amount == euros.overdue_amount == Decimal("100999999999999.1240")


@beside_others
@pytest.mark.parametrize("amount", ["0.00001", "NaN", "sNaN", "Infinity", "100000000000000", "-100000000000000"])
async def test_money_that_cannot_be_kept_exactly_is_refused(shared_database, amount):
    with pytest.raises(ValueError, match="the amount"):
        await stored_invoice(shared_database, total=Decimal(amount))


@pytest.mark.parametrize("amount", ["1E-30", "99999999999999.99999999999999999999"])
def test_no_rounding_hides_decimals_that_do_not_fit(amount):
    with pytest.raises(ValueError, match="the amount"):
        exact_money(Decimal(amount))


@given(st.decimals(min_value=-(10**14) + 1, max_value=10**14 - 1, places=4))
def test_whatever_money_goes_in_comes_out(amount):
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        assert Money().process_result_value(Money().process_bind_param(amount, dialect), dialect) == amount


@beside_others
async def test_a_moment_of_another_zone_is_the_same_moment_in_utc(shared_database):
    invoice = await stored_invoice(shared_database, updated_at=NOW.astimezone(AUCKLAND))
    assert (invoice.updated_at, invoice.updated_at.tzinfo) == (NOW, UTC)


@beside_others
async def test_a_moment_keeps_its_microseconds(shared_database):
    moment = NOW.replace(microsecond=123456)
    assert (await stored_invoice(shared_database, updated_at=moment)).updated_at == moment


@beside_others
async def test_a_moment_without_a_zone_is_refused(shared_database):
    with pytest.raises(ValueError, match="without a time zone"):
        await stored_invoice(shared_database, updated_at=NOW.replace(tzinfo=None))


@beside_others
@pytest.mark.parametrize("moment", [datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)])
async def test_the_first_and_the_last_moment_are_kept(shared_database, moment):
    assert (await stored_invoice(shared_database, updated_at=moment)).updated_at == moment


@beside_others
@pytest.mark.parametrize("day", [date(1970, 1, 1), date(9999, 12, 31), date(2028, 2, 29), None])
async def test_a_day_is_kept_as_a_day(shared_database, day):
    assert (await stored_invoice(shared_database, due_on=day)).due_on == day


@given(st.datetimes(timezones=st.timezones()).filter(lambda moment: 1 < moment.year < 9999))
def test_whatever_moment_goes_in_comes_out(moment):
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        stored = UtcDateTime().process_bind_param(moment, dialect)
        assert UtcDateTime().process_result_value(stored, dialect) == moment.astimezone(UTC)
