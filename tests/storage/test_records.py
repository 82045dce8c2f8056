"""The small tables: cursors, records set aside, incidents, the audit, and who is who."""

from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from sqlalchemy.exc import NoResultFound

from storage.models import ConnectionState, Incident, Resource
from storage.unscoped import Place
from tests.builders import NOW, a_connection, a_team, a_workspace

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECOND = timedelta(seconds=1)


@pytest_asyncio.fixture(loop_scope="session")
async def acme(shared_database):
    return await a_connection(shared_database, await a_workspace(shared_database))


async def cursor(database, connection, resource=Resource.INVOICES):
    async with database.workspace(connection.workspace_id) as store:
        return await store.cursors.get(connection.id, resource)


async def set_aside(database, connection, record, *, reason="odd", now=NOW, resource=Resource.INVOICES):
    async with database.workspace(connection.workspace_id) as store:
        await store.set_aside.put(connection.id, resource, record=record, label="", reason=reason, now=now)


async def odd_records(database, connection):
    async with database.reading(connection.workspace_id) as store:
        return [(odd.record, odd.reason, odd.since_at) for odd in (await store.set_aside.first(9)).records]


async def test_a_cursor_begins_with_everything_still_to_be_read(shared_database, acme):
    fresh = await cursor(shared_database, acme)
    assert (fresh.since, fresh.filling, fresh.follow_from) == (None, True, None)


async def test_a_cursor_is_remembered_for_each_resource(shared_database, acme):
    async with shared_database.workspace(acme.workspace_id) as store:
        (await store.cursors.get(acme.id, Resource.INVOICES)).since = NOW
    assert (await cursor(shared_database, acme)).since == NOW
    assert (await cursor(shared_database, acme, Resource.CONTACTS)).since is None


async def test_a_cursor_that_was_got_before_is_moved_in_another_transaction(shared_database, acme):
    held = await cursor(shared_database, acme)
    held.since, held.filling, held.reached = NOW, False, NOW + SECOND
    async with shared_database.workspace(acme.workspace_id) as store:
        await store.cursors.move(held)
    fresh = await cursor(shared_database, acme)
    assert (fresh.since, fresh.filling, fresh.reached) == (NOW, False, NOW + SECOND)


async def test_starting_over_forgets_how_far_anything_was_read(shared_database, acme):
    async with shared_database.workspace(acme.workspace_id) as store:
        moved = await store.cursors.get(acme.id, Resource.INVOICES)
        moved.since, moved.filling = NOW, False
    async with shared_database.workspace(acme.workspace_id) as store:
        await store.cursors.start_over(acme.id)
    fresh = await cursor(shared_database, acme)
    assert (fresh.since, fresh.filling) == (None, True)


async def test_a_record_that_stays_odd_is_told_once_since_its_first_time(shared_database, acme):
    await set_aside(shared_database, acme, "r1", reason="first words")
    await set_aside(shared_database, acme, "r1", reason="other words", now=NOW + SECOND)
    assert await odd_records(shared_database, acme) == [("r1", "other words", NOW)]


async def test_records_set_aside_are_told_oldest_first(shared_database, acme):
    await set_aside(shared_database, acme, "young", now=NOW + SECOND)
    await set_aside(shared_database, acme, "old")
    assert [record for record, *_ in await odd_records(shared_database, acme)] == ["old", "young"]
    async with shared_database.reading(acme.workspace_id) as store:
        oldest, of = await store.set_aside.first(1)
    assert ([odd.record for odd in oldest], of) == (["old"], 2)


async def test_a_record_that_is_understood_is_no_longer_set_aside(shared_database, acme):
    for record in ("understood", "still odd"):
        await set_aside(shared_database, acme, record)
    await set_aside(shared_database, acme, "understood", resource=Resource.CONTACTS)
    async with shared_database.workspace(acme.workspace_id) as store:
        await store.set_aside.clear(Resource.INVOICES, ["understood", "unknown"])
        await store.set_aside.clear(Resource.INVOICES, [])
        assert await store.set_aside.count() == 2


