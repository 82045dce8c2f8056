"""How the running service feels: start, memory, and how soon Slack has its acknowledgement.

A real `solido serve` in a process of its own, beside emulations in this one; and in the same run a bare Bolt app that
only acknowledges: what it takes is the floor.
"""

import asyncio
import itertools
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import aiohttp
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.ports import Served
from sandbox.slack import FakeSlack
from sandbox.world import BOT_TOKEN, CLIENT_ID, CLIENT_SECRET, SIGNING_SECRET
from sandbox.xero import FakeXero, demo_ledger

A_SECOND = 100
SECONDS = 10
CONNECTIONS = 64
KEPT_SECONDS = 2.0
"""How long an idle connection is used again. The servers close theirs after five, now and then just as we write."""

Post = Callable[[], Awaitable[float]]
typed = itertools.count()


@asynccontextmanager
async def emulations(product: str) -> AsyncIterator[dict[str, str]]:
    """An emulated Slack and Xero; yields the environment that points a product at them."""
    slack_at, xero_at = Served(), Served()
    xero = FakeXero(
        clock=lambda: datetime.now(UTC),
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        redirect_uris=[f"{product}/xero/callback"],
        enforce_limits=False,
    )
    demo_ledger(xero)
    slack = FakeSlack(signing_secret=SIGNING_SECRET, bot_token=BOT_TOKEN)
    slack.base_url, slack.request_url = slack_at.url, f"{product}/slack/events"
    await slack_at.start(slack.app)
    await xero_at.start(xero.app)
    try:
        yield {
            "SOLIDO_PUBLIC_URL": product,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_API_URL": f"{slack_at.url}/api/",
            "XERO_CLIENT_ID": CLIENT_ID,
            "XERO_CLIENT_SECRET": CLIENT_SECRET,
            "XERO_LOGIN_URL": xero_at.url,
            "XERO_IDENTITY_URL": xero_at.url,
            "XERO_API_URL": xero_at.url,
            "SOLIDO_LOG_FORMAT": "json",
        }
    finally:
        await slack_at.stop()
        await xero_at.stop()
        await slack.aclose()


def free_port() -> int:
    served = Served()
    port = served.port
    served.close()
    return port


def signed(body: bytes) -> dict[str, str]:
    stamp = str(int(time.time()))
    signature = SignatureVerifier(SIGNING_SECRET).generate_signature(timestamp=stamp, body=body)
    return {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": str(signature),
    }


def command(text: str, answers_at: str = "http://localhost:9/", channel: str = "C0FINANCE") -> bytes:
    """As somebody types it: each has a trigger of its own, or it would be taken for one that was sent again."""
    form = {
        "command": "/solido",
        "text": text,
        "team_id": "T0SOLIDO",
        "channel_id": channel,
        "user_id": "U0ADMIN",
        "trigger_id": f"1.2.{next(typed)}",
        "response_url": answers_at,
    }
    return urlencode(form).encode()


def make_client(*, timeout: float = 5) -> aiohttp.ClientSession:
    """As many connections as Slack would open, none of them old. Whoever sends shares the cores with who answers: this
    client takes a quarter of what httpx would."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEPT_SECONDS)
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=timeout))


async def ack(
    client: aiohttp.ClientSession,
    url: str,
    text: str,
    answers_at: str = "http://localhost:9/",
    channel: str = "C0FINANCE",
) -> float:
    """Milliseconds from sending a signed command to the end of its answer; what comes later goes to `answers_at`."""
    body = command(text, answers_at, channel)
    return await timed(client, url, body, signed(body))


async def timed(client: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]) -> float:
    """Milliseconds to the end of a good answer; where the connection turns out to be closed, on another one."""
    began = time.perf_counter()
    try:
        status, _text = await posted(client, url, body, headers)
    except aiohttp.ClientConnectionError:
        status, _text = await posted(client, url, body, headers)
    assert status == 200, status
    return (time.perf_counter() - began) * 1000


async def posted(client: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    async with client.post(url, data=body, headers=headers) as answer:
        return answer.status, await answer.text()


async def steady(post: Post, *, a_second: int, seconds: int) -> list[float]:
    """Begin `a_second` requests every second whether or not earlier ones have ended; return each one's milliseconds."""
    began = time.perf_counter()
    tasks = []
    for number in range(a_second * seconds):
        await asyncio.sleep(max(0.0, began + number / a_second - time.perf_counter()))
        tasks.append(asyncio.create_task(post()))
    return list(await asyncio.gather(*tasks))


