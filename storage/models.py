"""The tables. Rules that must always hold are indexes and foreign keys here, not code elsewhere.

Every table of a workspace carries `workspace_id`, and foreign keys between them carry it too, so that no row can
point into another workspace. Moments are aware UTC and end in `_at`, calendar dates end in `_on`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from storage.types import Money, UtcDateTime

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING


class ConnectionState(StrEnum):
    ACTIVE = "active"
    RECONNECT_NEEDED = "reconnect_needed"
    DISCONNECTED = "disconnected"


class Trigger(StrEnum):
    INITIAL = "initial"
    SCHEDULED = "scheduled"
    MANUAL = "manual"
    WEBHOOK = "webhook"
    RECONCILE = "reconcile"


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Resource(StrEnum):
    INVOICES = "invoices"
    CONTACTS = "contacts"
    UNAPPLIED = "unapplied"


GROWING = BigInteger().with_variant(Integer, "sqlite")


def moment(*, null: bool = False, index: bool = False) -> Any:
    return Field(default=None if null else ..., sa_type=UtcDateTime, nullable=null, index=index)


def money() -> Any:
    return Field(sa_type=Money)


def unique_while(name: str, *columns: str, condition: str) -> Index:
    return Index(name, *columns, unique=True, sqlite_where=text(condition), postgresql_where=text(condition))


def index_while(name: str, *columns: str, condition: str) -> Index:
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


def within_workspace(table: str, column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["workspace_id", column], [f"{table}.workspace_id", f"{table}.id"])


class Team(SQLModel, table=True):
    """A Slack workspace (or Enterprise organisation) that installed the app. `url` is its own address in a browser.

    `served_by` is the organisation's row, whose token serves this workspace. `gone_at` is set while the app is removed.
    """

    __table_args__ = (UniqueConstraint("enterprise_id", "slack_team_id"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    enterprise_id: str = ""
    slack_team_id: str
    name: str
    url: str
    bot_id: str
    bot_user_id: str
    bot_token_sealed: bytes = Field(sa_type=LargeBinary, repr=False)
    installed_at: datetime = moment()
    installed_by: str = ""
    scopes: str = Field(default="", sa_type=Text)
    served_by: UUID | None = Field(default=None, foreign_key="team.id")
    refresh_token_sealed: bytes | None = Field(default=None, sa_type=LargeBinary, repr=False)
    token_expires_at: datetime | None = moment(null=True)
    token_version: int = 0
    refresh_lease_until: datetime | None = moment(null=True)
    greeted_at: datetime | None = moment(null=True)
    gone_at: datetime | None = moment(null=True)


class Workspace(SQLModel, table=True):
    """One business entity of a team, bound to the Slack channel that hears about it."""

    __table_args__ = (UniqueConstraint("team_id", "channel_id", name="one_workspace_per_channel"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    team_id: UUID = Field(foreign_key="team.id")
    channel_id: str
    created_by: str
    created_at: datetime = moment()
    changed_at: datetime | None = moment(null=True)
    """When something happened that people see in the app's Home."""


