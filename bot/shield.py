"""Stands in front of Bolt: what is not a well-formed, signed request of Slack's never reaches it.

Bolt answers some malformed requests with 500, before it has looked at the signature. Here the signature is checked
over the raw bytes first, and nothing is parsed before.
"""

import json
import re
from urllib.parse import parse_qs

from slack_sdk.signature import Clock, SignatureVerifier
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from core.clock import system_time

MOST_BYTES = 1024 * 1024
TIMESTAMP = re.compile(r"\d{1,12}", re.ASCII)
SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)


class OurClock(Clock):
    """The one that is set by the database's: a machine whose own is wrong would refuse all requests as too old."""

    def now(self) -> float:
        return system_time().timestamp()


def verifier(signing_secret: str) -> SignatureVerifier:
    return SignatureVerifier(signing_secret, clock=OurClock())


class Shield:
    def __init__(self, signing_secret: str) -> None:
        self._verifier = verifier(signing_secret)

    async def refuse(self, request: Request) -> Response | None:
        """Return the refusal a bad request gets (401, 400 or 413), or None for one that Bolt may have."""
        body = await read_at_most(request, MOST_BYTES)
        if body is None:
            return PlainTextResponse("too large", status_code=413)
        if not self._signed(request, body):
            return PlainTextResponse("not signed by Slack", status_code=401)
        if not readable(request.headers.get("content-type", ""), body):
            return PlainTextResponse("not a request of Slack's", status_code=400)
        return None

    def _signed(self, request: Request, body: bytes) -> bool:
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if not TIMESTAMP.fullmatch(timestamp) or not SIGNATURE.fullmatch(signature):
            return False
        try:
            return bool(self._verifier.is_valid(body=body, timestamp=timestamp, signature=signature))
        except UnicodeDecodeError:
            return False


async def read_at_most(request: Request, limit: int) -> bytes | None:
    """Return the body, kept for whoever reads the request next; None for a larger one, without reading it all."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
    body = b"".join(chunks)
    request._body = body  # Starlette keeps a read body exactly there
    return body


def readable(content_type: str, body: bytes) -> bool:
    """Whether Bolt can parse this: a JSON object, or a form whose `payload`, if any, is one."""
    try:
        text = body.decode()
        if content_type.startswith("application/json"):
            return isinstance(json.loads(text), dict)
        payload = parse_qs(text, keep_blank_values=True, max_num_fields=100).get("payload")
        return payload is None or interaction(json.loads(payload[0]))
    except (ValueError, RecursionError):
        return False


def interaction(payload: object) -> bool:
    if not isinstance(payload, dict):
        return False
    pressed = payload.get("actions")
    return payload.get("type") != "block_actions" or (
        isinstance(pressed, list) and bool(pressed) and all(isinstance(one, dict) for one in pressed)
    )
