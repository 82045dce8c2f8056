"""The front door: small and capital letters in paths, faults, calls in flight, the request log."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import Message, Receive, Scope, Send

from sandbox.xero import faults
from sandbox.xero.limits import Limits
from sandbox.xero.refusals import too_many
from sandbox.xero.switches import Switches


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the log. `query` stays empty for login pages: it holds secrets there."""

    at: datetime
    method: str
    path: str
    query: str
    status: int
    """0 when the connection ended before a status."""
    bytes_out: int
    tenant_id: str | None


class Gate(Starlette):
    def __init__(
        self,
        routes: Sequence[BaseRoute],
        *,
        clock: Callable[[], datetime],
        settle: Callable[[], None],
        troubles: faults.Faults,
        limits: Limits,
        switches: Switches,
        log: Callable[[Request], None],
    ) -> None:
        super().__init__(routes=routes)
        self._clock, self._settle, self._troubles = clock, settle, troubles
        self._limits, self._switches, self._log = limits, switches, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        self._settle()
        counted = Counted(send)
        tenant = _tenant(scope) if _path(scope).lower().startswith(faults.API) else None
        flight = tenant or ""
        self._limits.in_flight[flight] += 1
        try:
            await self._pass(scope, receive, counted, tenant)
        finally:
            self._limits.in_flight[flight] -= 1
            self._log(self._line(scope, counted, tenant))

    async def _pass(self, scope: Scope, receive: Receive, send: "Counted", tenant: str | None) -> None:
        lowered = dict(scope) | {"path": scope.get("root_path", "") + _path(scope).lower()}
        for fault in self._troubles.take(_path(scope)):
            match fault.kind:
                case "slow":
                    await asyncio.sleep(1.0 if fault.seconds is None else fault.seconds)
                case "cut":
                    return await faults.cut(send, send.transport)
                case "reset":
                    return await faults.reset(send, send.transport)
                case _:
                    answer = faults.response(fault, tenant, self._limits, self._switches)
                    return await answer(scope, receive, send)
        if tenant is not None and self._limits.too_many_at_once(tenant):
            correlation = str(uuid4())
            refusal = too_many("concurrent", None, correlation, self._switches)
            refusal.headers.update(self._limits.headers(tenant) | {"Xero-Correlation-Id": correlation})
            return await refusal(scope, receive, send)
        return await super().__call__(lowered, receive, send)

    def _line(self, scope: Scope, counted: "Counted", tenant: str | None) -> Request:
        path = _path(scope)
        open_query = not path.lower().startswith("/identity/")
        query = scope.get("query_string", b"").decode("latin-1") if open_query else ""
        return Request(self._clock(), scope["method"], path, query, counted.status, counted.bytes_out, tenant)


class Counted:
    """A server's `send` that remembers the status and the size of what went through it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.transport = faults.transport_of(send)
        self.status = 0
        self.bytes_out = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self.bytes_out += len(message.get("body", b""))
        await self._send(message)


def _path(scope: Scope) -> str:
    """The path below where the app is mounted."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path.removeprefix(root) if root else path


def _tenant(scope: Scope) -> str | None:
    found = next((value for name, value in scope["headers"] if name == b"xero-tenant-id"), b"")
    return found.decode("latin-1").lower() or None
