"""What tells a database from a copy of it, and since when a workspace lives in a restored one."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import storage.types

revision: str = "0011"
down_revision: str | Sequence[str] | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.add_column("reminder_policy", sa.Column("restored_at", storage.types.UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("reminder_policy", "restored_at")
    op.drop_table("installation")
