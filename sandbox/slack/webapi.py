"""The HTTP side: `/api/{method}` and `/response/{token}`, with the faults that strike them."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from . import chat, directory, files, oauth, replies, viewing
from .chat import Arguments
from .records import ApiError, Call, Fault
from .world import World

METHODS: dict[str, Callable[[World, Arguments], dict[str, Any]]] = {
    **chat.METHODS,
    **directory.METHODS,
    **viewing.METHODS,
    **files.METHODS,
}
ALWAYS_GRANTED = {"commands", "chat:write.public", "groups:read"}
"""Scopes that no method below needs on its own."""
NEEDED_SCOPE = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.delete": "chat:write",
    "users.info": "users:read",
    "conversations.info": "channels:read",
    "conversations.members": "channels:read",
    "conversations.open": "im:write",
    "team.info": "team:read",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
}
HTTP_FAULTS = {"ratelimited", "down", "cut", "slow", "posted-then-cut"}


async def read_arguments(request: Request) -> dict[str, Any]:
    """Return a call's arguments: query, form or JSON body together."""
    arguments: dict[str, Any] = dict(request.query_params)
    body = await request.body()
    kind = request.headers.get("content-type", "").split(";")[0].strip()
    if kind == "application/json" and body:
        try:
            decoded = json.loads(body)
        except ValueError:
            raise ApiError("invalid_json") from None
        if not isinstance(decoded, dict):
            raise ApiError("json_not_object")
        arguments |= decoded
    elif kind == "application/x-www-form-urlencoded":
        arguments |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    elif kind not in ("", "application/json"):
        raise ApiError("invalid_post_type")
    return arguments


def check_token(world: World, request: Request, arguments: Arguments) -> str:
    """Return the id of the team whose token this is; ApiError when Slack would not take it."""
    sent = request.headers.get("authorization", "").removeprefix("Bearer ").strip() or arguments.get("token")
    if not sent:
        raise ApiError("not_authed")
    if sent in world.tokens:
        oauth.check_age(world, sent)
        return world.tokens[sent]
    if sent != world.bot_token:
        raise ApiError("invalid_auth")
    if world.token_error is not None:
        raise ApiError(world.token_error)
    return world.team.id


def open_line(world: World, request: Request, arguments: Arguments) -> dict[str, Any]:
    """`apps.connections.open`: an address for one line, for who has the app's own token."""
    sent = request.headers.get("authorization", "").removeprefix("Bearer ").strip() or arguments.get("token")
    if not sent:
        raise ApiError("not_authed")
    if world.sockets is None or sent != world.app_token:
        raise ApiError("not_allowed_token_type" if sent in {world.bot_token, *world.tokens} else "invalid_auth")
    return {"url": world.sockets.ticket()}


def check_scope(world: World, method: str) -> None:
    needed = NEEDED_SCOPE.get(method)
    if world.scopes is not None and needed is not None and needed not in world.scopes:
        raise ApiError("missing_scope", needed=needed, provided=",".join(sorted(world.scopes)))


def check_rate(world: World, method: str, arguments: Arguments) -> None:
    """Refuse a second post to a channel within the same second of the desk's time."""
    if not world.strict_rate or method != "chat.postMessage":
        return
    last = next(
        (m for m in reversed(world.messages) if m.kind == "post" and m.channel == arguments.get("channel")), None
    )
    if last is not None and (world.clock() - last.at).total_seconds() < 1:
        raise ApiError("ratelimited")


