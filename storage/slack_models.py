"""Tables of what Slack's side needs beyond teams and workspaces."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from storage.models import moment


class WorkspaceAdmin(SQLModel, table=True):
    """Somebody who may administer a workspace because an admin of it said so. `user_id` is Slack's."""

    __tablename__ = "workspace_admin"

    workspace_id: UUID = Field(foreign_key="workspace.id", primary_key=True)
    user_id: str = Field(primary_key=True)
    added_by: str
    added_at: datetime = moment()


class SeenRequest(SQLModel, table=True):
    """A request of Slack's that is being worked on or was; the same one is not worked on again before `until_at`."""

    __tablename__ = "seen_request"

    key: str = Field(primary_key=True)
    until_at: datetime = moment(index=True)


class InstallAttempt(SQLModel, table=True):
    """One try to install the app: its state goes through the browser once. State and browser are kept as hashes."""

    __tablename__ = "install_attempt"

    state_hash: str = Field(primary_key=True)
    browser_hash: str
    expires_at: datetime = moment(index=True)
    used_at: datetime | None = moment(null=True)


class HomeView(SQLModel, table=True):
    """What somebody sees of the app in its Home: as of `shown_at`, empty before it was ever shown or when it is asked
    for anew. Nothing else is shown before `next_at`."""

    __tablename__ = "home_view"

    team_id: UUID = Field(foreign_key="team.id", primary_key=True)
    user_id: str = Field(primary_key=True)
    opened_at: datetime = moment()
    shown_at: datetime | None = moment(null=True)
    next_at: datetime = moment(index=True)


class Preferences(SQLModel, table=True):
    """What admins of a workspace have set; without a row all is as usual.

    `sync_every` is in seconds, `mentions` are Slack ids of people, `quiet_from` and `quiet_until` are `HH:MM` where the
    organisation is, both empty for no quiet hours. `digest_at` is when the next weekly digest is due.
    """

    workspace_id: UUID = Field(foreign_key="workspace.id", primary_key=True)
    sync_every: int | None = None
    mentions: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    quiet_from: str = ""
    quiet_until: str = ""
    digest: bool = True
    digest_at: datetime | None = moment(null=True, index=True)
