"""The tables of reminders. The house rules of storage/models.py hold here too."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import JSON, Boolean, Column, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.models import moment, money, unique_while, within_workspace


class LetterState(StrEnum):
    CLAIMED = "claimed"
    """Promised to SMTP and committed; nothing is known yet. One that stays like this has an unknown fate."""
    SENT = "sent"
    REFUSED = "refused"
    """The server took nothing of it: it may be tried again."""
    BOUNCED = "bounced"
    """The server said that it will never take it."""
    UNKNOWN = "unknown"
    """The line broke after the letter was on its way: a person has to say what became of it."""
    NOT_SENT = "not_sent"
    """A person said that it did not go out, or it was taken back before anything went."""


class Scope(StrEnum):
    INVOICE = "invoice"
    CUSTOMER = "customer"
    EVERYTHING = "everything"


class ReminderPolicy(SQLModel, table=True):
    """What a workspace decided, last at `changed_at`. Until `started_at` is set, nothing is ever sent.

    `rules` is JSON of core/reminders/rules.py, empty for the defaults. `xero_reminds`: whether Xero sends its own.
    `restored_at`: when the database was last set back to an old backup; letters may have gone that it does not know of.
    """

    __tablename__ = "reminder_policy"

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspace.id")
    rules: str = Field(default="", sa_type=Text)
    plan_seen_by: str | None = None
    plan_seen_at: datetime | None = moment(null=True)
    started_by: str | None = None
    started_at: datetime | None = moment(null=True)
    xero_reminds: bool | None = None
    xero_asked_at: datetime | None = moment(null=True)
    changed_at: datetime | None = moment(null=True)
    next_look_at: datetime | None = moment(null=True, index=True)
    told_on: date | None = None
    restored_at: datetime | None = moment(null=True)


class Hold(SQLModel, table=True):
    """Somebody asked to leave an invoice, a customer or everything alone, through `until_on` or until released.

    `target` is the id of the invoice or customer, empty for everything.
    """

    __table_args__ = (
        unique_while("one_live_hold_per_target", "workspace_id", "scope", "target", condition="released_at IS NULL"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspace.id")
    scope: str
    target: str = ""
    label: str = Field(default="", sa_type=Text)
    reason: str
    note: str = Field(default="", sa_type=Text)
    until_on: date | None = None
    placed_by: str
    placed_at: datetime = moment()
    released_by: str | None = None
    released_at: datetime | None = moment(null=True)


class Letter(SQLModel, table=True):
    """One letter to one customer on one day of the organisation. Its row is committed before SMTP hears of it."""

    __table_args__ = (
        UniqueConstraint("workspace_id", "id"),
        unique_while(
            "one_letter_per_customer_and_day",
            "workspace_id",
            "contact_id",
            "goes_on",
            condition="state IN ('claimed', 'sent', 'bounced', 'unknown')",
        ),
        within_workspace("connection", "connection_id"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    workspace_id: UUID
    connection_id: UUID
    contact_id: UUID
    contact_name: str = Field(default="", sa_type=Text)
    goes_on: date
    state: str = Field(default=LetterState.CLAIMED, index=True)
    subject: str = Field(default="", sa_type=Text)
    recipients: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    unsubscribe_hash: str = Field(unique=True)
    claimed_at: datetime = moment()
    finished_at: datetime | None = moment(null=True)
    detail: str = Field(default="", sa_type=Text)
    decided_by: str | None = None
    noted_at: datetime | None = moment(null=True)


class Reminder(SQLModel, table=True):
    """One invoice of a letter and the step it was for. While it `counts`, no other letter has this step."""

    __table_args__ = (
        within_workspace("letter", "letter_id"),
        unique_while("one_letter_per_invoice_and_step", "workspace_id", "invoice_id", "step", condition="counts"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    workspace_id: UUID
    letter_id: UUID = Field(index=True)
    invoice_id: UUID
    step: int
    number: str = Field(default="", sa_type=Text)
    currency: str
    amount_due: Decimal = money()
    due_on: date
    counts: bool = Field(default=True, sa_type=Boolean)


class PayLink(SQLModel, table=True):
    """Where a customer can look at an invoice and pay. It opens without a log-in, so it is sealed."""

    __tablename__ = "pay_link"

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspace.id")
    invoice_id: UUID = Field(primary_key=True)
    url_sealed: bytes = Field(sa_type=LargeBinary, repr=False)


class Unsubscribed(SQLModel, table=True):
    """A customer who wants no more letters."""

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspace.id")
    contact_id: UUID = Field(primary_key=True)
    at: datetime = moment()


class CreditQuestion(SQLModel, table=True):
    """A customer with credit on no invoice: asked about once, and again only when there is more of it.

    `credit` and `allowed` map currencies to amounts written out.
    """

    __tablename__ = "credit_question"

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspace.id")
    contact_id: UUID = Field(primary_key=True)
    contact_name: str = Field(default="", sa_type=Text)
    credit: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    allowed: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    asked_at: datetime = moment()
    answer: str = ""
    answered_by: str | None = None
    answered_at: datetime | None = moment(null=True)
    """For whoever looks into the table; people read it in the audit. It stays for the reason of SyncRun.retry_at."""


class Verdict(SQLModel, table=True):
    """The gate's last word on an invoice, with all it was told, so that it can be asked again (core/why_invoice)."""

    __tablename__ = "decision"

    workspace_id: UUID = Field(primary_key=True, foreign_key="workspace.id")
    invoice_id: UUID = Field(primary_key=True)
    at: datetime = moment()
    told: str = Field(sa_type=Text)
    reasons: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
