"""The first tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import storage.types

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "team",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.String(), nullable=False),
        sa.Column("slack_team_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("bot_id", sa.String(), nullable=False),
        sa.Column("bot_user_id", sa.String(), nullable=False),
        sa.Column("bot_token_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("installed_at", storage.types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("enterprise_id", "slack_team_id", name=op.f("uq_team_enterprise_id_slack_team_id")),
    )
    op.create_table(
        "workspace",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", storage.types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_workspace_team_id_team")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspace")),
        sa.UniqueConstraint("team_id", "channel_id", name="one_workspace_per_channel"),
    )
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_audit_event_workspace_id_workspace")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_event_workspace_id"), ["workspace_id"], unique=False)

    op.create_table(
        "connect_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("link_hash", sa.String(), nullable=False),
        sa.Column("state_hash", sa.String(), nullable=True),
        sa.Column("browser_hash", sa.String(), nullable=True),
        sa.Column("verifier_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("grant_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("created_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("opened_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("returned_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("finished_at", storage.types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_connect_attempt_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connect_attempt")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_connect_attempt_link_hash")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_connect_attempt_state_hash")),
    )
    with op.batch_alter_table("connect_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_connect_attempt_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "connection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.String(), nullable=False),
        sa.Column("tenant_name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("xero_connection_id", sa.String(), nullable=False),
        sa.Column("connected_by", sa.String(), nullable=False),
        sa.Column("connected_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("disconnected_by", sa.String(), nullable=True),
        sa.Column("disconnected_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("short_code", sa.String(), nullable=False),
        sa.Column("base_currency", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("access_token_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("refresh_token_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("access_expires_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("token_version", sa.Integer(), nullable=False),
        sa.Column("refresh_lease_until", storage.types.UtcDateTime(), nullable=True),
        sa.Column("next_sync_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("farewell_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_attempt_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("last_success_at", storage.types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_connection_workspace_id_workspace")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_connection_workspace_id_id")),
        sa.UniqueConstraint("workspace_id", "tenant_id", name=op.f("uq_connection_workspace_id_tenant_id")),
    )
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_connection_farewell_at"), ["farewell_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_connection_next_sync_at"), ["next_sync_at"], unique=False)
        batch_op.create_index(
            "one_live_connection_per_tenant",
            ["tenant_id"],
            unique=True,
            sqlite_where=sa.text("state <> 'disconnected'"),
            postgresql_where=sa.text("state <> 'disconnected'"),
        )
        batch_op.create_index(
            "one_live_connection_per_workspace",
            ["workspace_id"],
            unique=True,
            sqlite_where=sa.text("state <> 'disconnected'"),
            postgresql_where=sa.text("state <> 'disconnected'"),
        )

    op.create_table(
        "outbox_message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("card", sa.String(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("to_user", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("told_version", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("next_attempt_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("told_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("channel_id", sa.String(), nullable=True),
        sa.Column("message_ts", sa.String(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_outbox_message_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
        sa.UniqueConstraint("workspace_id", "card", name=op.f("uq_outbox_message_workspace_id_card")),
    )
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_message_waiting",
            ["next_attempt_at"],
            unique=False,
            sqlite_where=sa.text("waiting"),
            postgresql_where=sa.text("waiting"),
        )

    op.create_table(
        "contact",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("updated_at", storage.types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "connection_id"],
            ["connection.workspace_id", "connection.id"],
            name=op.f("fk_contact_workspace_id_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "contact_id", name=op.f("pk_contact")),
    )
    op.create_table(
        "cursor",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("since", storage.types.UtcDateTime(), nullable=True),
        sa.Column("filling", sa.Boolean(), nullable=False),
        sa.Column("follow_from", storage.types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "connection_id"],
            ["connection.workspace_id", "connection.id"],
            name=op.f("fk_cursor_workspace_id_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "connection_id", "resource", name=op.f("pk_cursor")),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("opened_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("last_failure_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("told_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("closed_at", storage.types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "connection_id"],
            ["connection.workspace_id", "connection.id"],
            name=op.f("fk_incident_workspace_id_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
    )
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.create_index(
            "one_open_incident_per_cause",
            ["connection_id", "cause"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "invoice",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("total", storage.types.Money(), nullable=False),
        sa.Column("amount_due", storage.types.Money(), nullable=False),
        sa.Column("amount_paid", storage.types.Money(), nullable=False),
        sa.Column("amount_credited", storage.types.Money(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("fully_paid_on", sa.Date(), nullable=True),
        sa.Column("expected_payment_on", sa.Date(), nullable=True),
        sa.Column("updated_at", storage.types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "connection_id"],
            ["connection.workspace_id", "connection.id"],
            name=op.f("fk_invoice_workspace_id_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "invoice_id", name=op.f("pk_invoice")),
    )
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.create_index("ix_invoice_outstanding", ["workspace_id", "status", "due_on"], unique=False)

    op.create_table(
        "set_aside",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since_at", storage.types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "connection_id"],
            ["connection.workspace_id", "connection.id"],
            name=op.f("fk_set_aside_workspace_id_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "resource", "record", name=op.f("pk_set_aside")),
    )
    op.create_table(
        "sync_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=True),
        sa.Column("queued_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("started_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("finished_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("page_count", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.Column("contacts", sa.Integer(), nullable=False),
        sa.Column("set_aside", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("retry_at", storage.types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "connection_id"],
            ["connection.workspace_id", "connection.id"],
            name=op.f("fk_sync_run_workspace_id_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_run")),
    )
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.create_index("ix_sync_run_recent", ["workspace_id", "queued_at"], unique=False)
        batch_op.create_index(
            "one_unfinished_run_per_connection",
            ["connection_id"],
            unique=True,
            sqlite_where=sa.text("finished_at IS NULL"),
            postgresql_where=sa.text("finished_at IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.drop_index(
            "one_unfinished_run_per_connection",
            sqlite_where=sa.text("finished_at IS NULL"),
            postgresql_where=sa.text("finished_at IS NULL"),
        )
        batch_op.drop_index("ix_sync_run_recent")

    op.drop_table("sync_run")
    op.drop_table("set_aside")
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.drop_index("ix_invoice_outstanding")

    op.drop_table("invoice")
    with op.batch_alter_table("incident", schema=None) as batch_op:
        batch_op.drop_index(
            "one_open_incident_per_cause",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.drop_table("incident")
    op.drop_table("cursor")
    op.drop_table("contact")
    with op.batch_alter_table("outbox_message", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_message_waiting", sqlite_where=sa.text("waiting"), postgresql_where=sa.text("waiting")
        )

    op.drop_table("outbox_message")
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_index(
            "one_live_connection_per_workspace",
            sqlite_where=sa.text("state <> 'disconnected'"),
            postgresql_where=sa.text("state <> 'disconnected'"),
        )
        batch_op.drop_index(
            "one_live_connection_per_tenant",
            sqlite_where=sa.text("state <> 'disconnected'"),
            postgresql_where=sa.text("state <> 'disconnected'"),
        )
        batch_op.drop_index(batch_op.f("ix_connection_next_sync_at"))
        batch_op.drop_index(batch_op.f("ix_connection_farewell_at"))

    op.drop_table("connection")
    with op.batch_alter_table("connect_attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_connect_attempt_expires_at"))

    op.drop_table("connect_attempt")
    with op.batch_alter_table("audit_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_event_workspace_id"))

    op.drop_table("audit_event")
    op.drop_table("workspace")
    op.drop_table("team")
