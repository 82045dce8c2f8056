"""Socket Mode: Slack's requests over a WebSocket that we open, for installations which Slack cannot reach.

What comes takes the same way as over HTTP: it is made into the request it would have been there, signed with this
process's own signing secret, and goes through the same door. Slack wants each envelope acknowledged within three
seconds, and sends an event again that is not. Source: Slack developer docs, "Using Socket Mode".
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import proxy_bypass

import structlog
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import Response

from core.clock import system_time
from core.guard import survived

log = structlog.get_logger()

FORM = "application/x-www-form-urlencoded"
EVENTS = "events_api"
FINISH_SECONDS = 5.0
CONNECT_SECONDS = 15.0

Take = Callable[[Request], Awaitable[Response]]


def silent() -> logging.Logger:
    """The client's own lines hold addresses that let anybody in, and bodies of requests."""
    logger = logging.getLogger("slack_sdk.socket_mode.silent")
    logger.setLevel(logging.CRITICAL + 1)
    return logger


class SocketMode:
    """One line to Slack, kept open. `take` does what is asked and answers (Web.slack); `client` asks for the line."""

    def __init__(self, client: AsyncWebClient, app_token: str, signing_secret: str, take: Take) -> None:
        self._web = client
        self._app_token = app_token
        self._signer = SignatureVerifier(signing_secret)
        self._take = take
        self._line: SocketModeClient | None = None
        self._under_way: set[asyncio.Task[Any]] = set()
        self._was_open = True

    async def start(self) -> None:
        """Open the line. Raises SlackApiError where Slack does not accept the token, and what aiohttp raises where it
        cannot be reached."""
        opened = await self._web.apps_connections_open(app_token=self._app_token)
        line = SocketModeClient(self._app_token, logger=silent(), web_client=self._web)
        line.wss_uri = str(opened["url"])
        if proxy_bypass(urlsplit(line.wss_uri).hostname or ""):
            line.proxy = None
        line.socket_mode_request_listeners.append(self._heard)
        self._line = line
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await line.connect()  # type: ignore[no-untyped-call]  # the SDK gives it no hints
        except TimeoutError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Take nothing more, acknowledge what is under way, and hang up. What is not taken Slack sends elsewhere, or
        again."""
        line, self._line = self._line, None
        if line is None:
            return
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=FINISH_SECONDS)
        await line.close()  # type: ignore[no-untyped-call]

    async def is_open(self) -> bool:
        return self._line is not None and await self._line.is_connected()

    async def look(self) -> None:
        """Say when the line is lost and when it is back. The client opens it again by itself, but for ever with the
        address it was once given, which Slack takes once and not for long: have it ask for another one."""
        is_open = await self.is_open()
        if self._line is not None and not is_open:
            self._line.wss_uri = None
        if is_open != self._was_open:
            log.warning("slack.line_lost") if not is_open else log.info("slack.line_back")
        self._was_open = is_open

    async def _heard(self, line: AsyncBaseSocketModeClient, envelope: SocketModeRequest) -> None:
        if self._line is None:
            return
        task = asyncio.ensure_future(survived("slack.socket", self._answer(line, envelope)))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await task

    async def _answer(self, line: AsyncBaseSocketModeClient, envelope: SocketModeRequest) -> None:
        """Acknowledge with the answer; not at all where it did not work, as an HTTP status would say."""
        answer = await self._take(self.request(envelope))
        if answer.status_code != 200:
            log.info("slack.not_acknowledged", kind=envelope.type, status=answer.status_code)
            return
        payload = said(bytes(answer.body)) if envelope.accepts_response_payload else None
        await line.send_socket_mode_response(SocketModeResponse(envelope.envelope_id, payload))

    def request(self, envelope: SocketModeRequest) -> Request:
        """The request that this would be over HTTP."""
        content_type, body = written(envelope.type, envelope.payload)
        timestamp = str(int(system_time().timestamp()))
        signature = self._signer.generate_signature(timestamp=timestamp, body=body)
        headers = {
            "content-type": content_type,
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": signature or "",
        }
        if envelope.retry_attempt:
            headers["x-slack-retry-num"] = str(envelope.retry_attempt)
            headers["x-slack-retry-reason"] = str(envelope.retry_reason or "")
        return request_of(headers, body)


def written(kind: str, payload: dict[str, Any]) -> tuple[str, bytes]:
    """Content type and body of an envelope's payload, as over HTTP."""
    if kind == EVENTS:
        return "application/json", json.dumps(payload).encode()
    if kind == "slash_commands":
        return FORM, urlencode({name: str(value) for name, value in payload.items()}).encode()
    return FORM, urlencode({"payload": json.dumps(payload)}).encode()


def request_of(headers: dict[str, str], body: bytes) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": "/slack/events",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    return Request(scope, receive)


def said(body: bytes) -> dict[str, Any] | None:
    """What an answer tells, for the acknowledgement to carry; None for an empty one."""
    if not body.strip():
        return None
    try:
        found = json.loads(body)
    except ValueError:
        return {"text": body.decode(errors="replace")}
    return found if isinstance(found, dict) and found else None