async def test_open_incidents_are_told_oldest_first_and_closed_ones_not(shared_database, acme):
    ids = {"workspace_id": acme.workspace_id, "connection_id": acme.id}
    async with shared_database.workspace(acme.workspace_id) as store:
        for cause, opened_at, closed_at in (("b", NOW, None), ("a", NOW - SECOND, None), ("c", NOW, NOW)):
            incident = Incident(**ids, cause=cause, error="E", opened_at=opened_at, last_failure_at=opened_at)
            incident.closed_at = closed_at
            store.incidents.add(incident)
    async with shared_database.reading(acme.workspace_id) as store:
        assert [incident.cause for incident in await store.incidents.open(acme.id)] == ["a", "b"]


async def test_the_audit_tells_the_latest_first(shared_database, acme):
    async with shared_database.workspace(acme.workspace_id) as store:
        for minutes, what in enumerate(("connected", "disconnected", "reconnected")):
            store.audit.add("U1", what, at=NOW + minutes * SECOND)
    async with shared_database.reading(acme.workspace_id) as store:
        assert [event.what for event in await store.audit.latest(2)] == ["reconnected", "disconnected"]


async def test_a_team_is_known_by_both_of_its_slack_ids(shared_database):
    team_id = await a_team(shared_database, slack_team_id="T-BOTH", enterprise_id="E1")
    async with shared_database.unscoped() as unscoped:
        assert (await unscoped.team(enterprise_id="E1", slack_team_id="T-BOTH")).id == team_id
        assert await unscoped.team(enterprise_id="", slack_team_id="T-BOTH") is None


async def test_the_places_of_a_team_are_its_own_oldest_first(shared_database):
    ours = await a_team(shared_database, slack_team_id="T-PLACES")
    young = await a_workspace(shared_database, team_id=ours, channel_id="C-YOUNG", created_at=NOW + SECOND)
    old = await a_workspace(shared_database, team_id=ours, channel_id="C-OLD")
    await a_workspace(shared_database, channel_id="C-OTHER-TEAM")
    async with shared_database.unscoped() as unscoped:
        assert await unscoped.places(ours) == [Place(old, "C-OLD"), Place(young, "C-YOUNG")]


async def test_the_organisations_of_a_team_are_those_people_mean(shared_database):
    ours = await a_team(shared_database, slack_team_id="T-NAMES")
    live, ended, none = [await a_workspace(shared_database, team_id=ours) for _ in range(3)]
    gone = {"state": ConnectionState.DISCONNECTED}
    await a_connection(shared_database, live, tenant_name="Live")
    await a_connection(shared_database, live, tenant_name="Ended later", connected_at=NOW + SECOND, **gone)
    await a_connection(shared_database, ended, tenant_name="Last", connected_at=NOW, **gone)
    await a_connection(shared_database, ended, tenant_name="First", connected_at=NOW - SECOND, **gone)
    await a_connection(shared_database, await a_workspace(shared_database), tenant_name="A stranger's")
    async with shared_database.asking() as unscoped:
        names = await unscoped.organisations(ours)
    assert names == {live: "Live", ended: "Last"}
    assert none not in names


async def test_a_workspace_that_is_not_there_says_so(shared_database):
    with pytest.raises(NoResultFound):
        async with shared_database.reading(uuid4()) as store:
            await store.about.get()


async def test_a_connection_belongs_to_a_workspace(shared_database, acme):
    async with shared_database.unscoped() as unscoped:
        assert await unscoped.owner_of(acme.id) == acme.workspace_id
        assert await unscoped.owner_of(uuid4()) is None


@pytest.mark.parametrize(
    ("state", "live"),
    [
        (ConnectionState.ACTIVE, True),
        (ConnectionState.RECONNECT_NEEDED, True),
        (ConnectionState.DISCONNECTED, False),
    ],
)
async def test_an_organisation_is_live_until_it_is_disconnected(shared_database, state, live):
    connection = await a_connection(shared_database, await a_workspace(shared_database), state=state)
    async with shared_database.unscoped() as unscoped:
        assert await unscoped.tenant_is_live(connection.tenant_id) is live
