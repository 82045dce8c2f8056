"""Tables of what Slack's side needs beyond teams and workspaces."""

from datetime import datetime
from uuid import UUID

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
