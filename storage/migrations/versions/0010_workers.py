"""Which processes are alive, and what each of them has taken on."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import storage.types

revision: str = "0010"
down_revision: str | Sequence[str] | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CLAIMED, REFRESHING = sa.text("claimed_by IS NOT NULL"), sa.text("refresh_by IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "worker",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("roles", sa.String(), nullable=False),
        sa.Column("joined_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("seen_at", storage.types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker")),
    )
    # Plain additions: where many rows are, neither database writes them anew.
    op.add_column("outbox_message", sa.Column("claimed_by", sa.String(), nullable=True))
    op.add_column("connection", sa.Column("refresh_by", sa.String(), nullable=True))
    op.create_index(
        "ix_outbox_message_claimed_by",
        "outbox_message",
        ["claimed_by"],
        sqlite_where=CLAIMED,
        postgresql_where=CLAIMED,
    )
    op.create_index(
        "ix_connection_refresh_by", "connection", ["refresh_by"], sqlite_where=REFRESHING, postgresql_where=REFRESHING
    )
    op.create_index("ix_sync_run_queued_at", "sync_run", ["queued_at"])


def downgrade() -> None:
    op.drop_index("ix_sync_run_queued_at", table_name="sync_run")
    op.drop_index("ix_connection_refresh_by", table_name="connection")
    op.drop_index("ix_outbox_message_claimed_by", table_name="outbox_message")
    op.drop_column("connection", "refresh_by")
    op.drop_column("outbox_message", "claimed_by")
    op.drop_table("worker")
