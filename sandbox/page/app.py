"""The page and its JSON: one Starlette application, for this machine only."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.slack import FakeSlack

from .acts import ACTS
from .guard import Guard
from .seen import state

STATIC = Path(__file__).parent / "static"
MOST_FORWARD = 366 * 24 * 3600
COMMAND = "/solido"


class Happened(Protocol):
    """A line of what happened while time passed."""

    def json(self) -> dict[str, Any]: ...


class Tour(Protocol):
    """Steps that tick themselves off: `look` sees what happened since."""

    async def look(self) -> None: ...

    def json(self) -> Mapping[str, Any]: ...


Forward = Callable[[int], Awaitable[Sequence[Happened]]]
ClockChange = Callable[[], Awaitable[Sequence[Happened]]]


async def _nothing_happens(_seconds: int = 0) -> list[Happened]:
    return []


class PageRoutes:
    """The page's own routes around one emulated Slack.

    `forward` moves the desk's time by seconds, `clock_change` through the next night in which clocks change.
    """

    def __init__(
        self,
        slack: FakeSlack,
        clock: Callable[[], datetime],
        forward: Forward,
        clock_change: ClockChange,
        about: Mapping[str, Any],
        tour: Tour | None,
        stream_seconds: float,
    ) -> None:
        self.slack, self.clock, self.forward, self.clock_change = slack, clock, forward, clock_change
        self.told, self.tour = dict(about), tour
        self.stream_seconds = stream_seconds

    async def index(self, request: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    async def archive(self, request: Request) -> Response:
        """Slack's own address of a channel: show that channel, to the person who is looking."""
        try:
            key = self.slack.channel(request.path_params["channel"]).key
        except LookupError as exc:
            return _refused(exc)
        return RedirectResponse(f"/?channel={key}")

    async def about(self, request: Request) -> Response:
        return JSONResponse(self.told)

    async def steps(self, request: Request) -> Response:
        """The guided tour, and what of it really happened."""
        if self.tour is None:
            return JSONResponse({"steps": [], "done": []})
        await self.tour.look()
        return JSONResponse(self.tour.json())

    async def seen(self, request: Request) -> Response:
        """`?as=role&channel=key`; the channel `home` is the app's Home."""
        where = request.query_params.get("channel", "finance")
        try:
            person = self.slack.person(request.query_params.get("as", "admin"))
            channel = None if where == "home" else self.slack.channel(where)
        except LookupError as exc:
            return _refused(exc)
        if channel is not None and person.id not in channel.members:
            return _refused(LookupError(f"{person.name} is not in #{channel.name}."))
        return JSONResponse(state(self.slack, person, channel))

    async def act(self, request: Request) -> Response:
        try:
            order = await _object(request)
            act = ACTS.get(str(order.get("action")))
            if act is None:
                raise LookupError(f"No such action: {order.get('action')}")
            reply = await act(self.slack, order)
        except (LookupError, ValueError) as exc:
            return _refused(exc)
        told = {"status": reply.status, "error": reply.error, "said": reply.said, "errors": reply.errors}
        return JSONResponse(told)

    async def time(self, request: Request) -> Response:
        happened: Sequence[Happened] = []
        if request.method == "POST":
            try:
                happened = await self._pass(await _object(request))
            except (LookupError, ValueError) as exc:
                return _refused(exc)
            self.slack.changes.tell()
        return JSONResponse({"now": self.clock().isoformat(), "happened": [line.json() for line in happened]})

    async def _pass(self, order: Mapping[str, Any]) -> Sequence[Happened]:
        if order.get("to") == "clock-change":
            return await self.clock_change()
        seconds = order.get("forward_seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 <= seconds <= MOST_FORWARD:
            raise LookupError("forward_seconds must be a whole number of seconds, a year at most.")
        return await self.forward(seconds)

    async def events(self, request: Request) -> Response:
        """Server-Sent Events: `changed` with a version, to which the page answers by asking for the state."""
        last = request.headers.get("last-event-id", "")
        version = self.slack.changes.version
        seen = min(int(last), version) if last.isascii() and last.isdigit() and len(last) < 16 else version
        return StreamingResponse(self._changes(seen), media_type="text/event-stream")

    async def _changes(self, seen: int) -> AsyncIterator[str]:
        yield "retry: 300\n\n"
        clock = asyncio.get_running_loop().time
        end = clock() + self.stream_seconds
        while (left := end - clock()) > 0:
            try:
                seen = await asyncio.wait_for(self.slack.changes.after(seen), left)
            except TimeoutError:
                return
            yield f"id: {seen}\nevent: changed\ndata: {seen}\n\n"

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.index),
            Route("/archives/{channel}", self.archive),
            Route("/desk/about", self.about),
            Route("/desk/tour", self.steps),
            Route("/desk/slack/state", self.seen),
            Route("/desk/slack/act", self.act, methods=["POST"]),
            Route("/desk/events", self.events),
            Route("/desk/time", self.time, methods=["GET", "POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]


async def _object(request: Request) -> dict[str, Any]:
    """Return the request's JSON object; ValueError when it is something else."""
    try:
        decoded = json.loads(await request.body())
    except ValueError:
        raise ValueError("This is not JSON.") from None
    if not isinstance(decoded, dict):
        raise ValueError("This is not a JSON object.")
    return decoded


def _refused(reason: Exception) -> Response:
    return JSONResponse({"error": str(reason.args[0])}, status_code=400)


def page(
    slack: FakeSlack,
    *,
    clock: Callable[[], datetime],
    forward: Forward = _nothing_happens,
    clock_change: ClockChange = _nothing_happens,
    extra_routes: Sequence[BaseRoute] = (),
    links: Mapping[str, str] | None = None,
    subcommands: Mapping[str, str] | None = None,
    tour: Tour | None = None,
    stream_seconds: float = 15.0,
) -> Starlette:
    """Return the page's application. `extra_routes` (the Xero desk's JSON) stand behind the same guard.

    A stream of events ends after `stream_seconds` and the browser comes back by itself: so the server can stop soon.
    """
    about = {"links": dict(links or {}), "command": COMMAND, "subcommands": dict(subcommands or {})}
    own = PageRoutes(slack, clock, forward, clock_change, about, tour, stream_seconds)
    return Starlette(routes=[*own.routes(), *extra_routes], middleware=[Middleware(Guard)])
