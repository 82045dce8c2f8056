"""Everything of one workspace, in one place."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.admins import Admins
from storage.attempts import Attempts
from storage.audit import Audit
from storage.connections import Connections
from storage.contacts import Contacts
from storage.cursors import Cursors
from storage.forgetting import Everything
from storage.holds import Holds
from storage.incidents import Incidents
from storage.invoices import Invoices
from storage.letters import Letters
from storage.outbox import Outbox
from storage.preferences import PreferenceRow
from storage.reminders import Reminders
from storage.runs import Runs
from storage.set_aside import SetAsides
from storage.support import SupportRequests
from storage.unapplied import UnappliedPapers
from storage.webhook_events import WebhookEvents
from storage.workspaces import Workspaces


class WorkspaceStore:
    """Everything of one workspace, inside one transaction. Nothing behind it can name another workspace.

    `process` is the name under which what we take on is ours.
    """

    def __init__(self, session: AsyncSession, workspace_id: UUID, process: str = "") -> None:
        self.session = session
        self.id = workspace_id
        self.about = Workspaces(session, workspace_id)
        self.connections = Connections(session, workspace_id, process)
        self.attempts = Attempts(session, workspace_id)
        self.runs = Runs(session, workspace_id)
        self.cursors = Cursors(session, workspace_id)
        self.invoices = Invoices(session, workspace_id)
        self.contacts = Contacts(session, workspace_id)
        self.unapplied = UnappliedPapers(session, workspace_id)
        self.set_aside = SetAsides(session, workspace_id)
        self.webhook_events = WebhookEvents(session, workspace_id)
        self.incidents = Incidents(session, workspace_id)
        self.outbox = Outbox(session, workspace_id, process)
        self.audit = Audit(session, workspace_id, self.touch)
        self.admins = Admins(session, workspace_id)
        self.support = SupportRequests(session, workspace_id)
        self.reminders = Reminders(session, workspace_id)
        self.holds = Holds(session, workspace_id)
        self.letters = Letters(session, workspace_id)
        self.preferences = PreferenceRow(session, workspace_id)
        self.everything = Everything(session, workspace_id)
        self._touched_at: datetime | None = None

    def touch(self, now: datetime) -> None:
        """Something happens here that people see in the app's Home."""
        self._touched_at = now

    async def close(self) -> None:
        """The last thing in a transaction, so that whoever waits for the workspace's row holds nothing we need."""
        if self._touched_at is not None:
            await self.session.flush()
            await self.about.changed(now=self._touched_at)
