from datetime import datetime
from uuid import UUID

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import ConnectAttempt


class Attempts:
    """This workspace's tries to connect. Each step may be taken once: a conditional UPDATE decides."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def add(self, *, link_hash: str, asked_by: str, now: datetime, expires_at: datetime) -> None:
        self._session.add(
            ConnectAttempt(
                workspace_id=self._workspace_id,
                link_hash=link_hash,
                asked_by=asked_by,
                created_at=now,
                expires_at=expires_at,
            )
        )

    async def get(self, attempt_id: UUID) -> ConnectAttempt | None:
        mine = select(ConnectAttempt).where(col(ConnectAttempt.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.where(col(ConnectAttempt.id) == attempt_id))).one_or_none()

    async def open(
        self, attempt_id: UUID, *, state_hash: str, browser_hash: str, verifier_sealed: bytes, now: datetime
    ) -> bool:
        """Mark the link as opened in this browser; False when it was opened before or is too old."""
        return await self._step(
            attempt_id,
            col(ConnectAttempt.opened_at).is_(None),
            now=now,
            opened_at=now,
            state_hash=state_hash,
            browser_hash=browser_hash,
            verifier_sealed=verifier_sealed,
        )

    async def returned(self, attempt_id: UUID, *, now: datetime) -> bool:
        """Mark the browser as back from Xero; False when it was back before or came too late."""
        return await self._step(attempt_id, col(ConnectAttempt.returned_at).is_(None), now=now, returned_at=now)

    async def keep_grant(self, attempt_id: UUID, grant_sealed: bytes, *, now: datetime, expires_at: datetime) -> bool:
        """Keep what Xero granted, sealed, while the person chooses."""
        return await self._step(
            attempt_id,
            col(ConnectAttempt.finished_at).is_(None),
            now=now,
            grant_sealed=grant_sealed,
            expires_at=expires_at,
        )

    async def void(self, *, now: datetime) -> None:
        """End every attempt under way, and forget what Xero granted."""
        await self._session.exec(
            update(ConnectAttempt)
            .where(col(ConnectAttempt.workspace_id) == self._workspace_id, col(ConnectAttempt.finished_at).is_(None))
            .values(finished_at=now, expires_at=now, grant_sealed=None, verifier_sealed=None)
        )

    async def finish(self, attempt_id: UUID, *, now: datetime) -> bool:
        """End the attempt and forget its grant; False when it has ended before or is too old."""
        return await self._step(
            attempt_id,
            col(ConnectAttempt.finished_at).is_(None),
            now=now,
            finished_at=now,
            grant_sealed=None,
            verifier_sealed=None,
        )

    async def _step(self, attempt_id: UUID, not_yet: object, *, now: datetime, **values: object) -> bool:
        taken = await self._session.exec(
            update(ConnectAttempt)
            .where(col(ConnectAttempt.id) == attempt_id, col(ConnectAttempt.workspace_id) == self._workspace_id)
            .where(not_yet, col(ConnectAttempt.expires_at) > now)  # type: ignore[arg-type]
            .values(**values)
        )
        return bool(taken.rowcount)
