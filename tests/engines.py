"""An engine without a queue behind it: runs wait in a list until a test drains it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from core.engine import Work


class InlineEngine:
    """Keeps what core.engine.Engine promises, in one process: a run handed over in a transaction is there once that
    commits, is started once however often it was handed over, and comes back where its work broke off.

    `waiting` are the runs not yet at their end, in the order in which they were handed over.
    """

    def __init__(self) -> None:
        self.waiting: list[UUID] = []
        self.stopped = False
        self._seen: set[UUID] = set()
        self._work: Work | None = None

    async def enqueue(self, session: AsyncSession, run_id: UUID) -> None:
        await session.flush()

        def committed(ended: Session) -> None:
            if ended.get_nested_transaction() is None and run_id not in self._seen:
                self._seen.add(run_id)
                self.waiting.append(run_id)

        event.listen(session.sync_session, "after_commit", committed)

    async def launch(self, work: Work) -> None:
        self._work = work

    async def resume(self, worker: str) -> int:
        return 0

    async def forget(self, *, before: datetime, limit: int) -> int:
        return 0

    async def adrift(self, run_ids: Sequence[UUID]) -> list[UUID]:
        return []

    async def let_go(self) -> None:
        """Nothing is ever under way between two drains."""

    async def go_on(self, worker: str) -> None:
        pass

    async def stop(self) -> None:
        self.stopped = True

    async def drain(self) -> None:
        """Carry out what waits, and what that hands over in turn. A run whose work raises stays first in the line:
        draining again is the restart after a crash."""
        assert self._work is not None, "launch() comes first, as in production"
        while self.waiting:
            await self._work(self.waiting[0])
            self.waiting.pop(0)
