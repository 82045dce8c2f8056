"""Carrying something to the product: signed, within three seconds, without a second try."""

import asyncio
import hashlib
import hmac
import json
from typing import Any, Literal
from urllib.parse import urlencode

import httpx

from .records import Answer
from .world import World

FORM = "application/x-www-form-urlencoded"
USER_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Return the value of X-Slack-Signature. Source: slack.md 6."""
    base = b"v0:" + str(timestamp).encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def signed_headers(secret: str, timestamp: int, body: bytes, content_type: str) -> dict[str, str]:
    return {
        "Content-Type": content_type,
        "User-Agent": USER_AGENT,
        "X-Slack-Request-Timestamp": str(timestamp),
        "X-Slack-Signature": signature(secret, timestamp, body),
    }


async def deliver(world: World, body: bytes, content_type: str, **extra: str) -> Answer:
    """Send one signed request to the product's request URL; `extra` are further headers, `_` standing for `-`."""
    headers = signed_headers(world.signing_secret, int(world.now()), body, content_type)
    headers |= {name.replace("_", "-"): value for name, value in extra.items()}
    try:
        async with asyncio.timeout(world.ack_limit):
            response = await world.http.post(world.request_url, content=body, headers=headers, timeout=None)
    except TimeoutError:
        return Answer(None, error="operation_timeout")
    except (httpx.HTTPError, httpx.InvalidURL):
        return Answer(None, error="dispatch_failed")
    error: Literal["dispatch_failed"] | None = None if response.is_success else "dispatch_failed"
    return Answer(response.status_code, response.content, response.headers.get("content-type", ""), error)


async def deliver_form(world: World, fields: dict[str, str]) -> Answer:
    """Carry a command."""
    if world.sockets is not None:
        return await world.sockets.deliver("slash_commands", dict(fields), within=world.ack_limit)
    return await deliver(world, urlencode(fields).encode(), FORM)


async def deliver_interaction(world: World, payload: dict[str, Any]) -> Answer:
    if world.sockets is not None:
        return await world.sockets.deliver("interactive", payload, within=world.ack_limit)
    return await deliver(world, urlencode({"payload": json.dumps(payload)}).encode(), FORM)


async def deliver_event(world: World, envelope: dict[str, Any], **extra: str) -> Answer:
    if world.sockets is not None:
        retry = int(extra.get("X_Slack_Retry_Num", 0))
        return await world.sockets.deliver("events_api", envelope, within=world.ack_limit, retry=retry)
    return await deliver(world, json.dumps(envelope).encode(), "application/json", **extra)
