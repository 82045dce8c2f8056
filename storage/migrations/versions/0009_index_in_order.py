"""The index of outstanding invoices without their due dates.

By due date its entries lay in another order than the invoices: a page of those wrote all over it, and whoever summed
up what is outstanding jumped from invoice to invoice. Nothing ever asked for a range of due dates.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.drop_index("ix_invoice_outstanding", table_name="invoice")
    op.create_index("ix_invoice_outstanding", "invoice", ["workspace_id", "status"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_invoice_outstanding", table_name="invoice")
    op.create_index("ix_invoice_outstanding", "invoice", ["workspace_id", "status", "due_on"], unique=False)
