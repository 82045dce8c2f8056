"""Xero's webhooks on their way to us, by a post that loses, doubles, delays, disorders and forges; and the automatic
syncs that make good what it does.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlmodel import col, func, select

from core.scheduler import BETWEEN_WEBHOOKS, Due
from core.webhooks import Webhooks
from sandbox.xero.webhooks import Delivery
from storage.models import RunState, SyncRun
from tests.core.reminders.stage import Stage

KEY = "webhook-key"
MANNERS = ("at once", "at once", "lost", "twice", "disordered", "late", "forged")


@dataclass
class Post:
    """`late` are deliveries that come with the next ones."""

    stage: Stage
    late: list[Delivery] = field(default_factory=list)

    async def comes(self, manner: str) -> None:
        """Tell us, in this manner, what has happened in Xero since the post came last, and let us act on it."""
        hooks = Webhooks(self.stage.database, KEY)
        for delivery in self._packed(manner):
            if hooks.signed(delivery.body, delivery.signature):
                await hooks.take(delivery.body, now=self.stage.now)
        await self.act()

    def _packed(self, manner: str) -> list[Delivery]:
        waiting = self.stage.xero.webhooks.waiting
        later = list(waiting)[len(waiting) // 2 :] if manner == "disordered" else []
        for _ in later:
            waiting.pop()
        found = [self.stage.xero.webhooks.take(KEY)]
        waiting.extend(later)
        found += [self.stage.xero.webhooks.take(KEY)]
        taken = [one for one in found if one]
        match manner:
            case "lost":
                return []
            case "forged":
                return [replace(one, body=one.body.replace(b"INVOICE", b"CONTACT")) for one in taken]
            case "late":
                self.late += taken
                return []
            case "twice":
                taken += taken
            case "disordered":
                taken.reverse()
        came_late, self.late = self.late, []
        return taken + came_late

    async def act(self) -> None:
        """What the ticks of the next half minute do."""
        self.stage.clock.forward(BETWEEN_WEBHOOKS + timedelta(seconds=1))
        due = Due(self.stage.syncing, Webhooks(self.stage.database, KEY))
        await due.webhooks()
        await self.stage.engine.drain()
        await due.tick()
        await self.stage.engine.drain()


async def last_sync(stage: Stage) -> datetime | None:
    """When a sync succeeded last, whatever started it."""
    async with stage.database.reading(stage.workspace) as store:
        found = select(func.max(SyncRun.finished_at)).where(col(SyncRun.state) == RunState.SUCCEEDED)
        return (await store.session.exec(found)).one()
