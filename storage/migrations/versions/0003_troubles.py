"""Cards of troubles: who is on it, who asked for quiet, what happened, and where a card was told instead."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import storage.types

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ADDED: dict[str, list[sa.Column[object]]] = {
    "connection": [
        sa.Column("previous_refresh_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("previous_used_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("refreshed_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("look_at", storage.types.UtcDateTime(), nullable=True),
    ],
    "incident": [
        sa.Column("snoozed_until", storage.types.UtcDateTime(), nullable=True),
        sa.Column("snoozed_by", sa.String(), nullable=True),
        sa.Column("taken_by", sa.String(), nullable=True),
        sa.Column("ending", sa.String(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("episodes", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("held", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("history", sa.JSON(), nullable=False, server_default="[]"),
    ],
    "outbox_message": [
        sa.Column("thread_of", sa.String(), nullable=True),
        sa.Column("detour", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("missed_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("mentioned_at", storage.types.UtcDateTime(), nullable=True),
    ],
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for column in columns:
            op.add_column(table, column)
    op.create_index("ix_connection_look_at", "connection", ["look_at"])
    op.create_index("ix_incident_snoozed_until", "incident", ["snoozed_until"])
    op.create_table(
        "support_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("created_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("send_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("sent_at", storage.types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_support_request_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_request")),
    )
    op.create_index("ix_support_request_send_at", "support_request", ["send_at"])
    # Those connected before are looked at soon; their permission was last renewed at some moment we did not keep.
    op.execute("UPDATE connection SET look_at = connected_at WHERE state <> 'disconnected'")


def downgrade() -> None:
    op.drop_index("ix_support_request_send_at", "support_request")
    op.drop_table("support_request")
    op.drop_index("ix_incident_snoozed_until", "incident")
    op.drop_index("ix_connection_look_at", "connection")
    for table, columns in ADDED.items():
        with op.batch_alter_table(table) as batch_op:
            for column in columns:
                batch_op.drop_column(column.name)
