"""Rules that no code can break: the schema itself refuses."""

from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from storage.mirror_models import Contact, Cursor, Invoice, SetAside
from storage.models import ConnectionState, Incident, OutboxMessage, Resource, SyncRun, Trigger
from storage.reminder_models import Letter
from storage.unapplied_models import Unapplied
from storage.webhook_models import WebhookEvent
from tests.builders import NOW, a_connection, a_contact_row, a_run, a_team, a_workspace, an_attempt, an_invoice_row

beside_others = pytest.mark.asyncio(loop_scope="session")

TABLES = SQLModel.metadata.sorted_tables
LIVE = [ConnectionState.ACTIVE, ConnectionState.RECONNECT_NEEDED]
WITHOUT_WORKSPACE = {
    "team",
    "workspace",
    "seen_request",
    "install_attempt",
    "webhook_feed",
    "sealing_key",
    "home_view",
    "worker",
    "installation",
}


async def an_incident(database, connection, *, cause="ours", **values):
    ids = {"workspace_id": connection.workspace_id, "connection_id": connection.id}
    async with database.workspace(connection.workspace_id) as store:
        store.incidents.add(Incident(**ids, cause=cause, error="E", opened_at=NOW, last_failure_at=NOW, **values))


@pytest.mark.parametrize("table", [t for t in TABLES if t.name not in WITHOUT_WORKSPACE], ids=str)
def test_every_table_of_a_workspace_names_it_in_each_row(table):
    assert not table.c.workspace_id.nullable


@pytest.mark.parametrize("table", [t for t in TABLES if t.name not in WITHOUT_WORKSPACE], ids=str)
def test_every_row_belongs_to_a_workspace_that_exists(table):
    ways = [key.referred_table for key in table.foreign_key_constraints if "workspace_id" in key.columns]
    assert ways
    assert all(way.name == "workspace" or way.name not in WITHOUT_WORKSPACE for way in ways)


@pytest.mark.parametrize(
    "key",
    [key for t in TABLES for key in t.foreign_key_constraints if key.referred_table.name not in WITHOUT_WORKSPACE],
    ids=lambda key: key.name,
)
def test_every_foreign_key_between_tables_of_a_workspace_carries_the_workspace(key):
    pairs = {(element.parent.name, element.column.name) for element in key.elements}
    assert ("workspace_id", "workspace_id") in pairs


@beside_others
@pytest.mark.parametrize("state", LIVE)
async def test_a_workspace_has_one_live_connection(shared_database, state):
    workspace_id = await a_workspace(shared_database)
    await a_connection(shared_database, workspace_id, state=state)
    with pytest.raises(IntegrityError):
        await a_connection(shared_database, workspace_id)


@beside_others
@pytest.mark.parametrize("state", LIVE)
async def test_an_organisation_has_one_live_connection_in_the_whole_installation(shared_database, state):
    acme = await a_connection(shared_database, await a_workspace(shared_database), state=state)
    other_team = await a_team(shared_database, slack_team_id="T2")
    elsewhere = await a_workspace(shared_database, team_id=other_team)
    with pytest.raises(IntegrityError):
        await a_connection(shared_database, elsewhere, tenant_id=acme.tenant_id)


@beside_others
async def test_an_ended_connection_leaves_workspace_and_organisation_free(shared_database):
    before = await a_workspace(shared_database)
    ended = await a_connection(shared_database, before, state=ConnectionState.DISCONNECTED)
    await a_connection(shared_database, await a_workspace(shared_database), tenant_id=ended.tenant_id)
    await a_connection(shared_database, before)


@beside_others
async def test_an_ended_connection_cannot_come_alive_while_its_organisation_is_elsewhere(shared_database):
    ended = await a_connection(shared_database, await a_workspace(shared_database), state=ConnectionState.DISCONNECTED)
    await a_connection(shared_database, await a_workspace(shared_database), tenant_id=ended.tenant_id)
    with pytest.raises(IntegrityError):
        async with shared_database.workspace(ended.workspace_id) as store:
            (await store.connections.get(ended.id)).state = ConnectionState.ACTIVE


@beside_others
async def test_a_workspace_knows_an_organisation_once(shared_database):
    ended = await a_connection(shared_database, await a_workspace(shared_database), state=ConnectionState.DISCONNECTED)
    with pytest.raises(IntegrityError):
        await a_connection(shared_database, ended.workspace_id, tenant_id=ended.tenant_id)


@beside_others
async def test_a_connection_has_one_unfinished_run(shared_database):
    connection = await a_connection(shared_database, await a_workspace(shared_database))
    await a_run(shared_database, connection, state="running")
    with pytest.raises(IntegrityError):
        await a_run(shared_database, connection)


