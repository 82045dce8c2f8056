"""Ask for a sync, and carry one out from its start or from where a crash left it."""

from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from core import agreement, measures, progress, quotas, tracing
from core.agreement import Agreement
from core.apart import Apart
from core.clock import utc_now
from core.engine import Engine
from core.errors import BooksDiffer, NeedsPerson, NotConnected, Passing, Superseded, Unexpected, XeroError
from core.guard import survived
from core.lull import Lull
from core.patience import Patience
from core.preferences import rhythm
from core.reading import Reader, Tally
from core.schedule import next_night, next_sync_at
from core.tokens import Tokens
from core.troubles import Troubles
from core.vault import Vault
from core.what_is_read import Result, everything
from core.xero.client import Meter, OrganisationCalls, Xero
from core.xero.oauth import XeroLogin
from core.zones import zone
from storage.audit import Did
from storage.database import Database
from storage.models import Connection, ConnectionState, RunState, SyncRun, Trigger
from storage.store import WorkspaceStore

log = structlog.get_logger()

FULL = Trigger.RECONCILE


class TakenForDead(Exception):
    """This process was silent for so long that others do its work; see core/presence.py."""


@dataclass(frozen=True)
class Asked:
    """A run that will happen, or (`already`) one that was under way when somebody asked."""

    run: SyncRun
    organisation: str
    already: bool


