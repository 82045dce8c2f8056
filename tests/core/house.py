"""Core's rooms joined as bot/app.py joins them: a real database, an inline engine, an emulated Xero on a clock that
stands still. Nothing here is patched; what a test wants to be different it passes in."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx

from core import clock as core_clock
from core.connect import Arrival, Connecting, Done
from core.farewell import Farewell
from core.notices import Notice, decode
from core.patience import Patience
from core.scheduler import Due
from core.sync import Syncing
from core.tokens import Tokens
from core.vault import Vault, new_key
from core.webhooks import Webhooks
from core.xero.client import Xero
from core.xero.http import make_http
from core.xero.oauth import WRITE_SCOPES, XeroLogin
from sandbox.clock import VirtualClock
from sandbox.xero import Contact, FakeXero, Invoice, Organisation
from storage.database import Database
from storage.models import Connection, OutboxMessage, SyncRun
from storage.store import WorkspaceStore
from tests import builders
from tests.engines import InlineEngine

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVERY = timedelta(minutes=15)
CALLBACK = "https://solido.example.com/xero/callback"
QUICK = Patience(tries=3, first_wait=0.001, longest_wait=0.01)
"""Gives up on anything that asks for a real wait."""


class PowerCut(BaseException):
    """The process is gone: nothing that catches errors catches this."""


class Line(httpx.AsyncBaseTransport):
    """The line to Xero. `calls` are the accounting and connection calls that went over it; `before` and `after` are
    told of each, may be awaited by it, and may raise what a line or a machine raises."""

    def __init__(self, xero: FakeXero) -> None:
        self._inner = httpx.ASGITransport(app=xero.app)
        self.calls: list[httpx.Request] = []
        self.before: Callable[[httpx.Request], Any] | None = None
        self.after: Callable[[httpx.Request], Any] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        if self.before:
            await _done(self.before(request))
        answer = await self._inner.handle_async_request(request)
        if self.after:
            await answer.aread()
            await _done(self.after(request))
        return answer

    def paths(self) -> list[str]:
        return [f"{call.method} {call.url.path}" for call in self.calls]

    def cut_power(self, *, at: int, answered: bool = False) -> None:
        """End the process at the given call from now on (1 is the next), before it is made or once it is answered."""
        left = at

        def count(_request: httpx.Request) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                self.before = self.after = None
                raise PowerCut

        self.before, self.after = (None, count) if answered else (count, None)


async def _done(told: Any) -> None:
    if told is not None:
        await told


class House:
    """One installation. Time moves by `clock.forward`."""

    def __init__(self, url: str, *, patience: Patience = QUICK, **xero: Any) -> None:
        self.clock = VirtualClock(NOON, flowing=False)
        settings: dict[str, Any] = {"redirect_uris": [CALLBACK], "enforce_limits": False} | xero
        self.xero = FakeXero(clock=self.clock.now, client_id="app", client_secret="s3cret", **settings)
        self.line = Line(self.xero)
        self.database = Database(url)
        self.engine = InlineEngine()
        self.vault = Vault([new_key()])
        self.patience = patience
        self.http = make_http(self.line)
        self.login = XeroLogin(
            client_id="app",
            client_secret="s3cret",
            login_url="https://login.xero.com",
            identity_url="https://identity.xero.com",
            redirect_uri=CALLBACK,
            scopes=WRITE_SCOPES,
            transport=self.line,
        )
        self.api = Xero(self.http, "https://api.xero.com", patience=patience)
        self.syncing = Syncing(self.database, self.engine, self.vault, self.login, self.api, patience, every=EVERY)
        self.connecting = Connecting(self.syncing)
        self.farewell = Farewell(self.syncing)
        self.due = Due(self.syncing, Webhooks(self.database, key=""))

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def pass_time(self, **by: float) -> datetime:
        self.clock.forward(timedelta(**by))
        return self.now

    async def close(self) -> None:
        await self.http.aclose()
        await self.login.close()
        await self.database.close()

    # people

    async def link(self, workspace_id: UUID) -> tuple[str, str]:
        """A fresh link, opened: the address at Xero and the browser's secret."""
        secret = await self.connecting.begin(workspace_id, by="U1", now=self.now)
        departure = await self.connecting.depart(secret, browser=None, now=self.now)
        return departure.url, departure.browser_secret

    async def consent(self, url: str, *organisations: Organisation, **how: Any) -> dict[str, str]:
        """What Xero sends the browser back with."""
        back = await self.xero.consent(url, organisations=organisations, **how)
        return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}

    async def arrive(self, query: dict[str, str], browser: str) -> Arrival | Done:
        return await self.connecting.arrive(
            state=query["state"], browser=browser, code=query.get("code"), denied="error" in query, now=self.now
        )

    async def connect(self, organisation: Organisation, *, workspace_id: UUID | None = None, **how: Any) -> UUID:
        """All the way through Xero and our own page of choice; the first sync is queued. Returns the workspace."""
        workspace_id = workspace_id or await builders.a_workspace(self.database)
        url, browser = await self.link(workspace_id)
        query = await self.consent(url, organisation, **how)
        came = await self.arrive(query, browser)
        if isinstance(came, Arrival):
            await self.connecting.choose(
                state=came.state, browser=browser, tenant_id=organisation.tenant_id, now=self.now
            )
        return workspace_id

    async def synced(self, organisation: Organisation, **how: Any) -> UUID:
        """Connected, and the first sync is done."""
        workspace_id = await self.connect(organisation, **how)
        await self.engine.drain()
        return workspace_id

    async def sync(self, workspace_id: UUID) -> SyncRun:
        """A manual sync from start to end, a second after whatever was before."""
        self.pass_time(seconds=1)
        asked = await self.syncing.request(workspace_id, by="U1", now=self.now)
        await self.engine.drain()
        return await self.run(workspace_id, asked.run.id)

    def tokens(self, connection: Connection) -> Tokens:
        return self.syncing.tokens(connection.workspace_id, connection.id)

    # looking

    @asynccontextmanager
    async def looking(self, workspace_id: UUID) -> AsyncIterator[WorkspaceStore]:
        async with self.database.reading(workspace_id) as store:
            yield store

    async def connection(self, workspace_id: UUID) -> Connection:
        async with self.looking(workspace_id) as store:
            found = await store.connections.latest()
        assert found is not None
        return found

    async def runs(self, workspace_id: UUID) -> list[SyncRun]:
        """Oldest first."""
        async with self.looking(workspace_id) as store:
            return list(reversed(await store.runs.latest(100)))

    async def run(self, workspace_id: UUID, run_id: UUID | None = None) -> SyncRun:
        """One run, or the newest."""
        runs = await self.runs(workspace_id)
        return next(run for run in reversed(runs) if run_id is None or run.id == run_id)

    async def told(self, workspace_id: UUID) -> list[Notice]:
        """All notices of the workspace as they stand now, oldest first."""
        return [decode(message.notice) for message in await self.messages(workspace_id)]

    async def messages(self, workspace_id: UUID) -> list[OutboxMessage]:
        async with self.database.unscoped() as unscoped:
            ids = await unscoped.due.messages(now=self.now + timedelta(days=3650), limit=1000)
            found = [await unscoped.session.get(OutboxMessage, owned.id) for owned in ids]
        return [message for message in found if message and message.workspace_id == workspace_id]

    async def mirror(self, workspace_id: UUID) -> dict[str, tuple[str, Decimal, str]]:
        """What the mirror calls outstanding: number, customer, amount due and currency, by Xero's id."""
        async with self.looking(workspace_id) as store:
            rows = await store.invoices.outstanding()
        return {str(row.invoice_id): (row.number, row.amount_due, row.currency) for row in rows}


def outstanding(organisation: Organisation) -> dict[str, tuple[str, Decimal, str]]:
    """The same, as Xero has it."""
    return {each.id: (each.number, each.due, each.currency) for each in organisation.outstanding()}


def owing(
    organisation: Organisation,
    number: str = "INV-1",
    total: str = "100.00",
    *,
    contact: Contact | None = None,
    **more: Any,
) -> Invoice:
    """An approved invoice, due in two weeks, of a customer of its own unless told otherwise."""
    today = organisation.today()
    plain: dict[str, Any] = {"issued_on": today, "due_on": today + timedelta(days=14)}
    return organisation.add_invoice(
        contact or organisation.add_contact(f"Customer of {number}", "books@customer.example"),
        number=number,
        total=Decimal(total),
        **plain | more,
    )


@asynccontextmanager
async def open_house(url: str, **how: Any) -> AsyncIterator[House]:
    """`url` is of a database with all tables."""
    house = House(url, **how)
    core_clock.follow(house.clock.now)
    await house.engine.launch(house.syncing.run)
    try:
        yield house
    finally:
        core_clock.follow(core_clock.system_time)
        await house.close()
