from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import SupportRequest


class SupportRequests:
    """What people of this workspace wrote to ask for help, as it is sent: without anything private."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def add(self, text: str, *, by: str, now: datetime) -> UUID:
        """Keep a text that somebody is about to look at; it is not sent yet."""
        request = SupportRequest(id=uuid4(), workspace_id=self._workspace_id, asked_by=by, created_at=now, text=text)
        self._session.add(request)
        return request.id

    async def get(self, request_id: UUID) -> SupportRequest | None:
        mine = select(SupportRequest).where(col(SupportRequest.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.where(col(SupportRequest.id) == request_id))).one_or_none()

    async def send(self, request_id: UUID, *, by: str, now: datetime) -> bool:
        """Have it sent; False where it is on its way already, or is not theirs."""
        return await self._change(
            request_id, col(SupportRequest.send_at).is_(None) & (col(SupportRequest.asked_by) == by), send_at=now
        )

    async def claim(self, request_id: UUID, *, now: datetime, until: datetime) -> bool:
        """Take one that is due to be sent, until then."""
        due = col(SupportRequest.sent_at).is_(None) & (col(SupportRequest.send_at) <= now)
        return await self._change(request_id, due, send_at=until)

    async def sent(self, request_id: UUID, *, now: datetime) -> None:
        await self._change(request_id, True, sent_at=now)

    async def _change(self, request_id: UUID, condition: object, **values: object) -> bool:
        changed = await self._session.exec(
            update(SupportRequest)
            .where(col(SupportRequest.id) == request_id, col(SupportRequest.workspace_id) == self._workspace_id)
            .where(condition)  # type: ignore[arg-type]
            .values(**values)
        )
        return bool(changed.rowcount)
