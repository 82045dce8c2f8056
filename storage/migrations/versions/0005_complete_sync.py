"""Full readings, agreement of the books, webhooks, unapplied credit, and what is left of the day's calls."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import storage.types

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "webhook_feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("heard_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("caught_up_at", storage.types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_feed")),
    )
    op.create_table(
        "unapplied",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("remaining", storage.types.Money(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("updated_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "connection_id"],
            ["connection.workspace_id", "connection.id"],
            name=op.f("fk_unapplied_workspace_id_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "paper_id", name=op.f("pk_unapplied")),
    )
    with op.batch_alter_table("unapplied", schema=None) as batch_op:
        batch_op.create_index("ix_unapplied_contact", ["workspace_id", "contact_id"], unique=False)

    op.create_table(
        "webhook_event",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("happened", sa.String(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("received_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("handled_at", storage.types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "connection_id"],
            ["connection.workspace_id", "connection.id"],
            name=op.f("fk_webhook_event_workspace_id_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "resource_id", "happened", name=op.f("pk_webhook_event")),
    )
    with op.batch_alter_table("webhook_event", schema=None) as batch_op:
        batch_op.create_index(
            "ix_webhook_event_waiting",
            ["received_at"],
            unique=False,
            sqlite_where=sa.text("handled_at IS NULL"),
            postgresql_where=sa.text("handled_at IS NULL"),
        )

    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.add_column(sa.Column("next_reconcile_at", storage.types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("day_left", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("minute_left", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("metered_at", storage.types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("day_resets_by", storage.types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("quota_opens_at", storage.types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("stretched_to", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("webhook_at", storage.types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("lacks_payments", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_index(batch_op.f("ix_connection_next_reconcile_at"), ["next_reconcile_at"], unique=False)

    with op.batch_alter_table("cursor", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reached", storage.types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("again", sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("confirmed_by", sa.Uuid(), nullable=True))

    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mended", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("gone", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("census", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("agreement", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.drop_column("agreement")
        batch_op.drop_column("census")
        batch_op.drop_column("gone")
        batch_op.drop_column("mended")

    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.drop_column("confirmed_by")

    with op.batch_alter_table("cursor", schema=None) as batch_op:
        batch_op.drop_column("again")
        batch_op.drop_column("reached")

    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_connection_next_reconcile_at"))
        batch_op.drop_column("lacks_payments")
        batch_op.drop_column("webhook_at")
        batch_op.drop_column("stretched_to")
        batch_op.drop_column("quota_opens_at")
        batch_op.drop_column("day_resets_by")
        batch_op.drop_column("metered_at")
        batch_op.drop_column("minute_left")
        batch_op.drop_column("day_left")
        batch_op.drop_column("next_reconcile_at")

    with op.batch_alter_table("webhook_event", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_webhook_event_waiting",
            sqlite_where=sa.text("handled_at IS NULL"),
            postgresql_where=sa.text("handled_at IS NULL"),
        )

    op.drop_table("webhook_event")
    with op.batch_alter_table("unapplied", schema=None) as batch_op:
        batch_op.drop_index("ix_unapplied_contact")

    op.drop_table("unapplied")
    op.drop_table("webhook_feed")
