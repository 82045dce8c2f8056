"""Rows for tests. What a test is about it names; everything else has a plain value here."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from storage.database import Database
from storage.models import ConnectAttempt, Connection, SyncRun, Team, Trigger, Workspace
from storage.unscoped import Unscoped

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


async def a_team(database: Database, *, slack_team_id: str = "T1", enterprise_id: str = "") -> UUID:
    """The team with these Slack ids, made where there is none."""
    async with database.unscoped() as unscoped:
        return await team_in(unscoped, slack_team_id, enterprise_id)


async def team_in(unscoped: Unscoped, slack_team_id: str, enterprise_id: str = "") -> UUID:
    team = await unscoped.team(enterprise_id=enterprise_id, slack_team_id=slack_team_id)
    if team is None:
        team = Team(
            enterprise_id=enterprise_id,
            slack_team_id=slack_team_id,
            name="Example",
            url="https://example.slack.com/",
            bot_id="B1",
            bot_user_id="U-BOT",
            bot_token_sealed=b"sealed bot token",
            installed_at=NOW,
        )
        unscoped.add_team(team)
        await unscoped.session.flush()
    return team.id


async def a_workspace(
    database: Database, *, team_id: UUID | None = None, channel_id: str | None = None, created_at: datetime = NOW
) -> UUID:
    """A workspace in a channel of its own."""
    async with database.unscoped() as unscoped:
        workspace = Workspace(
            team_id=team_id or await team_in(unscoped, "T1"),
            channel_id=channel_id or f"C{uuid4().hex[:10].upper()}",
            created_by="U1",
            created_at=created_at,
        )
        unscoped.add_workspace(workspace)
        return workspace.id


async def a_connection(database: Database, workspace_id: UUID, **values: Any) -> Connection:
    """A live connection to an organisation of its own, with tokens; `values` are columns."""
    tokens = {
        "access_token_sealed": b"sealed access",
        "refresh_token_sealed": b"sealed refresh",
        "access_expires_at": NOW,
        "token_version": 1,
    }
    plain = {
        "tenant_id": str(uuid4()),
        "tenant_name": "Acme",
        "xero_connection_id": str(uuid4()),
        "connected_by": "U1",
        "connected_at": NOW,
        "base_currency": "EUR",
    }
    connection = Connection(workspace_id=workspace_id, **plain | tokens | values)
    async with database.workspace(workspace_id) as store:
        store.connections.add(connection)
    return connection


async def a_run(
    database: Database, connection: Connection, trigger: Trigger = Trigger.SCHEDULED, **values: Any
) -> SyncRun:
    """A queued run, or one with other columns."""
    run = SyncRun(
        workspace_id=connection.workspace_id,
        connection_id=connection.id,
        trigger=trigger,
        **{"queued_at": NOW} | values,
    )
    async with database.workspace(connection.workspace_id) as store:
        store.session.add(run)
    return run


async def an_attempt(database: Database, workspace_id: UUID, **values: Any) -> ConnectAttempt:
    """A try to connect whose link was just made."""
    plain = {"link_hash": str(uuid4()), "asked_by": "U1", "created_at": NOW, "expires_at": NOW + timedelta(minutes=15)}
    attempt = ConnectAttempt(workspace_id=workspace_id, **plain | values)
    async with database.workspace(workspace_id) as store:
        store.session.add(attempt)
    return attempt


def an_invoice_row(connection_id: UUID, *, amount_due: str = "100.00", **values: Any) -> dict[str, Any]:
    """An approved invoice of which `amount_due` is outstanding, for Invoices.put()."""
    due = Decimal(amount_due)
    plain = {
        "invoice_id": uuid4(),
        "connection_id": connection_id,
        "number": "INV-1",
        "reference": "",
        "contact_id": uuid4(),
        "contact_name": "Customer",
        "status": "AUTHORISED",
        "currency": "EUR",
        "total": due,
        "amount_due": due,
        "amount_paid": Decimal(0),
        "amount_credited": Decimal(0),
        "issued_on": date(2026, 2, 1),
        "due_on": date(2026, 3, 1),
        "fully_paid_on": None,
        "expected_payment_on": None,
        "updated_at": NOW,
    }
    return plain | values


def a_contact_row(connection_id: UUID, **values: Any) -> dict[str, Any]:
    """A customer, for Contacts.put()."""
    plain = {
        "contact_id": uuid4(),
        "connection_id": connection_id,
        "name": "Customer",
        "email": "books@customer.example",
        "people": [],
        "status": "ACTIVE",
        "updated_at": NOW,
    }
    return plain | values
