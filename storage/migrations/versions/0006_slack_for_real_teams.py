"""Slack for real teams: added admins, seen requests, installs."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import storage.types

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "install_attempt",
        sa.Column("state_hash", sa.String(), nullable=False),
        sa.Column("browser_hash", sa.String(), nullable=False),
        sa.Column("expires_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("used_at", storage.types.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_install_attempt")),
    )
    with op.batch_alter_table("install_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_install_attempt_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "seen_request",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("until_at", storage.types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_seen_request")),
    )
    with op.batch_alter_table("seen_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seen_request_until_at"), ["until_at"], unique=False)

    op.create_table(
        "workspace_admin",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_at", storage.types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_workspace_admin_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "user_id", name=op.f("pk_workspace_admin")),
    )
    with op.batch_alter_table("team", schema=None) as batch_op:
        batch_op.add_column(sa.Column("installed_by", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("scopes", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("served_by", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("refresh_token_sealed", sa.LargeBinary(), nullable=True))
        batch_op.add_column(sa.Column("token_expires_at", storage.types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("token_version", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("refresh_lease_until", storage.types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("greeted_at", storage.types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("gone_at", storage.types.UtcDateTime(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_team_served_by_team"), "team", ["served_by"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("team", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_team_served_by_team"), type_="foreignkey")
        batch_op.drop_column("gone_at")
        batch_op.drop_column("greeted_at")
        batch_op.drop_column("refresh_lease_until")
        batch_op.drop_column("token_version")
        batch_op.drop_column("token_expires_at")
        batch_op.drop_column("refresh_token_sealed")
        batch_op.drop_column("served_by")
        batch_op.drop_column("scopes")
        batch_op.drop_column("installed_by")

    op.drop_table("workspace_admin")
    with op.batch_alter_table("seen_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_seen_request_until_at"))

    op.drop_table("seen_request")
    with op.batch_alter_table("install_attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_install_attempt_expires_at"))

    op.drop_table("install_attempt")
