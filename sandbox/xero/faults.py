"""Troubles made on purpose: which request gets which."""

import asyncio
import gzip
import socket
import struct
from dataclasses import dataclass
from uuid import uuid4

import httpx
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import Send

from sandbox.xero.limits import DAY, MINUTE, Limits
from sandbox.xero.refusals import problem, too_many
from sandbox.xero.switches import Switches

API = "/api.xro/"
TOKEN = "/connect/token"
LABELS = {
    "429-minute": "too many calls this minute",
    "429-day": "too many calls today",
    "429-concurrent": "too many calls at once",
    "500": "an error inside Xero",
    "502": "a bad gateway",
    "503-offline": "the organisation is offline",
    "503-maintenance": "Xero is offline for maintenance",
    "html": "a web page instead of JSON",
    "cut": "an answer cut off in the middle",
    "garbled": "an answer that cannot be unpacked",
    "slow": "a slow answer",
    "reset": "a connection reset",
    "token-500": "an error at the token endpoint",
    "token-invalid_grant": "the token endpoint refuses the grant",
}


@dataclass(slots=True, eq=False)
class Fault:
    """`times` None lasts until healed. `seconds`: how slow, or what Retry-After says. `path`: a prefix."""

    kind: str
    times: int | None = 1
    path: str = API
    seconds: float | None = None

    @property
    def label(self) -> str:
        return LABELS[self.kind]


class Faults:
    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(self, kind: str, *, times: int | None, path: str | None, seconds: float | None) -> Fault:
        if kind not in LABELS:
            raise ValueError(f"There is no fault called {kind!r}; there are {', '.join(LABELS)}.")
        where = path or (TOKEN if kind.startswith("token-") else API)
        fault = Fault(kind, times, where.lower(), seconds)
        self.waiting.append(fault)
        return fault

    def take(self, path: str) -> list[Fault]:
        """Every slowness and the first other fault meant for this path, each used up by one."""
        hit: list[Fault] = []
        for fault in self.waiting:
            ends = bool(hit) and hit[-1].kind != "slow"
            if not ends and fault.times != 0 and path.lower().startswith(fault.path):
                hit.append(fault)
                if fault.times is not None:
                    fault.times -= 1
        self.waiting = [fault for fault in self.waiting if fault.times != 0]
        return hit


def response(fault: Fault, tenant: str | None, limits: Limits, switches: Switches) -> Response:
    """The whole answers among the faults, with the headers Xero sends along."""
    correlation = str(uuid4())
    answer = _body(fault, tenant, limits, switches, correlation)
    answer.headers["Xero-Correlation-Id"] = correlation
    if fault.kind.startswith("429"):
        answer.headers.update(limits.headers(tenant))
        if fault.kind in ("429-day", "429-minute"):
            spent = "X-DayLimit-Remaining" if fault.kind == "429-day" else "X-MinLimit-Remaining"
            answer.headers[spent] = "0"
    return answer


def _body(fault: Fault, tenant: str | None, limits: Limits, switches: Switches, correlation: str) -> Response:
    match fault.kind:
        case "429-minute" | "429-day":
            kind = fault.kind.removeprefix("429-")
            left = limits.seconds_left(tenant or "", MINUTE if kind == "minute" else DAY)
            return too_many(kind, left if fault.seconds is None else int(fault.seconds), correlation, switches)
        case "429-concurrent":
            return too_many("concurrent", None, correlation, switches)
        case "500":
            return problem(500, "An error occurred", "An error occurred in Xero.", correlation)
        case "502":
            return HTMLResponse("<html><head><title>502 Bad Gateway</title></head></html>", 502)
        case "503-offline":
            return PlainTextResponse("The Organisation is offline", 503)
        case "503-maintenance":
            return PlainTextResponse("The Xero API is currently offline for maintenance", 503)
        case "html":
            return HTMLResponse("<!doctype html><html><head><title>Xero</title></head><body>Hello</body></html>")
        case "garbled":
            damaged = gzip.compress(b"{}" * 500)[:-8] + b"?" * 8  # all of it, but its checksum and length do not agree
            packed = {"Content-Encoding": "gzip"}
            return Response(damaged, media_type="application/json; charset=utf-8", headers=packed)
        case "token-500":
            return Response(b"", 500)
        case "token-invalid_grant":
            return JSONResponse({"error": "invalid_grant"}, 400)
    raise ValueError(f"{fault.kind} is no answer")


async def cut(send: Send, transport: asyncio.Transport | None) -> None:
    """Promise a long body, send its beginning, and close the connection."""
    await _begin(send)
    await send({"type": "http.response.body", "body": b'{\r\n  "Id": "', "more_body": True})
    if transport is None:
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")
    transport.close()
    await asyncio.sleep(0)


async def reset(send: Send, transport: asyncio.Transport | None) -> None:
    """Answer nothing at all: the connection is reset."""
    if transport is None:
        await _begin(send)
        raise httpx.ReadError("connection reset by peer")
    wire = transport.get_extra_info("socket")
    if wire is not None:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await asyncio.sleep(0)


async def _begin(send: Send) -> None:
    headers = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", b"99999")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


def transport_of(send: Send) -> asyncio.Transport | None:
    """The server's TCP transport: uvicorn's `send` is a method of what holds it; in process there is none."""
    found = getattr(getattr(send, "__self__", None), "transport", None)
    return found if hasattr(found, "abort") else None
