"""Reminders: policies, holds, letters, and what is kept beside them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import storage.types

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "credit_question",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("credit", sa.JSON(), nullable=False),
        sa.Column("allowed", sa.JSON(), nullable=False),
        sa.Column("asked_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("answered_at", storage.types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_credit_question_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "contact_id", name=op.f("pk_credit_question")),
    )
    op.create_table(
        "decision",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_decision_workspace_id_workspace")),
        sa.PrimaryKeyConstraint("workspace_id", "invoice_id", name=op.f("pk_decision")),
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("placed_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("released_by", sa.String(), nullable=True),
        sa.Column("released_at", storage.types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_hold_workspace_id_workspace")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.create_index(
            "one_live_hold_per_target",
            ["workspace_id", "scope", "target"],
            unique=True,
            sqlite_where=sa.text("released_at IS NULL"),
            postgresql_where=sa.text("released_at IS NULL"),
        )

    op.create_table(
        "pay_link",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("url_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_pay_link_workspace_id_workspace")),
        sa.PrimaryKeyConstraint("workspace_id", "invoice_id", name=op.f("pk_pay_link")),
    )
    op.create_table(
        "reminder_policy",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("plan_seen_by", sa.String(), nullable=True),
        sa.Column("plan_seen_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("started_by", sa.String(), nullable=True),
        sa.Column("started_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("xero_reminds", sa.Boolean(), nullable=True),
        sa.Column("xero_asked_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("changed_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("next_look_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("told_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_reminder_policy_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", name=op.f("pk_reminder_policy")),
    )
    with op.batch_alter_table("reminder_policy", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reminder_policy_next_look_at"), ["next_look_at"], unique=False)

    op.create_table(
        "unsubscribed",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("at", storage.types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name=op.f("fk_unsubscribed_workspace_id_workspace")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "contact_id", name=op.f("pk_unsubscribed")),
    )
    op.create_table(
        "letter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("goes_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("unsubscribe_hash", sa.String(), nullable=False),
        sa.Column("claimed_at", storage.types.UtcDateTime(), nullable=False),
        sa.Column("finished_at", storage.types.UtcDateTime(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("noted_at", storage.types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "connection_id"],
            ["connection.workspace_id", "connection.id"],
            name=op.f("fk_letter_workspace_id_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("unsubscribe_hash", name=op.f("uq_letter_unsubscribe_hash")),
        sa.UniqueConstraint("workspace_id", "id", name=op.f("uq_letter_workspace_id_id")),
    )
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_letter_state"), ["state"], unique=False)
        batch_op.create_index(
            "one_letter_per_customer_and_day",
            ["workspace_id", "contact_id", "goes_on"],
            unique=True,
            sqlite_where=sa.text("state IN ('claimed', 'sent', 'bounced', 'unknown')"),
            postgresql_where=sa.text("state IN ('claimed', 'sent', 'bounced', 'unknown')"),
        )

    op.create_table(
        "reminder",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("letter_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_due", storage.types.Money(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "letter_id"],
            ["letter.workspace_id", "letter.id"],
            name=op.f("fk_reminder_workspace_id_letter_id_letter"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
    )
    with op.batch_alter_table("reminder", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reminder_letter_id"), ["letter_id"], unique=False)
        batch_op.create_index(
            "one_letter_per_invoice_and_step",
            ["workspace_id", "invoice_id", "step"],
            unique=True,
            sqlite_where=sa.text("counts"),
            postgresql_where=sa.text("counts"),
        )

    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.add_column(sa.Column("country_code", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.drop_column("country_code")

    with op.batch_alter_table("reminder", schema=None) as batch_op:
        batch_op.drop_index(
            "one_letter_per_invoice_and_step", sqlite_where=sa.text("counts"), postgresql_where=sa.text("counts")
        )
        batch_op.drop_index(batch_op.f("ix_reminder_letter_id"))

    op.drop_table("reminder")
    with op.batch_alter_table("letter", schema=None) as batch_op:
        batch_op.drop_index(
            "one_letter_per_customer_and_day",
            sqlite_where=sa.text("state IN ('claimed', 'sent', 'bounced', 'unknown')"),
            postgresql_where=sa.text("state IN ('claimed', 'sent', 'bounced', 'unknown')"),
        )
        batch_op.drop_index(batch_op.f("ix_letter_state"))

    op.drop_table("letter")
    op.drop_table("unsubscribed")
    with op.batch_alter_table("reminder_policy", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reminder_policy_next_look_at"))

    op.drop_table("reminder_policy")
    op.drop_table("pay_link")
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.drop_index(
            "one_live_hold_per_target",
            sqlite_where=sa.text("released_at IS NULL"),
            postgresql_where=sa.text("released_at IS NULL"),
        )

    op.drop_table("hold")
    op.drop_table("decision")
    op.drop_table("credit_question")