@dataclass(frozen=True)
class Syncing:
    """The parts a sync needs. `every` is the automatic rhythm, `daily_limit` Xero's for each organisation."""

    database: Database
    engine: Engine
    vault: Vault
    login: XeroLogin
    xero: Xero
    patience: Patience
    every: timedelta
    daily_limit: int = 1000
    troubles: Troubles = field(default_factory=Troubles)
    apart: Apart = field(default_factory=Apart)
    lull: Lull = field(default_factory=Lull)

    async def request(self, workspace_id: UUID, *, by: str, now: datetime, full: bool = False) -> Asked:
        """Queue a manual sync, `full` to read all that is outstanding anew; raise NotConnected. One that is under way
        already is returned instead; a full one then follows it."""
        async with self.database.workspace(workspace_id) as store:
            connection = await store.connections.latest()
            if connection is None or connection.state == ConnectionState.DISCONNECTED:
                raise NotConnected
            asked = await self.queue(store, connection, FULL if full else Trigger.MANUAL, by=by, now=now)
            if not asked.already:
                store.audit.add(by, Did.ASKED_FOR_FULL_SYNC if full else Did.ASKED_FOR_SYNC, at=now)
            if full and asked.already and asked.run.trigger != FULL:
                connection.next_reconcile_at = now
            return asked

    async def queue(
        self, store: WorkspaceStore, connection: Connection, trigger: Trigger, *, by: str | None, now: datetime
    ) -> Asked:
        """Queue a run in the caller's transaction and hand it to the engine in the same one."""
        run = await self.hand_over(store, connection.id, trigger, by=by, now=now)
        if run is not None:
            return Asked(run, connection.tenant_name, already=False)
        running = await store.runs.unfinished(connection.id)
        assert running is not None  # it was just seen, in this transaction
        tracing.note(run=running.id)
        return Asked(running, connection.tenant_name, already=True)

    async def hand_over(
        self, store: WorkspaceStore, connection_id: UUID, trigger: Trigger, *, by: str | None, now: datetime
    ) -> SyncRun | None:
        """The same by its id alone; None where one is under way."""
        run = await store.runs.add(connection_id, trigger, asked_by=by, now=now, run_id=tracing.take_id())
        if run is None:
            return None
        with tracing.beginning(run.id, "sync.queued", run=run.id, workspace=store.id, trigger=trigger):
            await self.engine.enqueue(store.session, run.id)
        (log.info if by else log.debug)("sync.queued", workspace=str(store.id), run=str(run.id), trigger=trigger)
        if progress.is_told(run):
            await progress.tell(store, run.id, now=now)
        store.touch(now)
        return run

    def tokens(self, workspace_id: UUID, connection_id: UUID, *, parting: bool = False) -> Tokens:
        """The access token of one connection; `parting` to say goodbye with."""
        parts = (self.database, self.vault, self.login, self.patience)
        return Tokens(*parts, workspace_id=workspace_id, connection_id=connection_id, parting=parting)

    def calls(self, connection: Connection, meter: Meter) -> OrganisationCalls:
        """Calls to a connection's organisation, counted by `meter`."""
        tokens = self.tokens(connection.workspace_id, connection.id)
        return self.xero.organisation(connection.tenant_id, tokens, meter)

    async def run(self, run_id: UUID) -> None:
        """Carry out a run. Safe to be called again for the same run, at any time: it goes on from its cursor."""
        async with self.database.unscoped() as unscoped:
            workspace_id = await unscoped.run_owner(run_id)
            if workspace_id is None:
                return
            if self.database.process and not await unscoped.workers.hold(self.database.process):
                raise TakenForDead  # it is others' to carry out; they may be at it
            store = unscoped.within(workspace_id)
            attempt = await store.runs.start(run_id, now=utc_now())
            run = await store.runs.get(run_id)
            connection = await store.connections.get(run.connection_id) if run else None
        if attempt is None or run is None or connection is None:
            return
        if attempt == 1 and run.started_at is not None:
            measures.SYNC_WAIT.labels(run.trigger).observe((run.started_at - run.queued_at).total_seconds())
        reader = self._reader(run, connection, attempt)
        # So that also what others log on behalf of this run can be found by it.
        with (
            structlog.contextvars.bound_contextvars(run=str(run_id), workspace=str(workspace_id)),
            tracing.span("sync.run", run_id, run=run_id, workspace=workspace_id, trigger=run.trigger, attempt=attempt),
        ):
            if not await survived("sync.run", self._attempt(reader)):
                await self._end(reader, Unexpected("see the log"))

    def _reader(self, run: SyncRun, connection: Connection, attempt: int) -> Reader:
        calls = self.calls(connection, Meter(run.calls, run.bytes))
        tally = Tally(**{each.name: getattr(run, each.name) for each in fields(Tally)})
        apart = self.apart if self.database.embedded else None  # columns are turned for SQLite's driver there
        return Reader(self.database, calls, run, connection, attempt, self.lull, tally, apart=apart)

    async def _attempt(self, reader: Reader) -> None:
        try:
            quotas.must_be_open(reader.connection, now=utc_now())
            result = await everything(reader)
        except Superseded as over:
            log.info("sync.superseded", run=str(reader.run.id), why=str(over))
            await self._close(reader, over)
        except XeroError as error:
            await self._end(reader, error)
        else:
            await self._end(reader, None, result)

    async def _close(self, reader: Reader, over: Superseded) -> None:
        """Finish a run that nobody else goes on with: left open, it would keep others from starting for ever."""
        run, now = reader.run, utc_now()
        async with self.database.workspace(run.workspace_id) as store:
            values = {"state": RunState.FAILED, "error": over.code, "finished_at": now}
            written = await store.runs.write(run.id, attempt=reader.attempt, **values)
            if written:
                await progress.tell(store, run.id, now=now)
        if written:
            measures.sync_ended(run.trigger, over.code, (now - (run.started_at or now)).total_seconds())

    async def _end(self, reader: Reader, error: XeroError | None, result: Result = Result()) -> None:  # noqa: B008
        """One transaction: finish the run, settle the incident, tell what is to be told."""
        now = utc_now()
        run = reader.run
        seconds = max((now - (run.started_at or now)).total_seconds(), 0.0)
        outcome = outcome_of(error, result.agreement)
        # Before the last transaction: to sum up many invoices takes a while, and others would have to wait.
        summed = None if error else result.summed or await reader.summed()
        async with self.database.workspace(run.workspace_id) as store:
            # First the connection, then the run, as whoever disconnects does: else each could wait for the other.
            connection = await store.connections.take(reader.connection.id)
            if connection is None:
                return
            written = await store.runs.write(
                run.id, attempt=reader.attempt, finished_at=now, seconds=seconds, **reader.found(), **outcome
            )
            if not written:
                return
            if made_anew_since(connection, run) and isinstance(error, NeedsPerson):
                # What that run met is mended already: somebody has connected again meanwhile.
                connection.next_sync_at = now
            elif connection.state != ConnectionState.DISCONNECTED:
                await self._settle(store, connection, run, error, result, reader.calls.meter, now=now)
            if progress.is_told(run):
                await progress.tell(store, run.id, now=now, connection=connection, summed=summed)
            store.touch(now)
        measures.sync_ended(run.trigger, error.code if error else None, seconds)
        tracing.note(result=error.code if error else "succeeded")
        log.info(
            "sync.finished",
            workspace=str(run.workspace_id),
            run=str(run.id),
            trigger=run.trigger,
            error=error.code if error else None,
            seconds=round(seconds, 3),
            **vars(reader.tally),
        )

    async def _looked_into(
        self, store: WorkspaceStore, connection: Connection, run: SyncRun, result: Result, *, now: datetime
    ) -> None:
        """What webhooks told before this run began is in the mirror now."""
        until = run.started_at or run.queued_at
        await store.webhook_events.handled(connection.id, until=until, now=now, resources=result.only)

    async def _settle(
        self,
        store: WorkspaceStore,
        connection: Connection,
        run: SyncRun,
        error: XeroError | None,
        result: Result,
        meter: Meter,
        *,
        now: datetime,
    ) -> None:
        # What is asked comes before what is changed: each question would write down what was changed before it.
        usual = rhythm((await store.preferences.get()).sync_every, self.every)
        cost = await quotas.cost_of_one(store, now=now)
        connection.last_attempt_at = now
        connection.failures = connection.failures + 1 if error else 0
        # Only a person ends these; trying faster than usual would only spend calls.
        backoff = 0 if isinstance(error, NeedsPerson) else connection.failures
        retry_at = error.retry_at if isinstance(error, Passing) else None
        quotas.read_meter(connection, meter, now=now)
        every = await quotas.settle(store, connection, error, every=usual, cost=cost, limit=self.daily_limit, now=now)
        if error or result.only is None:
            # A sync of a few named records is no substitute for the automatic one.
            connection.next_sync_at = next_sync_at(now, every=every, failures=backoff, retry_at=retry_at)
        if error is None:
            connection.state, connection.last_success_at = ConnectionState.ACTIVE, now
            if result.full_next:
                connection.next_reconcile_at = now
            elif connection.next_reconcile_at is None:
                connection.next_reconcile_at = next_night(connection.id, now, zone(connection.timezone))
            found = result.agreement
            await self.troubles.recovered(store, connection, now=now, agreed=found is not None and found.agree)
            await self._looked_into(store, connection, run, result, now=now)
            if found is not None and not found.agree:
                why = BooksDiffer(f"ours {found.invoices}, theirs {found.theirs}")
                await self.troubles.failed(store, connection, why, now=now)
        else:
            await self.troubles.failed(store, connection, error, now=now)


def made_anew_since(connection: Connection, run: SyncRun) -> bool:
    """Whether somebody connected again while this run was under way."""
    live = connection.state != ConnectionState.DISCONNECTED
    return live and run.started_at is not None and connection.connected_at > run.started_at


def outcome_of(error: XeroError | None, compared: Agreement | None) -> dict[str, str | None]:
    """The run's columns that say how it ended."""
    if error is None:
        return {"state": RunState.SUCCEEDED, "agreement": agreement.encode(compared) if compared else None}
    detail = f"{error.detail} {error.correlation_id}".strip()
    return {"state": RunState.FAILED, "error": error.code, "error_detail": detail}
