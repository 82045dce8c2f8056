"""Asking for help: what those who run the installation need to know, without anything private."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core.clock import utc_now
from core.errors import NotConnected
from core.guard import survived
from core.operators import CannotWrite, Operators
from core.redaction import redact
from storage.audit import Did
from storage.database import Database
from storage.models import AuditEvent, Connection, Incident, RunState, SyncRun, Workspace
from storage.owned import Owned

log = structlog.get_logger()

SHOWN_FAILURES = 5
SHOWN_STEPS = 8
LOOKED_AT_RUNS = 50
LOOKED_AT_STEPS = 100
STEPS = {
    Did.CONNECTED,
    Did.RECONNECTED,
    Did.DISCONNECTED,
    Did.ASKED_FOR_SYNC,
    Did.ASKED_FOR_FULL_SYNC,
    Did.ASKED_FOR_HELP,
}
LEASE = timedelta(minutes=5)
AT_ONCE = 20


@dataclass(frozen=True)
class Case:
    """How things stand, newest first everywhere. `names` are those of customers, to be taken out."""

    workspace: Workspace
    connection: Connection
    incidents: Sequence[Incident]
    failures: Sequence[SyncRun]
    steps: Sequence[AuditEvent]
    names: frozenset[str]

    def redacted(self, text: str, *, strict: bool = False) -> str:
        return redact(text, names=self.names, keep=self.connection.tenant_name, strict=strict)


class Support:
    """`operators` take the mail; where there are none the text is shown, to be copied. `address` is SUPPORT_EMAIL."""

    def __init__(self, database: Database, operators: Operators | None = None, *, address: str = "") -> None:
        self._database = database
        self.operators = operators
        self.address = address

    async def case(self, workspace_id: UUID) -> Case:
        """Raise NotConnected where nothing was ever connected."""
        async with self._database.reading(workspace_id) as store:
            connection = await store.connections.latest()
            if connection is None:
                raise NotConnected
            runs = await store.runs.latest(LOOKED_AT_RUNS)
            return Case(
                workspace=await store.about.get(),
                connection=connection,
                incidents=await store.incidents.open(connection.id),
                failures=[run for run in runs if run.state == RunState.FAILED][:SHOWN_FAILURES],
                steps=[e for e in await store.audit.latest(LOOKED_AT_STEPS) if e.what in STEPS][:SHOWN_STEPS],
                names=frozenset(
                    {each.name for each in await store.contacts.all()} | set(await store.invoices.customer_names())
                ),
            )

    async def keep(self, workspace_id: UUID, text: str, *, by: str, now: datetime) -> UUID:
        async with self._database.workspace(workspace_id) as store:
            return store.support.add(text, by=by, now=now)

    async def send(self, workspace_id: UUID, request_id: UUID, *, by: str, now: datetime) -> bool:
        """Have exactly the text that was shown sent; False where it is on its way already, or is not theirs."""
        async with self._database.workspace(workspace_id) as store:
            taken = await store.support.send(request_id, by=by, now=now)
            if taken:
                store.audit.add(by, Did.ASKED_FOR_HELP, at=now)
            return taken

    async def tick(self) -> None:
        """Mail what is to be sent; what the mail server does not take is tried again."""
        if self.operators is None:
            return
        async with self._database.asking() as unscoped:
            due = await unscoped.due.support_requests(now=utc_now(), limit=AT_ONCE)
        for owned in due:
            await survived("support", self._mail(owned, self.operators), workspace=str(owned.workspace_id))

    async def _mail(self, owned: Owned, operators: Operators) -> None:
        now = utc_now()
        async with self._database.workspace(owned.workspace_id) as store:
            if not await store.support.claim(owned.id, now=now, until=now + LEASE):
                return
            request = await store.support.get(owned.id)
        assert request is not None  # it was there a moment ago, and nobody deletes any
        try:
            await operators.write(subject="Somebody asks for help with Solido", text=request.text)
        except CannotWrite:
            log.warning("support.not_sent", workspace=str(owned.workspace_id), request=str(owned.id))
            return
        async with self._database.workspace(owned.workspace_id) as store:
            await store.support.sent(owned.id, now=now)
