"""Xero's webhooks: believed only when signed, stored before they are acknowledged, worked on later.

They make changes known sooner and are never relied on: what is lost, doubled, late or in the wrong order changes
nothing in the end, because the automatic syncs read everything that changed, and an event is only a reason to look.
Source: Xero developer docs, "Webhooks".
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec
import structlog

from core.batching import Together
from core.legible import without_nul
from core.lull import Lull
from storage.database import Database
from storage.owned import Owned
from storage.unscoped import Unscoped
from storage.webhook_models import WebhookFeed

log = structlog.get_logger()

SILENCE = timedelta(days=1)
"""Longer than this without a word, where there have been words before, is taken for a loss."""
PAUSE = timedelta(minutes=5)
"""Between two rounds of looking for ourselves."""
KEPT = timedelta(days=32)
"""Xero repeats what was not acknowledged for 31 days."""


class Category(StrEnum):
    """What an event is about, in Xero's words; others are passed over."""

    INVOICE = "INVOICE"
    CONTACT = "CONTACT"
    CREDITNOTE = "CREDITNOTE"
    PREPAYMENT = "PREPAYMENT"
    OVERPAYMENT = "OVERPAYMENT"


class _Event(msgspec.Struct, rename="camel"):
    resource_id: str = ""
    tenant_id: str = ""
    event_category: str = ""
    event_date_utc: str = ""


class _Delivery(msgspec.Struct, rename="camel"):
    events: list[_Event] = []
    first_event_sequence: int = 0
    last_event_sequence: int = 0


class Event(msgspec.Struct, frozen=True):
    """Something of a kind we read has changed in an organisation; `happened` is Xero's own writing of when."""

    tenant_id: str
    resource_id: UUID
    category: str
    happened: str


class Kept(NamedTuple):
    """What a delivery held: changes of kinds we read, organisations of ours, and whether one before it is missing."""

    events: int
    ours: int
    missed: bool


class Webhooks:
    """The installation's one subscription; without a `key` nothing is believed."""

    def __init__(self, database: Database, key: str, lull: Lull | None = None) -> None:
        self._database = database
        self._key = key.encode()
        self._lull = lull or Lull()
        self._keep = Together(self._keep_each)

    def signed(self, body: bytes, signature: str) -> bool:
        """Whether these very bytes were signed with our key."""
        return bool(self._key) and is_signed(body, signature, key=self._key)

    async def take(self, body: bytes, *, now: datetime) -> None:
        """Store what a signed delivery tells of organisations that are connected here. Raises SQLAlchemyError."""
        delivery = read(body)
        if delivery is not None and not delivery.last_event_sequence:
            return  # Xero only wants to see that we check signatures
        with self._lull.disturbed():
            events, ours, missed = await self._keep((delivery, now))
        log.info("webhooks.taken", events=events, ours=ours, missed=missed)

    async def _keep_each(self, deliveries: Sequence[tuple[_Delivery | None, datetime]]) -> list[Kept]:
        told = [known_events(delivery.events) if delivery else [] for delivery, _now in deliveries]
        tenants = {event.tenant_id for events in told for event in events}
        async with self._database.unscoped() as unscoped:
            feed = await unscoped.webhook_feed(new_at=deliveries[0][1])
            assert feed is not None  # it begins now, if it had not begun
            owners = await unscoped.live_connections(tenants)
            kept = []
            for (delivery, now), events in zip(deliveries, told, strict=True):
                missed = delivery is None or follows(feed, delivery.first_event_sequence, delivery.last_event_sequence)
                feed.heard_at = now
                await self._put(unscoped, owners, events, now=now)
                if missed:
                    await self._look(unscoped, feed, now=now)
                ours = len({event.tenant_id for event in events} & owners.keys())
                kept.append(Kept(len(events), ours, missed))
            return kept

    async def _put(
        self, unscoped: Unscoped, owners: Mapping[str, Owned], events: Sequence[Event], *, now: datetime
    ) -> None:
        for event in events:
            owner = owners.get(event.tenant_id)
            if owner is not None:
                await unscoped.within(owner.workspace_id).webhook_events.put(
                    owner.id, event.resource_id, event.category, event.happened, now=now
                )

    async def watch(self, *, now: datetime) -> None:
        """Look for ourselves where there has been no word for a day, once each day."""
        async with self._database.unscoped() as unscoped:
            feed = await unscoped.webhook_feed()
            if feed is not None and silent(feed, now=now):
                await self._look(unscoped, feed, now=now)

    async def _look(self, unscoped: Unscoped, feed: WebhookFeed, *, now: datetime) -> None:
        """Have all organisations synced soon; deliveries in disorder do not make that happen over and over."""
        at = max(now, (feed.caught_up_at or now - PAUSE) + PAUSE)
        feed.caught_up_at = at
        await unscoped.sync_all(at=at)


def is_signed(body: bytes, signature: str, *, key: bytes) -> bool:
    """`signature` is base64 of the HMAC-SHA256 over the raw bytes; compared in constant time."""
    right = base64.b64encode(hmac.digest(key, body, "sha256"))
    return hmac.compare_digest(right, signature.encode("latin-1", "replace"))


def read(body: bytes) -> _Delivery | None:
    """None for what is signed and yet none of the shapes we know: then only looking ourselves helps."""
    try:
        return msgspec.json.decode(without_nul(body), type=_Delivery)
    except msgspec.DecodeError:
        return None


def known_events(events: Sequence[_Event]) -> list[Event]:
    """Each change once, of the kinds we read."""
    found: dict[tuple[str, UUID, str], Event] = {}
    for event in events:
        category, tenant = event.event_category.upper(), event.tenant_id.lower()
        try:
            resource = UUID(event.resource_id)
        except ValueError:
            continue
        if category in Category.__members__:
            found[tenant, resource, event.event_date_utc] = Event(tenant, resource, category, event.event_date_utc[:40])
    return list(found.values())


def follows(feed: WebhookFeed, first: int, last: int) -> bool:
    """Move the feed on, and return whether a hole lies between what was heard before and this.

    A first delivery ever has nothing before it. Xero starts to count anew with a new subscription. What comes late or
    twice lies behind, and fills no hole that was not looked into already.
    """
    hole = bool(feed.sequence) and first > feed.sequence + 1
    feed.sequence = last if first <= 1 else max(feed.sequence, last)
    return hole


def silent(feed: WebhookFeed, *, now: datetime) -> bool:
    """Whether a day has passed since the last word, and since we looked for want of one."""
    return now - max(feed.heard_at, feed.caught_up_at or feed.heard_at) > SILENCE
