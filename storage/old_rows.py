from datetime import datetime
from typing import Any

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import Incident, OutboxMessage, RunState, SyncRun, Trigger
from storage.webhook_models import WebhookEvent

NEWS_OF_A_RUN = "run:%"


class OldRows:
    """What may be forgotten of all workspaces, some rows at a time: nobody waits for a long deletion."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def runs(self, *, quiet_before: datetime, before: datetime, limit: int) -> int:
        """Automatic syncs that found nothing, and much later all others but the first: it tells that there was one."""
        found_nothing = (
            (col(SyncRun.state) == RunState.SUCCEEDED)
            & (col(SyncRun.trigger).in_([Trigger.SCHEDULED, Trigger.WEBHOOK]))
            & (col(SyncRun.added) + col(SyncRun.changed) + col(SyncRun.settled) + col(SyncRun.set_aside) == 0)
        )
        ended = col(SyncRun.finished_at).is_not(None) & (col(SyncRun.trigger) != Trigger.INITIAL)
        old = (col(SyncRun.queued_at) < before) | found_nothing
        oldest = select(SyncRun.id).where(col(SyncRun.queued_at) < quiet_before, ended, old)
        return await self._delete(SyncRun, oldest.order_by(col(SyncRun.queued_at)).limit(limit))

    async def messages(self, *, of_runs_before: datetime, before: datetime, limit: int) -> int:
        """Cards that nothing will change any more."""
        of_a_run = col(OutboxMessage.card).like(NEWS_OF_A_RUN) & (col(OutboxMessage.created_at) < of_runs_before)
        old = select(OutboxMessage.id).where(
            col(OutboxMessage.waiting).is_(False), of_a_run | (col(OutboxMessage.created_at) < before)
        )
        return await self._delete(OutboxMessage, old.limit(limit))

    async def incidents(self, *, before: datetime, limit: int) -> int:
        return await self._delete(Incident, select(Incident.id).where(col(Incident.closed_at) < before).limit(limit))

    async def webhook_events(self, *, before: datetime, limit: int) -> int:
        """All that tell of changes as old as the oldest: one moment may be named by many of them."""
        mine = col(WebhookEvent.received_at) < before
        some = select(WebhookEvent.happened).where(mine).order_by(col(WebhookEvent.happened)).limit(limit)
        gone: Any = await self._session.exec(
            delete(WebhookEvent).where(mine, col(WebhookEvent.happened).in_(some.scalar_subquery()))
        )
        return int(gone.rowcount)

    async def _delete(self, model: Any, ids: Any) -> int:
        gone: Any = await self._session.exec(delete(model).where(model.id.in_(ids.scalar_subquery())))
        return int(gone.rowcount)