def bare_bolt() -> Starlette:
    """The same adapter and signature check, a listener that only acknowledges, no database."""

    async def authorize(**_about: object) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0SOLIDO", bot_token="xoxb-x", bot_id="B", bot_user_id="U")

    bolt = AsyncApp(signing_secret=SIGNING_SECRET, authorize=authorize)

    @bolt.command("/solido")
    async def acknowledge(ack: Callable[[str], Awaitable[None]]) -> None:
        await ack("ok")

    handler = AsyncSlackRequestHandler(bolt)

    async def take(_request: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(
        routes=[
            Route("/slack/events", handler.handle, methods=["POST"]),
            Route("/answers", take, methods=["POST"]),  # where answers that follow later may go
        ]
    )


def report(name: str, times: list[float]) -> float:
    """Print what Slack waits for an acknowledgement; return the median in milliseconds."""
    cuts = quantiles(times, n=100)
    line(f"ack, {A_SECOND} a second: {name}", f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms")
    return cuts[49]


def line(name: str, value: str) -> None:
    print(f"{name:<44} {value}")


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def until_ready(client: aiohttp.ClientSession, url: str, *, status: int = 200) -> None:
    """Ask until it answers with this status; TimeoutError after two minutes."""
    async with asyncio.timeout(120):
        while True:
            try:
                async with client.get(url) as answer:
                    if answer.status == status:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(*arguments: str, env: dict[str, str] | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Python process that does not outlive the block."""
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, env=env)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def serve_bare(port: int) -> None:
    served = Served(port)
    await served.start(bare_bolt())
    await asyncio.Event().wait()


async def start_and_stop(client: aiohttp.ClientSession, base: str, env: dict[str, str]) -> None:
    began = time.perf_counter()
    async with running("-m", "bot", "serve", env=env) as process:
        await until_ready(client, f"{base}/readyz")
        line("start to /readyz, the schema made", f"{time.perf_counter() - began:.2f} s")
        process.send_signal(signal.SIGTERM)
        began = time.perf_counter()
        await process.wait()
        line(f"SIGTERM to exit {process.returncode}", f"{time.perf_counter() - began:.2f} s")


async def acknowledgements(client: aiohttp.ClientSession, base: str, env: dict[str, str]) -> None:
    port = free_port()
    floor, later = f"http://localhost:{port}/slack/events", f"http://localhost:{port}/answers"
    script = f"import asyncio; from bench.service import serve_bare; asyncio.run(serve_bare({port}))"
    began = time.perf_counter()
    async with running("-m", "bot", "serve", env=env) as process, running("-c", script):
        await until_ready(client, f"{base}/readyz")
        line("start to /readyz, the schema there", f"{time.perf_counter() - began:.2f} s")
        await until_ready(client, floor, status=405)
        line("resident memory at rest", f"{resident_mb(process.pid):.0f} MB")
        await ack(client, f"{base}/slack/events", "connect")
        rest = await steady(lambda: ack(client, floor, "status"), a_second=A_SECOND, seconds=SECONDS)
        ours = await steady(
            lambda: ack(client, f"{base}/slack/events", "status", later), a_second=A_SECOND, seconds=SECONDS
        )
        below, above = report("a bare Bolt app", rest), report("/solido status", ours)
        line("ratio of the medians", f"{above / below:.2f}")
        line("resident memory afterwards", f"{resident_mb(process.pid):.0f} MB")


async def main() -> None:
    base = f"http://localhost:{free_port()}"
    with TemporaryDirectory() as folder:
        async with emulations(base) as environment, make_client() as client:
            database = {"PORT": base.rpartition(":")[2], "DATABASE_URL": f"sqlite:///{folder}/solido.db"}
            env = {**os.environ, **environment, **database}
            await start_and_stop(client, base, env)
            await acknowledgements(client, base, env)


if __name__ == "__main__":
    asyncio.run(main())
