"""Socket Mode as Slack has it: a ticket from `apps.connections.open`, envelopes one way, acknowledgements back.

Source: Slack developer docs, "Using Socket Mode". Served by aiohttp on a port of its own.
"""

import asyncio
import json
import secrets
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from .records import Answer

LOOPBACK = "127.0.0.1"


class Sockets:
    """The lines apps have open. A ticket is taken once; any open line may get an envelope, here the newest does."""

    def __init__(self, app_id: str, on_change: Callable[[], None]) -> None:
        self.app_id, self._on_change = app_id, on_change
        self.opened = 0
        self.tickets: set[str] = set()
        self.lines: list[web.WebSocketResponse] = []
        self.sent: list[dict[str, Any]] = []
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/link", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def ticket(self) -> str:
        """The address for one line."""
        ticket = secrets.token_urlsafe(16)
        self.tickets.add(ticket)
        return f"ws://{LOOPBACK}:{self._port}/link?ticket={ticket}&app_id={self.app_id}"

    async def hang_up(self) -> None:
        """End all lines as Slack does every few hours: with a word before."""
        for line in list(self.lines):
            await line.send_json({"type": "disconnect", "reason": "refresh_requested"})

    async def cut(self) -> None:
        """End all lines without a word."""
        for line in list(self.lines):
            await line.close()

    async def deliver(self, kind: str, payload: dict[str, Any], *, within: float, retry: int = 0) -> Answer:
        """Send an envelope down a line; the answer is what was acknowledged, in the form HTTP would have it."""
        if not self.lines:
            return Answer(None, error="dispatch_failed")
        name = secrets.token_hex(8)
        envelope = {
            "envelope_id": name,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
            **({"retry_attempt": retry, "retry_reason": "timeout"} if retry else {}),
        }
        self.sent.append(envelope)
        waiting = self._waiting[name] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(within):
                await self.lines[-1].send_json(envelope)
                acknowledged = await waiting
        except TimeoutError:
            return Answer(None, error="operation_timeout")
        finally:
            self._waiting.pop(name)
        said = acknowledged.get("payload")
        return Answer(200, json.dumps(said).encode() if said else b"", "application/json" if said else "")

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self.tickets:
            raise web.HTTPForbidden
        self.tickets.discard(ticket)
        line = web.WebSocketResponse()
        await line.prepare(request)
        self.lines.append(line)
        self.opened += 1
        await line.send_json(
            {
                "type": "hello",
                "num_connections": len(self.lines),
                "connection_info": {"app_id": self.app_id},
                "debug_info": {"host": "sandbox", "approximate_connection_time": 3600},
            }
        )
        self._on_change()
        try:
            async for message in line:
                if message.type == WSMsgType.TEXT:
                    self._acknowledged(json.loads(message.data))
        finally:
            self.lines.remove(line)
            self._on_change()
        return line

    def _acknowledged(self, said: dict[str, Any]) -> None:
        waiting = self._waiting.get(str(said.get("envelope_id")))
        if waiting is not None and not waiting.done():
            waiting.set_result(said)