class Connection(SQLModel, table=True):
    """A workspace's link to one Xero organisation, its tokens (sealed) and when it is next looked at.

    `day_left` and `minute_left` are Xero's own counts of calls left, as told at `metered_at`; its day was once seen to
    begin anew by `day_resets_by`, and so does every day after; until `quota_opens_at` it takes no calls. `stretched_to`
    is the rhythm in seconds where the budget does not allow the usual one. `lacks_payments`: the permission does not
    cover overpayments and prepayments.
    """

    __table_args__ = (
        UniqueConstraint("workspace_id", "id"),
        UniqueConstraint("workspace_id", "tenant_id"),
        unique_while("one_live_connection_per_workspace", "workspace_id", condition="state <> 'disconnected'"),
        unique_while("one_live_connection_per_tenant", "tenant_id", condition="state <> 'disconnected'"),
        index_while("ix_connection_refresh_by", "refresh_by", condition="refresh_by IS NOT NULL"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspace.id")
    tenant_id: str
    tenant_name: str
    state: str = ConnectionState.ACTIVE
    xero_connection_id: str
    connected_by: str
    connected_at: datetime = moment()
    disconnected_by: str | None = None
    disconnected_at: datetime | None = moment(null=True)

    short_code: str = ""
    base_currency: str = ""
    timezone: str = "UTC"
    country_code: str = ""

    access_token_sealed: bytes | None = Field(default=None, sa_type=LargeBinary, repr=False)
    refresh_token_sealed: bytes | None = Field(default=None, sa_type=LargeBinary, repr=False)
    access_expires_at: datetime | None = moment(null=True)
    token_version: int = 0
    refresh_lease_until: datetime | None = moment(null=True)
    refresh_by: str | None = None
    previous_refresh_sealed: bytes | None = Field(default=None, sa_type=LargeBinary, repr=False)
    previous_used_at: datetime | None = moment(null=True)
    refreshed_at: datetime | None = moment(null=True)
    look_at: datetime | None = moment(null=True, index=True)

    next_sync_at: datetime | None = moment(null=True, index=True)
    next_reconcile_at: datetime | None = moment(null=True, index=True)
    farewell_at: datetime | None = moment(null=True, index=True)
    failures: int = 0
    last_attempt_at: datetime | None = moment(null=True)
    last_success_at: datetime | None = moment(null=True)

    day_left: int | None = None
    minute_left: int | None = None
    metered_at: datetime | None = moment(null=True)
    day_resets_by: datetime | None = moment(null=True)
    quota_opens_at: datetime | None = moment(null=True)
    stretched_to: int | None = None
    webhook_at: datetime | None = moment(null=True)
    lacks_payments: bool = False


class ConnectAttempt(SQLModel, table=True):
    """One try to connect. Link and state are kept as hashes only; the grant waits sealed while a person chooses."""

    __tablename__ = "connect_attempt"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspace.id")
    link_hash: str = Field(unique=True)
    state_hash: str | None = Field(default=None, unique=True)
    browser_hash: str | None = None
    verifier_sealed: bytes | None = Field(default=None, sa_type=LargeBinary, repr=False)
    grant_sealed: bytes | None = Field(default=None, sa_type=LargeBinary, repr=False)
    asked_by: str
    created_at: datetime = moment()
    expires_at: datetime = moment(index=True)
    opened_at: datetime | None = moment(null=True)
    returned_at: datetime | None = moment(null=True)
    finished_at: datetime | None = moment(null=True)


class SyncRun(SQLModel, table=True):
    """One sync, from being asked for to its end. `attempt` fences a worker that was given up.

    `census` is what a full reading has counted so far (core/counting.py), `agreement` what came of comparing the books
    (core/agreement.py).
    """

    __tablename__ = "sync_run"
    __table_args__ = (
        within_workspace("connection", "connection_id"),
        unique_while("one_unfinished_run_per_connection", "connection_id", condition="finished_at IS NULL"),
        Index("ix_sync_run_recent", "workspace_id", "queued_at"),
        Index("ix_sync_run_queued_at", "queued_at"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    workspace_id: UUID
    connection_id: UUID
    trigger: str
    state: str = RunState.QUEUED
    attempt: int = 0
    asked_by: str | None = None
    queued_at: datetime = moment()
    started_at: datetime | None = moment(null=True)
    finished_at: datetime | None = moment(null=True)
    seconds: float = 0.0

    resource: str = Resource.INVOICES
    page: int = 0
    page_count: int = 0
    added: int = 0
    changed: int = 0
    settled: int = 0
    contacts: int = 0
    set_aside: int = 0
    mended: int = 0
    gone: int = 0
    calls: int = 0
    bytes: int = 0
    census: str | None = Field(default=None, sa_type=Text)
    agreement: str | None = Field(default=None, sa_type=Text)

    error: str | None = None
    error_detail: str | None = Field(default=None, sa_type=Text)
    retry_at: datetime | None = moment(null=True)
    """Nobody writes or reads it: when to try again is the connection's `next_sync_at`. Taken away it would end every
    program that still names it in its SELECTs, while processes are restarted one by one (docs/deploying.md)."""


class SealingKey(SQLModel, table=True):
    """Since when a key seals; `key_id` is the name of core.vault, which tells nothing about the key."""

    __tablename__ = "sealing_key"

    key_id: str = Field(primary_key=True)
    first_used_at: datetime = moment()


class Incident(SQLModel, table=True):
    """One trouble of one connection, from first failure to recovery. `told_at` is empty while it is only watched.

    `history` holds what happened (core.notices.Happened as JSON), oldest first; `held` how many reminders waited when
    it was last told.
    """

    __table_args__ = (
        within_workspace("connection", "connection_id"),
        unique_while("one_open_incident_per_cause", "connection_id", "cause", condition="closed_at IS NULL"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    workspace_id: UUID
    connection_id: UUID
    cause: str
    error: str
    failures: int = 1
    opened_at: datetime = moment()
    last_failure_at: datetime = moment()
    told_at: datetime | None = moment(null=True)
    snoozed_until: datetime | None = moment(null=True, index=True)
    snoozed_by: str | None = None
    taken_by: str | None = None
    closed_at: datetime | None = moment(null=True)
    ending: str | None = None
    ended_by: str | None = None
    episodes: int = 1
    held: int = 0
    history: list[dict[str, str]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class OutboxMessage(SQLModel, table=True):
    """A notice waiting to be told to Slack, and afterwards the message it became.

    Telling the same `card` again replaces the notice, raises `version` and has it `waiting`, until delivery has told
    the newest. So a message that changes often costs one row, and the last truth is told. Ids grow: they are the order
    in which notices came up, also within one transaction.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        UniqueConstraint("workspace_id", "card"),
        Index(
            "ix_outbox_message_waiting",
            "next_attempt_at",
            sqlite_where=text("waiting"),
            postgresql_where=text("waiting"),
        ),
        index_while("ix_outbox_message_claimed_by", "claimed_by", condition="claimed_by IS NOT NULL"),
    )

    id: int = Field(default=None, primary_key=True, sa_type=GROWING)
    workspace_id: UUID = Field(foreign_key="workspace.id")
    card: str
    notice: str = Field(sa_type=Text)
    to_user: str | None = None
    thread_of: str | None = None
    """The card in whose thread this one belongs."""
    detour: int = 0
    """How far from home it was told: 0 where it belongs, then one further for each place that could not be reached."""
    missed_at: datetime | None = moment(null=True)
    """When the place it belongs to could first not be told; empty again once it was."""
    mentioned_at: datetime | None = moment(null=True)
    version: int = 1
    told_version: int = 0
    """For whoever looks into the table: what decides is `waiting`. It stays for the reason of SyncRun.retry_at."""
    waiting: bool = True
    attempts: int = 0
    created_at: datetime = moment()
    next_attempt_at: datetime = moment()
    claimed_by: str | None = None
    """The process that is telling it just now."""
    told_at: datetime | None = moment(null=True)
    channel_id: str | None = None
    message_ts: str | None = None
    last_error: str | None = None


class AuditEvent(SQLModel, table=True):
    """Who did what, when. Append only."""

    __tablename__ = "audit_event"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspace.id", index=True)
    at: datetime = moment()
    who: str
    what: str
    detail: str = Field(default="", sa_type=Text)


class SupportRequest(SQLModel, table=True):
    """A call for help as it is sent, with nothing private in it. `send_at` is empty until the person has said so."""

    __tablename__ = "support_request"

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspace.id")
    asked_by: str
    created_at: datetime = moment()
    text: str = Field(sa_type=Text)
    send_at: datetime | None = moment(null=True, index=True)
    sent_at: datetime | None = moment(null=True)
