"""The table of what customers have left of credit notes, overpayments and prepayments."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from storage.models import moment, money, within_workspace


class Paper(StrEnum):
    """What may hold money of a customer that no invoice has got yet."""

    CREDIT_NOTE = "credit_note"
    OVERPAYMENT = "overpayment"
    PREPAYMENT = "prepayment"


class Unapplied(SQLModel, table=True):
    """What is left of a customer's credit note, overpayment or prepayment and has not settled any invoice yet."""

    __table_args__ = (
        within_workspace("connection", "connection_id"),
        Index("ix_unapplied_contact", "workspace_id", "contact_id"),
    )

    workspace_id: UUID = Field(primary_key=True)
    paper_id: UUID = Field(primary_key=True)
    connection_id: UUID
    kind: str
    number: str = Field(default="", sa_type=Text)
    contact_id: UUID
    currency: str
    remaining: Decimal = money()
    issued_on: date | None = None
    updated_at: datetime | None = moment(null=True)
    confirmed_by: UUID | None = None
