"""How old a signed request may be. Slack's library reads the machine's own clock, so that is what is frozen."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from freezegun import freeze_time
from starlette.requests import Request

from bot.shield import Shield

SECRET = "a signing secret"
BODY = b"command=%2Fsolido&text=status"
SIGNED_AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def signed_request() -> Request:
    stamp = str(int(SIGNED_AT.timestamp())).encode()
    mac = hmac.new(SECRET.encode(), b"v0:" + stamp + b":" + BODY, hashlib.sha256).hexdigest().encode()
    headers = [
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"x-slack-request-timestamp", stamp),
        (b"x-slack-signature", b"v0=" + mac),
    ]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    return Request({"type": "http", "method": "POST", "path": "/slack/events", "headers": headers}, receive)


CASES = {0: None, 299: None, 301: 401, 86_400: 401, -299: None, -301: 401}
"""Seconds after the signature, and the status of the refusal."""


async def test_a_signature_counts_for_five_minutes_to_either_side():
    answered = {}
    with freeze_time(SIGNED_AT, real_asyncio=True) as clock:  # once: it goes through every module that is loaded
        for after in CASES:
            clock.move_to(SIGNED_AT + timedelta(seconds=after))
            refusal = await Shield(SECRET).refuse(signed_request())
            answered[after] = refusal.status_code if refusal else None
    assert answered == CASES
