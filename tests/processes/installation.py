"""`python -m bot` as a process of its own, as on a server, beside an emulated Slack and Xero that the test serves."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from core.vault import new_key
from core.xero.http import trusted
from sandbox.ports import Served
from sandbox.slack import FakeSlack, Reply
from sandbox.xero import FakeXero, Organisation
from storage.database import Database
from storage.mirror_models import Invoice
from storage.models import OutboxMessage, SyncRun

Row = TypeVar("Row")

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 90
SIGNING_SECRET, BOT_TOKEN = "a-signing-secret", "xoxb-a-bot-token"


def now() -> datetime:
    return datetime.now(UTC)


class Installation:
    """The emulations are served here; the product is a subprocess that can be started, stopped and killed."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.slack_at, self.xero_at, self.product_at = Served(), Served(), Served()
        self.port = self.product_at.port
        self.product_at._socket.close()  # only the number was wanted
        self.xero = FakeXero(
            clock=now,
            client_id="app",
            client_secret="s3cret",
            redirect_uris=[f"{self.public}/xero/callback"],
            enforce_limits=False,
            # A process that is killed at every step syncs more often than anybody does: it should not wait for a new
            # minute or day of calls.
            minute_limit=100_000,
            day_limit=1_000_000,
        )
        self.slack = FakeSlack(signing_secret=SIGNING_SECRET, bot_token=BOT_TOKEN, clock=now)
        self.slack.base_url = self.slack_at.url
        self.slack.request_url = f"{self.public}/slack/events"
        self.key = new_key()
        self.database = Database(url)
        self.browser = httpx.AsyncClient(timeout=20, trust_env=False, verify=trusted())
        self.process: Process | None = None

    @property
    def public(self) -> str:
        return f"http://localhost:{self.port}"

    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.url,
            "PORT": str(self.port),
            "SOLIDO_PUBLIC_URL": self.public,
            "SOLIDO_SECRET_KEYS": self.key,
            "SOLIDO_LOG_FORMAT": "json",
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_API_URL": f"{self.slack_at.url}/api/",
            "XERO_CLIENT_ID": "app",
            "XERO_CLIENT_SECRET": "s3cret",
            "XERO_LOGIN_URL": self.xero_at.url,
            "XERO_IDENTITY_URL": self.xero_at.url,
            "XERO_API_URL": self.xero_at.url,
        }

    async def open(self) -> None:
        await self.slack_at.start(self.slack.app)
        await self.xero_at.start(self.xero.app)

    async def close(self) -> None:
        if self.process and self.process.returncode is None:
            await self.kill()
        await self.browser.aclose()
        await self.database.close()
        await self.xero_at.stop()
        await self.slack_at.stop()
        await self.slack.aclose()

    # the process

    async def start(self) -> None:
        """Start `serve` and wait until it says that it is ready."""
        self.process = await python("-m", "bot", "serve", settings=self.environment(), folder=self.folder)
        await self.until(self._ready)

    async def _ready(self) -> bool:
        assert self.process is not None
        if self.process.returncode is not None:
            raise AssertionError(await everything_said(self.process))
        try:
            return (await self.browser.get(f"{self.public}/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    async def kill(self) -> None:
        """-9: nobody gets to say goodbye."""
        assert self.process is not None
        self.process.kill()
        await self.process.communicate()

    async def terminate(self) -> tuple[int | None, float, str]:
        """SIGTERM; return the exit code, how many seconds it took, and all that was logged."""
        assert self.process is not None
        began = asyncio.get_running_loop().time()
        self.process.send_signal(signal.SIGTERM)
        code, said = await finished(self.process)
        return code, asyncio.get_running_loop().time() - began, said

    async def until(self, condition: Callable[[], object], *, within: float = PATIENCE_SECONDS) -> None:
        """Wait until the condition, which may be awaitable, holds."""
        async with asyncio.timeout(within):
            while True:
                held = condition()
                if await held if asyncio.iscoroutine(held) else held:
                    return
                await asyncio.sleep(0.1)

    # people

    async def connect(self, organisation: Organisation, *, channel: str = "finance") -> None:
        """`/solido connect`, through Xero, to the page that says it is done."""
        reply = await self.slack.command("connect", channel=channel)
        await self.until(lambda: links_in(reply))  # on a busy machine the answer follows
        [link] = links_in(reply)
        gone = await self.browser.get(link)
        back = await self.xero.consent(gone.headers["location"], organisations=[organisation], http=self.browser)
        await self.browser.get(back)
        state = parse_qs(urlsplit(back).query)["state"][0]
        chosen = {"state": state, "organisation": organisation.tenant_id}
        page = await self.browser.get(f"{self.public}/xero/callback", params=chosen)
        assert page.status_code == 200, page.text

    # looking, through the door that never holds the product up

    async def rows(self, wanted: SelectOfScalar[Row]) -> Sequence[Row]:
        async with self.database.reading(uuid4()) as store:
            return (await store.session.exec(wanted)).all()

    def invoice_pages(self) -> int:
        """How many pages of invoices Xero has been asked for."""
        return sum(request.path.endswith("/Invoices") for request in self.xero.requests)

    async def runs(self) -> list[SyncRun]:
        return list(await self.rows(select(SyncRun).order_by(col(SyncRun.queued_at))))

    async def synced(self) -> bool:
        """Whether the newest run has succeeded; AssertionError where it failed."""
        run = (await self.runs())[-1]
        assert run.error is None, run.error
        return run.state == "succeeded"

    async def all_told(self) -> bool:
        return not await self.rows(select(OutboxMessage).where(col(OutboxMessage.waiting)))

    async def mirror(self) -> dict[str, tuple[str, Decimal]]:
        rows = await self.rows(select(Invoice).where(Invoice.status == "AUTHORISED"))
        return {str(row.invoice_id): (row.number, row.amount_due) for row in rows}


def links_in(reply: Reply) -> list[str]:
    blocks = [*reply.blocks, *(block for message in reply.later for block in message.blocks)]
    return [element["url"] for block in blocks for element in block.get("elements", []) if element.get("url")]


def outstanding(organisation: Organisation) -> dict[str, tuple[str, Decimal]]:
    return {each.id: (each.number, each.due) for each in organisation.outstanding()}


async def python(*arguments: str, settings: Mapping[str, str], folder: Path) -> Process:
    """A Python of this environment with these settings and no others, in a folder without a `.env`."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | dict(settings)
    return await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=environment, cwd=folder, stdout=PIPE, stderr=PIPE, limit=2**24
    )


async def finished(process: Process, *, within: float = PATIENCE_SECONDS) -> tuple[int | None, str]:
    """The exit code, and all that was written."""
    out, err = await asyncio.wait_for(process.communicate(), within)
    return process.returncode, (out + err).decode()


async def everything_said(process: Process) -> str:
    return (await finished(process))[1]


@asynccontextmanager
async def installed(url: str, folder: Path) -> AsyncIterator[Installation]:
    made = Installation(url, folder)
    await made.open()
    try:
        yield made
    finally:
        await made.close()
