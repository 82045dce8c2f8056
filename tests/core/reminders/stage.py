"""Reminders with everything real but the wires: the database, the emulated Xero in process, a mailer that can fail."""

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
from sqlalchemy import event, make_url

from core import clock
from core.connect import Arrival, Connecting
from core.mail import Fate, Mail, Outcome
from core.patience import Patience
from core.reminders.asking import AskedAfresh, UnappliedMoney
from core.reminders.deciding import Reminding
from core.reminders.sending import Sending
from core.sync import Syncing
from core.vault import Vault, new_key
from core.xero.client import Xero
from core.xero.http import make_http
from core.xero.oauth import READ_SCOPES, XeroLogin
from sandbox.clock import VirtualClock
from sandbox.xero import FakeXero
from storage.database import Database
from storage.migrate import migrate
from storage.models import Team, Trigger, Workspace
from tests.core.reminders.in_thread import emptied, template
from tests.engines import InlineEngine

LOGIN = "http://xero.example.com"
BACK = "http://localhost:8000/xero/callback"
NO_WAITING = Patience(tries=1, first_wait=0.0, longest_wait=0.0)


class Crash(BaseException):
    """The process ends here; nothing may catch it."""


@dataclass
class FakeMailer:
    """`handed` are all letters it was given, `delivered` those that reached the customer. `next_fates` are used up
    first; `crash` ends the process before or after the next delivery. `watch` is told of each delivery at its moment.
    """

    handed: list[Mail] = field(default_factory=list)
    delivered: list[Mail] = field(default_factory=list)
    next_fates: list[tuple[Fate, bool]] = field(default_factory=list)
    crash: str = ""
    watch: Callable[[Mail], None] = lambda mail: None

    async def send(self, mail: Mail) -> Outcome:
        self.handed.append(mail)
        when, self.crash = self.crash, ""
        if when == "before":
            raise Crash
        fate, arrives = self.next_fates.pop(0) if self.next_fates else (Fate.SENT, True)
        if arrives:
            self.delivered.append(mail)
            self.watch(mail)
        if when == "after":
            raise Crash
        return Outcome(fate, "as the test wants it")


@dataclass(frozen=True)
class Meanwhile:
    """Reads credit as the product does; then, between the fresh reading and the gate, what the test wants happens."""

    inner: UnappliedMoney
    stage: "Stage"

    async def of(self, calls, contact_ids, *, payments):
        self.stage.asked_at = self.stage.now
        found = await self.inner.of(calls, contact_ids, payments=payments)
        happens, self.stage.meanwhile = self.stage.meanwhile, None
        if happens:
            await happens()
        return found


@dataclass
class Stage:
    clock: VirtualClock
    database: Database
    xero: FakeXero
    mailer: FakeMailer
    engine: InlineEngine
    syncing: Syncing
    workspace: UUID
    organisation: object
    keys: list[str]
    statements_left: int | None = None
    meanwhile: Callable[[], Awaitable[None]] | None = None
    asked_at: datetime | None = None

    @property
    def sending(self) -> Sending:
        """A new one each time: it keeps nothing, as after a restart."""
        asked = Meanwhile(AskedAfresh(), self)
        return Sending(self.syncing, self.mailer, asked, "https://solido.example.com")

    @property
    def reminding(self) -> Reminding:
        return Reminding(self.database, self.mailer)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def sync(self) -> None:
        """Everything that changed; after what a crash has left undone."""
        await self.engine.drain()
        async with self.database.workspace(self.workspace) as store:
            connection = await store.connections.latest()
            await self.syncing.queue(store, connection, Trigger.SCHEDULED, by=None, now=self.now)
        await self.engine.drain()

    async def tick(self) -> None:
        """Look, whatever the rhythm says; a crash ends it."""
        async with self.database.workspace(self.workspace) as store:
            await store.reminders.decide(next_look_at=self.now)
        try:
            await self.sending.tick()
        except Crash:
            self.statements_left = None

    def crash_at_statement(self, count: int) -> None:
        self.statements_left = count

    def _count(self, *_ignored: object) -> None:
        if self.statements_left is not None:
            self.statements_left -= 1
            if self.statements_left < 0:
                self.statements_left = None
                raise Crash

    async def close(self) -> None:
        event.remove(self.database.engine.sync_engine, "before_cursor_execute", self._count)
        await self.database.close()
        await self.syncing.xero._http.aclose()
        await self.syncing.login.close()
        clock.follow(clock.system_time)


def london(xero: FakeXero):
    return xero.add_organisation("Harbour Lane Ltd", base_currency="GBP", country="GB", timezone="GMTSTANDARDTIME")


async def a_stage(url: str, start: datetime, *, ledger=None, **about) -> Stage:
    """Connected, synced once, reminders started; the organisation is in London and holds no invoice yet.

    Without a `url` the database is one in memory that the next such stage takes over.
    """
    time = VirtualClock(start, flowing=False)
    clock.follow(time.now)
    if url:
        tables(url)
    database = Database(url) if url else await emptied()
    xero = FakeXero(
        clock=time.now, client_id="ID", client_secret="secret", redirect_uris=[BACK], enforce_limits=False, **about
    )
    organisation = ledger(xero) if ledger else london(xero)
    transport = httpx.ASGITransport(app=xero.app)
    login = XeroLogin(
        client_id="ID", client_secret="secret", login_url=LOGIN, identity_url=LOGIN, redirect_uri=BACK,
        scopes=READ_SCOPES, transport=transport,
    )  # fmt: skip
    engine, keys = InlineEngine(), [new_key()]
    client = Xero(make_http(transport), LOGIN, patience=NO_WAITING)
    syncing = Syncing(database, engine, Vault(keys), login, client, NO_WAITING, every=timedelta(minutes=15))
    await engine.launch(syncing.run)
    workspace = await connected(database, syncing, xero, organisation, start)
    await engine.drain()
    stage = Stage(time, database, xero, FakeMailer(), engine, syncing, workspace, organisation, keys)
    event.listen(database.engine.sync_engine, "before_cursor_execute", stage._count)
    await stage.reminding.saw_plan(workspace, by="U", now=start)
    await stage.reminding.start(workspace, by="U", now=start)
    return stage


def tables(url: str) -> None:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        shutil.copyfile(template(), parsed.database)
    else:
        migrate(url)


async def connected(database: Database, syncing: Syncing, xero: FakeXero, organisation, now: datetime) -> UUID:
    team = Team(slack_team_id="T", name="", url="", bot_id="", bot_user_id="", bot_token_sealed=b"", installed_at=now)
    workspace = Workspace(team_id=team.id, channel_id="C", created_by="U", created_at=now)
    async with database.unscoped() as unscoped:
        unscoped.add_team(team)
        await unscoped.session.flush()
        unscoped.add_workspace(workspace)
    connecting = Connecting(syncing)
    secret = await connecting.begin(workspace.id, by="U", now=now)
    departure = await connecting.depart(secret, browser=None, now=now)
    back = parse_qs(urlsplit(await xero.consent(departure.url, organisations=[organisation])).query)
    came = await connecting.arrive(
        state=back["state"][0], browser=departure.browser_secret, code=back["code"][0], denied=False, now=now
    )
    if isinstance(came, Arrival):
        await connecting.choose(
            state=came.state, browser=departure.browser_secret, tenant_id=organisation.tenant_id, now=now
        )
    return workspace.id


def money(text: str) -> Decimal:
    return Decimal(text)