@beside_others
async def test_finished_runs_do_not_stand_in_the_way(shared_database):
    connection = await a_connection(shared_database, await a_workspace(shared_database))
    await a_run(shared_database, connection, finished_at=NOW)
    await a_run(shared_database, connection, finished_at=NOW)
    await a_run(shared_database, connection)


@beside_others
async def test_a_connection_has_one_open_incident_of_a_cause(shared_database):
    connection = await a_connection(shared_database, await a_workspace(shared_database))
    await an_incident(shared_database, connection, cause="xero_unreachable")
    with pytest.raises(IntegrityError):
        await an_incident(shared_database, connection, cause="xero_unreachable")


@beside_others
async def test_another_cause_or_a_closed_incident_does_not_stand_in_the_way(shared_database):
    connection = await a_connection(shared_database, await a_workspace(shared_database))
    await an_incident(shared_database, connection, cause="xero_unreachable", closed_at=NOW)
    await an_incident(shared_database, connection, cause="xero_unreachable")
    await an_incident(shared_database, connection, cause="ours")


@beside_others
async def test_a_channel_has_one_workspace(shared_database):
    await a_workspace(shared_database, channel_id="C-BOOKS")
    with pytest.raises(IntegrityError):
        await a_workspace(shared_database, channel_id="C-BOOKS")


@beside_others
async def test_the_same_channel_id_of_another_team_is_another_channel(shared_database):
    await a_workspace(shared_database, channel_id="C-SALES")
    other_team = await a_team(shared_database, slack_team_id="T3")
    await a_workspace(shared_database, team_id=other_team, channel_id="C-SALES")


@beside_others
async def test_a_workspace_needs_its_team(shared_database):
    with pytest.raises(IntegrityError):
        await a_workspace(shared_database, team_id=uuid4())


@beside_others
async def test_a_card_is_one_message(shared_database):
    workspace_id = await a_workspace(shared_database)
    message = {"workspace_id": workspace_id, "card": "run:1", "notice": "{}", "created_at": NOW, "next_attempt_at": NOW}
    with pytest.raises(IntegrityError):
        async with shared_database.workspace(workspace_id) as store:
            store.session.add_all([OutboxMessage(**message), OutboxMessage(**message)])


@beside_others
@pytest.mark.parametrize("column", ["link_hash", "state_hash"])
async def test_a_link_and_a_state_mean_one_attempt(shared_database, column):
    first, second = await a_workspace(shared_database), await a_workspace(shared_database)
    await an_attempt(shared_database, first, **{column: f"the {column}"})
    with pytest.raises(IntegrityError):
        await an_attempt(shared_database, second, **{column: f"the {column}"})


def rows_pointing_at(connection, workspace_id):
    """A row of each kind, in this workspace, that points at that connection."""
    ids = {"workspace_id": workspace_id, "connection_id": connection.id}
    mine = {"workspace_id": workspace_id}
    return {
        "sync_run": SyncRun(**ids, trigger=Trigger.MANUAL, queued_at=NOW),
        "cursor": Cursor(**ids, resource=Resource.INVOICES),
        "contact": Contact(**mine, **a_contact_row(connection.id)),
        "invoice": Invoice(**mine, **an_invoice_row(connection.id)),
        "set_aside": SetAside(**ids, resource=Resource.INVOICES, record="r", reason="odd", since_at=NOW),
        "unapplied": Unapplied(
            **ids, paper_id=uuid4(), kind="credit_note", contact_id=uuid4(), currency="EUR", remaining=Decimal(1)
        ),
        "webhook_event": WebhookEvent(**ids, resource_id=uuid4(), happened="2026", category="INVOICE", received_at=NOW),
        "incident": Incident(**ids, cause="ours", error="E", opened_at=NOW, last_failure_at=NOW),
        "letter": Letter(**ids, contact_id=uuid4(), goes_on=NOW.date(), unsubscribe_hash=uuid4().hex, claimed_at=NOW),
    }


POINTING = {t.name for t in TABLES for key in t.foreign_key_constraints if key.referred_table.name == "connection"}


@beside_others
@pytest.mark.parametrize("table", sorted(POINTING))
async def test_a_row_cannot_point_into_another_workspace(shared_database, table):
    theirs = await a_connection(shared_database, await a_workspace(shared_database))
    stranger = await a_workspace(shared_database)
    with pytest.raises(IntegrityError):
        async with shared_database.workspace(stranger) as store:
            store.session.add(rows_pointing_at(theirs, stranger)[table])


@beside_others
@pytest.mark.parametrize("table", sorted(POINTING))
async def test_a_row_can_point_within_its_own_workspace(shared_database, table):
    ours = await a_connection(shared_database, await a_workspace(shared_database))
    async with shared_database.workspace(ours.workspace_id) as store:
        store.session.add(rows_pointing_at(ours, ours.workspace_id)[table])
