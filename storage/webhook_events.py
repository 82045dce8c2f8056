from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.owned import GOES_ALONG
from storage.upserts import add_once
from storage.webhook_models import WebhookEvent


class WebhookEvents:
    """What Xero says has changed in this workspace's organisation; each change is told once, however often it comes."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def put(self, connection_id: UUID, resource_id: UUID, category: str, happened: str, *, now: datetime) -> None:
        """Keep the event, unless it is there already."""
        row = {
            "workspace_id": self._workspace_id,
            "connection_id": connection_id,
            "resource_id": resource_id,
            "category": category,
            "happened": happened,
            "received_at": now,
        }
        await add_once(self._session, WebhookEvent, row)

    async def waiting(self, connection_id: UUID, limit: int) -> Sequence[WebhookEvent]:
        """Those not looked into yet, oldest first."""
        mine = select(WebhookEvent).where(
            col(WebhookEvent.workspace_id) == self._workspace_id,
            col(WebhookEvent.connection_id) == connection_id,
            col(WebhookEvent.handled_at).is_(None),
        )
        return (await self._session.exec(mine.order_by(col(WebhookEvent.received_at)).limit(limit))).all()

    async def handled(
        self, connection_id: UUID, *, until: datetime, now: datetime, resources: Sequence[UUID] | None = None
    ) -> None:
        """Those received until then (only of these resources, if given) have been looked into: what they tell of is in
        the mirror."""
        about = [] if resources is None else [col(WebhookEvent.resource_id).in_(resources)]
        await self._session.exec(
            update(WebhookEvent)
            .where(
                col(WebhookEvent.workspace_id) == self._workspace_id,
                col(WebhookEvent.connection_id) == connection_id,
                col(WebhookEvent.handled_at).is_(None),
                col(WebhookEvent.received_at) <= until,
                *about,
            )
            .values(handled_at=now)
            .execution_options(synchronize_session=False, **GOES_ALONG)
        )