async def cut(receive: Receive) -> None:
    """Drop the connection without an answer: the transport's way under uvicorn, an error in memory."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def refusal_answer(refusal: ApiError, retry_after: int = 1) -> Response:
    body = {"ok": False, "error": refusal.error, **refusal.more}
    if refusal.error == "ratelimited":
        return JSONResponse(body, status_code=429, headers={"Retry-After": str(retry_after)})
    return JSONResponse(body)


class WebApi:
    """`/api/{method}`. A plain ASGI application, because only that can cut a connection."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, method = Request(scope, receive), scope["path_params"]["method"]
        fault = self.world.take_fault(method)
        answer = None
        if fault is None or fault.kind not in ("down", "cut"):
            answer = await self._answer(request, method, fault)
        if answer is None or (fault is not None and fault.kind == "posted-then-cut"):
            kind = fault.kind if fault is not None else "cut"
            self._note(method, kind)
            if kind != "down":
                await cut(receive)
                return
            answer = PlainTextResponse("Service Unavailable", status_code=503)
        await answer(scope, receive, send)

    async def _answer(self, request: Request, method: str, fault: Fault | None) -> Response:
        retry_after = fault.retry_after if fault is not None else 1
        try:
            if fault is not None and fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
            if fault is not None and fault.kind not in HTTP_FAULTS - {"ratelimited"}:
                raise ApiError(fault.kind)
            body = await self._call(request, method)
        except ApiError as refusal:
            self._note(method, refusal.error)
            return refusal_answer(refusal, retry_after)
        if fault is None or fault.kind != "posted-then-cut":
            self._note(method, None)
        granted = self.world.scopes if self.world.scopes is not None else NEEDED_SCOPE.values()
        return JSONResponse(
            {"ok": True, **body},
            headers={"x-oauth-scopes": ",".join(sorted({*ALWAYS_GRANTED, *granted}))},
        )

    async def _call(self, request: Request, method: str) -> dict[str, Any]:
        arguments = await read_arguments(request)
        if method == "oauth.v2.access":
            return oauth.access(self.world, request, arguments)
        if method == "apps.connections.open":
            return open_line(self.world, request, arguments)
        if method not in METHODS:
            raise ApiError("unknown_method", req_method=method)
        asking = {"asking_team": check_token(self.world, request, arguments)}
        check_scope(self.world, method)
        check_rate(self.world, method, arguments)
        return METHODS[method](self.world, {**arguments, **asking})

    def _note(self, method: str, error: str | None) -> None:
        self.world.calls.append(Call(self.world.clock(), method, error is None, error))
        self.world.changes.tell()


class ResponseUrls:
    """`/response/{token}`: five answers in thirty minutes, then 404."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        fault = self.world.take_fault("response_url")
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        elif fault is not None and fault.kind == "ratelimited":
            await refusal_answer(ApiError("ratelimited"), fault.retry_after)(scope, receive, send)
            return
        elif fault is not None and fault.kind in ("cut", "posted-then-cut"):
            if fault.kind == "posted-then-cut":
                await self._answer(request)
            await cut(receive)
            return
        elif fault is not None:
            await PlainTextResponse("Service Unavailable", status_code=503)(scope, receive, send)
            return
        await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        world, url = self.world, self.world.response_urls.get(request.path_params["token"])
        body = await request.body()
        if url is None or world.clock() > url.expires_at:
            return _no("expired_url", 404)
        if url.uses_left == 0:
            return _no("used_url", 404)
        url.uses_left -= 1
        try:
            payload = json.loads(body)
        except ValueError:
            payload = None
        found = objections_to(payload)
        if found:
            world.refuse("response_url", found[0], found[1:], payload)
            return _no(found[0], 400)
        message = replies.show(world, url, payload)
        if message is not None:
            url.messages.append(message)
        return PlainTextResponse("ok")


def objections_to(payload: Any) -> list[str]:
    """Return [Slack's code, reasons …] when a response_url body is refused, else an empty list."""
    found = replies.objections(payload)
    if found:
        return ["invalid_blocks" if any("json-pointer" in one for one in found) else "invalid_payload", *found]
    if not payload.get("delete_original") and not replies.has_content(payload):
        return ["no_text", "neither text nor blocks"]
    return []


def _no(error: str, status: int) -> Response:
    return JSONResponse({"ok": False, "error": error}, status_code=status)


def application(world: World) -> Starlette:
    async def upload(request: Request) -> Response:
        return await files.receive(world, request)

    return Starlette(
        routes=[
            Route("/api/{method}", WebApi(world), methods=["GET", "POST"]),
            Route("/response/{token}", ResponseUrls(world), methods=["POST"]),
            Route("/upload/{secret}", upload, methods=["POST"]),
            Route("/oauth/v2/authorize", lambda request: oauth.page(world, request), methods=["GET"]),
        ]
    )
