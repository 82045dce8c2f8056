"""Webhook deliveries: events are gathered as records change, and signed when somebody asks for them."""

import base64
import hmac
import json
import secrets
import string
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.xero.books import Organisation

PLACES = {
    "INVOICE": "Invoices",
    "CONTACT": "Contacts",
    "CREDITNOTE": "CreditNotes",
    "OVERPAYMENT": "Overpayments",
    "PREPAYMENT": "Prepayments",
}
LETTERS = string.ascii_uppercase
MOST_WAITING = 1000


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST: the exact body, and x-xero-signature."""

    body: bytes
    signature: str


@dataclass(slots=True)
class Webhooks:
    """The app's one subscription. Only the last 1,000 undelivered events are kept."""

    waiting: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))
    sequence: int = 0

    def note(self, organisation: Organisation, category: str, resource_id: str, change: str) -> None:
        place = PLACES[category]
        at = organisation.now()
        self.waiting.append(
            {
                "resourceUrl": f"https://api.xero.com/api.xro/2.0/{place}/{resource_id}",
                "resourceId": resource_id,
                "tenantId": organisation.tenant_id,
                "tenantType": "ORGANISATION",
                "eventCategory": category,
                "eventType": change,
                "eventDateUtc": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}",
            }
        )

    def take(self, key: str) -> Delivery | None:
        """Everything waiting as one delivery, or None."""
        if not self.waiting:
            return None
        events, first = list(self.waiting), self.sequence + 1
        self.waiting.clear()
        self.sequence += len(events)
        return sign(_body(events, first, self.sequence), key)

    def intent_to_receive(self, key: str, *, good: bool) -> Delivery:
        """The ping with which Xero checks the endpoint, rightly or wrongly signed."""
        body = _body([], 0, 0)
        return sign(body, key) if good else sign(body, key + "-not")


def sign(body: bytes, key: str) -> Delivery:
    return Delivery(body, base64.b64encode(hmac.digest(key.encode(), body, "sha256")).decode())


async def deliver(http: httpx.AsyncClient, url: str, delivery: Delivery) -> int:
    """POST it as Xero does and return the status."""
    headers = {"Content-Type": "application/json; charset=utf-8", "x-xero-signature": delivery.signature}
    return (await http.post(url, content=delivery.body, headers=headers, timeout=5)).status_code


def _body(events: list[dict[str, Any]], first: int, last: int) -> bytes:
    entropy = "".join(secrets.choice(LETTERS) for _ in range(20))
    return json.dumps(
        {"events": events, "firstEventSequence": first, "lastEventSequence": last, "entropy": entropy}
    ).encode()
