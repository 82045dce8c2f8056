"""The engine of a product whose time can jump: Solido's own, and while time jumps, one that does not wait.

The queue is looked at four times a second, which is nothing in a day and very much where a day takes a second.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from core.clock import utc_now
from core.engine import Engine, Work
from core.guard import survived
from storage.database import Database

MOST = 1000


class JumpingEngine:
    """`jumping` is set while time jumps: what is handed over then begins as soon as its transaction commits."""

    def __init__(self, inner: Engine) -> None:
        self._inner = inner
        self._work: Work | None = None
        self._under_way: set[asyncio.Task[bool]] = set()
        self.jumping = False

    async def enqueue(self, session: AsyncSession, run_id: UUID) -> None:
        if not self.jumping:
            await self._inner.enqueue(session, run_id)
            return
        await session.flush()

        transaction = session.sync_session.get_transaction()

        def committed(ended: Session) -> None:
            if ended.get_transaction() is transaction:
                self._begin(run_id)

        event.listen(session.sync_session, "after_commit", committed)

    def _begin(self, run_id: UUID) -> None:
        assert self._work is not None, "launch() comes first, as in production"
        task = asyncio.get_running_loop().create_task(survived("engine.run", self._work(run_id), run=str(run_id)))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def launch(self, work: Work) -> None:
        self._work = work
        await self._inner.launch(work)

    async def take_up(self, database: Database) -> None:
        """Hand over what the end of a process in the middle of a jump left behind; twice is once with the engine."""
        async with database.unscoped() as unscoped:
            for run_id in await unscoped.due.unfinished_runs(queued_before=utc_now(), limit=MOST):
                await self._inner.enqueue(unscoped.session, run_id)

    async def rest(self, *, within: float) -> None:
        """Wait until nothing that was begun here is under way, but at most so many seconds."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=max(within, 0.0))

    async def resume(self, worker: str) -> int:
        return await self._inner.resume(worker)

    async def forget(self, *, before: datetime, limit: int) -> int:
        return await self._inner.forget(before=before, limit=limit)

    async def adrift(self, run_ids: Sequence[UUID]) -> list[UUID]:
        """What is begun here is nothing that the engine knows of; see take_up."""
        return []

    async def let_go(self) -> None:
        await self._inner.let_go()

    async def go_on(self, worker: str) -> None:
        await self._inner.go_on(worker)

    async def stop(self) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._inner.stop()
