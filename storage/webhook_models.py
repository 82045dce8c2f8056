"""The tables of Xero's webhooks: what was told, and how far the subscription has counted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from storage.models import moment, within_workspace


class WebhookEvent(SQLModel, table=True):
    """Xero's word that a record has changed; kept for a while to know repeats. `happened` is Xero's own writing."""

    __tablename__ = "webhook_event"
    __table_args__ = (
        within_workspace("connection", "connection_id"),
        Index(
            "ix_webhook_event_waiting",
            "received_at",
            sqlite_where=text("handled_at IS NULL"),
            postgresql_where=text("handled_at IS NULL"),
        ),
    )

    workspace_id: UUID = Field(primary_key=True)
    resource_id: UUID = Field(primary_key=True)
    happened: str = Field(primary_key=True)
    connection_id: UUID
    category: str
    received_at: datetime = moment()
    handled_at: datetime | None = moment(null=True)


class WebhookFeed(SQLModel, table=True):
    """The installation's one subscription to webhooks: how far Xero has counted, and when it was last heard."""

    __tablename__ = "webhook_feed"

    id: int = Field(default=1, primary_key=True)
    sequence: int = 0
    heard_at: datetime = moment()
    caught_up_at: datetime | None = moment(null=True)
