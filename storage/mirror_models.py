"""The tables of the mirror: what Xero says, and how far it has been read."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import JSON, Column, Index, Text
from sqlmodel import Field, SQLModel

from storage.models import moment, money, within_workspace


class Cursor(SQLModel, table=True):
    """How far one resource has been read: the mirror holds all that changed up to `since`.

    `follow_from` is Xero's time when the reading under way began, and becomes `since` at its end; `reached` is how far
    it has come, `again` that it goes over everything a second time. All are empty between readings. While `filling`,
    the first load has not ended yet.
    """

    __table_args__ = (within_workspace("connection", "connection_id"),)

    workspace_id: UUID = Field(primary_key=True)
    connection_id: UUID = Field(primary_key=True)
    resource: str = Field(primary_key=True)
    since: datetime | None = moment(null=True)
    filling: bool = True
    follow_from: datetime | None = moment(null=True)
    reached: datetime | None = moment(null=True)
    again: bool = False


class Contact(SQLModel, table=True):
    """A customer, as Xero tells it. `people` are those of its persons who want to be in e-mails."""

    __table_args__ = (within_workspace("connection", "connection_id"),)

    workspace_id: UUID = Field(primary_key=True)
    contact_id: UUID = Field(primary_key=True)
    connection_id: UUID
    name: str = Field(sa_type=Text)
    email: str = Field(default="", sa_type=Text)
    people: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    status: str
    updated_at: datetime | None = moment(null=True)


class Invoice(SQLModel, table=True):
    """A sales invoice, as Xero tells it. Amounts are in `currency`.

    `confirmed_by` marks the full reading that saw it last.
    """

    __table_args__ = (
        within_workspace("connection", "connection_id"),
        Index("ix_invoice_outstanding", "workspace_id", "status"),
    )

    workspace_id: UUID = Field(primary_key=True)
    invoice_id: UUID = Field(primary_key=True)
    connection_id: UUID
    number: str = Field(default="", sa_type=Text)
    reference: str = Field(default="", sa_type=Text)
    contact_id: UUID | None = None
    contact_name: str = Field(default="", sa_type=Text)
    status: str
    currency: str
    total: Decimal = money()
    amount_due: Decimal = money()
    amount_paid: Decimal = money()
    amount_credited: Decimal = money()
    issued_on: date | None = None
    due_on: date | None = None
    fully_paid_on: date | None = None
    expected_payment_on: date | None = None
    updated_at: datetime = moment()
    confirmed_by: UUID | None = None


class SetAside(SQLModel, table=True):
    """A record Xero sent that could not be understood. What was known of it before stays as it was."""

    __tablename__ = "set_aside"
    __table_args__ = (within_workspace("connection", "connection_id"),)

    workspace_id: UUID = Field(primary_key=True)
    resource: str = Field(primary_key=True)
    record: str = Field(primary_key=True)
    connection_id: UUID
    label: str = Field(default="", sa_type=Text)
    reason: str = Field(sa_type=Text)
    since_at: datetime = moment()
