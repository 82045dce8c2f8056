"""One trouble, one alert: decided purely, and carried out over any order of failures and successes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from core import errors
from core.incidents import Cause, Step, after_failure, cause_of, failed, recovered
from core.notices import Trouble, decode
from storage.database import Database
from storage.models import Connection, OutboxMessage
from storage.store import WorkspaceStore
from tests import builders

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PASSING = errors.XeroUnavailable()

LEAVES: dict[type[errors.XeroError], Cause] = {
    errors.PermissionEnded: Cause.RECONNECT_NEEDED,
    errors.DisconnectedInXero: Cause.RECONNECT_NEEDED,
    errors.PermissionMissing: Cause.RECONNECT_NEEDED,
    errors.ChangedInXero: Cause.CHANGED_IN_XERO,
    errors.XeroUnavailable: Cause.XERO_UNREACHABLE,
    errors.XeroUnreadable: Cause.XERO_UNREACHABLE,
    errors.OrganisationOffline: Cause.XERO_UNREACHABLE,
    errors.RateLimited: Cause.QUOTA_USED_UP,
    errors.DailyLimitReached: Cause.QUOTA_USED_UP,
    errors.XeroRejected: Cause.OURS,
    errors.Misconfigured: Cause.OURS,
    errors.Unexpected: Cause.OURS,
}


@pytest.mark.parametrize(("error", "cause"), LEAVES.items())
def test_every_error_has_its_cause(error: type[errors.XeroError], cause: Cause) -> None:
    assert cause_of(error()) == cause


def step(
    error: errors.XeroError, *, failures: int = 0, minutes: int = 0, told: bool = False, inhibited: bool = False
) -> Step:
    since = NOW - timedelta(minutes=minutes)
    return after_failure(error, failures=failures, since=since, told=told, inhibited=inhibited, now=NOW)


@pytest.mark.parametrize("error", [errors.PermissionEnded(), errors.ChangedInXero(), errors.Misconfigured()])
def test_what_needs_somebody_is_told_at_once(error: errors.XeroError) -> None:
    assert step(error) == Step(1, told=True)


@pytest.mark.parametrize(("failures", "told"), [(0, False), (1, False), (2, True), (3, True)])
def test_what_may_pass_is_told_after_three_in_a_row(failures: int, told: bool) -> None:
    assert step(PASSING, failures=failures) == Step(failures + 1, told)


@pytest.mark.parametrize(("minutes", "told"), [(59, False), (60, True), (61, True)])
def test_what_may_pass_is_told_after_an_hour(minutes: int, told: bool) -> None:
    assert step(PASSING, failures=1, minutes=minutes) == Step(2, told)


def test_beside_a_trouble_that_only_a_reconnect_ends_nothing_new_is_told() -> None:
    assert step(errors.Misconfigured(), failures=5, minutes=300, inhibited=True) == Step(6, told=False)


def test_what_has_been_told_stays_told() -> None:
    assert step(PASSING, failures=1, told=True, inhibited=True) == Step(2, told=True)


@pytest.fixture
async def connection(database: Database) -> Connection:
    return await builders.a_connection(database, await builders.a_workspace(database))


async def troubles(store: WorkspaceStore) -> list[Trouble]:
    """Every trouble that was told, as it stands."""
    rows = await store.session.exec(select(OutboxMessage).where(col(OutboxMessage.workspace_id) == store.id))
    return [notice for notice in (decode(row.notice) for row in rows.all()) if isinstance(notice, Trouble)]


async def test_recovery_is_told_once_and_only_where_the_trouble_was(database: Database, connection: Connection) -> None:
    async with database.workspace(connection.workspace_id) as store:
        await failed(store, connection, errors.RateLimited(), now=NOW)
        await failed(store, connection, errors.PermissionEnded(), now=NOW)
        assert [(told.error, told.recovered) for told in await troubles(store)] == [("PermissionEnded", False)]
        await recovered(store, connection, now=NOW)
        await recovered(store, connection, now=NOW + timedelta(minutes=1))
        [told] = await troubles(store)
        assert (told.recovered, told.closed_at) == (True, NOW)
        [message] = (await store.session.exec(select(OutboxMessage))).all()
        await store.session.refresh(message)
        assert message.version == 2, "once when it began, once when it was over"


steps = st.lists(
    st.tuples(st.sampled_from([None, *LEAVES]), st.timedeltas(timedelta(0), timedelta(hours=2))),
    min_size=1,
    max_size=25,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
async def test_at_most_one_trouble_per_cause_is_open_and_each_is_told_by_one_message(
    database: Database, story: list[tuple[type[errors.XeroError] | None, timedelta]]
) -> None:
    """None is a sync that worked."""
    connection = await builders.a_connection(database, await builders.a_workspace(database))
    now = NOW
    for error, passed in story:
        now += passed
        async with database.workspace(connection.workspace_id) as store:
            if error is None:
                await recovered(store, connection, now=now)
                assert await store.incidents.open(connection.id) == []
            else:
                await failed(store, connection, error(), now=now)
                causes = [incident.cause for incident in await store.incidents.open(connection.id)]
                assert len(causes) == len(set(causes))
                assert cause_of(error()) in causes
    async with database.workspace(connection.workspace_id) as store:
        open_ones = await store.incidents.open(connection.id)
        for told in await troubles(store):
            assert (told.closed_at is not None) == told.recovered
        still = [told for told in await troubles(store) if told.closed_at is None]
        assert len(still) == len([incident for incident in open_ones if incident.told_at])
