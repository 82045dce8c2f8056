"""Xero's webhooks on their way to the product: the emulated Xero gathers events, this carries them.

Trouble on demand: `lose` drops a delivery, `twice` sends it two times, `disorder` splits it and sends the later half
first. What the product does not answer with 2xx is brought again, as Xero does.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, get_args

import httpx

from core.xero.http import trusted
from sandbox.clock import VirtualClock
from sandbox.xero import FakeXero
from sandbox.xero.webhooks import Delivery, deliver

Trouble = Literal["lose", "twice", "disorder"]
TROUBLES: tuple[Trouble, ...] = get_args(Trouble)
LABELS: dict[Trouble, str] = {
    "lose": "Lose a webhook",
    "twice": "Send a webhook twice",
    "disorder": "Send webhooks in the wrong order",
}
AGAIN_AFTER = timedelta(minutes=15)
GIVE_UP_AFTER = timedelta(days=1)
"""An immediate second try, then every 15 minutes for a day. Source: Xero developer docs, webhooks."""


@dataclass
class Due:
    """A delivery on its way, with the moment of its next try."""

    delivery: Delivery
    since: datetime
    at: datetime
    tries: int = 0


@dataclass
class Courier:
    """`url` is the product's address for webhooks; while it is None nothing is carried."""

    xero: FakeXero
    clock: VirtualClock
    key: str
    url: str | None = None
    troubles: list[Trouble] = field(default_factory=list)
    delivered: int = 0
    lost: int = 0
    due: list[Due] = field(default_factory=list)
    _http: httpx.AsyncClient | None = None
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def carry(self) -> datetime | None:
        """Bring what waits; return when the next one is to be tried again. Deliveries meet the troubles asked for."""
        if self.url is None:
            return None
        async with self._busy:
            now = self.clock.now()
            if self.xero.webhooks.waiting:
                self.due += [Due(one, now, now) for one in self._pack()]
            for one in [each for each in self.due if each.at <= now]:
                await self._bring(one)
            return min((one.at for one in self.due), default=None)

    def _pack(self) -> list[Delivery]:
        """Everything that waits, as one delivery, or as trouble will have it."""
        trouble = self.troubles.pop(0) if self.troubles else None
        waiting = self.xero.webhooks.waiting
        if trouble == "disorder" and len(waiting) > 1:
            events = list(waiting)
            later = events[len(events) // 2 :]
            for _ in later:
                waiting.pop()
            first = self.xero.webhooks.take(self.key)
            waiting.extend(later)
            second = self.xero.webhooks.take(self.key)
            return [one for one in (second, first) if one is not None]
        if trouble == "disorder":
            self.troubles.insert(0, trouble)  # one event alone has no order: it strikes when there are two
        taken = self.xero.webhooks.take(self.key)
        if taken is None:
            return []
        if trouble == "lose":
            self.lost += 1
            return []
        return [taken, taken] if trouble == "twice" else [taken]

    async def _bring(self, due: Due) -> None:
        assert self.url is not None
        if self._http is None:
            self._http = httpx.AsyncClient(trust_env=False, verify=trusted())
        heard = False
        with contextlib.suppress(httpx.HTTPError):
            heard = 200 <= await deliver(self._http, self.url, due.delivery) < 300
        due.tries += 1
        now = self.clock.now()
        if heard or now - due.since >= GIVE_UP_AFTER:
            self.delivered += heard
            self.lost += not heard
            self.due.remove(due)
        else:
            due.at = now if due.tries == 1 else now + AGAIN_AFTER

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.aclose()
