"""The queue port, and DBOS behind it. Nothing else imports dbos.

A run's row is the truth; the engine only carries its id to a worker, and brings it back after a crash. The workflow id
is the run id, so handing the same run over twice starts it once.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Protocol
from uuid import UUID

from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    EnqueueOptions,
    run_dbos_database_migrations,
)
from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool
from sqlmodel.ext.asyncio.session import AsyncSession

from core.guard import survived

Work = Callable[[UUID], Awaitable[None]]

QUEUE = "sync"
WORKFLOW = "sync_run"
CONCURRENCY = 50
POLL_SECONDS = 0.25
RAISED_PAUSE_SECONDS = 5.0
FORGOTTEN_AT_ONCE = 500
PREPARING = 5061702
"""The advisory lock of whoever makes the engine's tables."""
ASK_AGAIN_SECONDS = 0.1
AT_THEIR_END: list[str] = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
APPLICATION = "solido"
# Fixed: by default it is a hash of the code, and after a deploy old runs would wait for old code.
APPLICATION_VERSION = "1"


class Engine(Protocol):
    """Carries run ids to a worker, at least once, across crashes."""

    async def enqueue(self, session: AsyncSession, run_id: UUID) -> None:
        """Hand over a run in the caller's own transaction: it starts once that commits, or never."""

    async def launch(self, work: Work) -> None:
        """Start working, first on what a crash left behind. `work` must be safe to be called again for a run; it is,
        after a pause, where it raised."""

    async def resume(self, worker: str) -> int:
        """Have others go on with what this worker, which is gone, had under way; return how many runs that were."""

    async def let_go(self) -> None:
        """Break off everything under way, and begin nothing."""

    async def go_on(self, worker: str) -> None:
        """After letting go: work again, as this worker; nothing where it was never launched."""

    async def forget(self, *, before: datetime, limit: int) -> int:
        """Delete what the engine keeps of runs that came to their end before that moment; return how many."""

    async def adrift(self, run_ids: Sequence[UUID]) -> list[UUID]:
        """Those of these runs that will not be carried out any more: to be handed over anew."""

    async def stop(self) -> None:
        """Take no new runs, and hand back those not yet at their end: they go on at the next launch."""


def prepare(url: URL) -> None:
    """Make or upgrade the engine's own tables; safe to be repeated, and at once from several places."""
    if url.get_backend_name() == "sqlite":
        run_dbos_database_migrations(sync_url(url))
        return
    # Whoever waits must hold no snapshot meanwhile, so it asks again and again: DBOS builds indexes CONCURRENTLY, and
    # PostgreSQL has these wait for every older snapshot. A blocking lock would have one, and both would wait for ever.
    alone = create_engine(sync_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with alone.connect() as connection:  # its end gives the lock back
        while not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({PREPARING})").scalar():
            time.sleep(ASK_AGAIN_SECONDS)
        run_dbos_database_migrations(sync_url(url))


def sync_url(url: URL) -> str:
    """The address with the drivers DBOS works with. It holds the password."""
    driver = "sqlite" if url.get_backend_name() == "sqlite" else "postgresql+psycopg"
    return url.set(drivername=driver).render_as_string(hide_password=False)


class DbosEngine:
    """DBOS Transact on our own database. One per process: DBOS is a singleton.

    `worker` is a name that is the same after a restart; `pause` (seconds) comes before work that raised is tried again.
    """

    def __init__(self, url: URL, *, worker: str, pause: float = RAISED_PAUSE_SECONDS) -> None:
        self._url = sync_url(url)
        self._worker = worker
        self._pause = pause
        self._work: Work | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._client = DBOSClient(
            system_database_url=self._url,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            lazy=True,
        )

    async def enqueue(self, session: AsyncSession, run_id: UUID) -> None:
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": str(run_id),
            "app_version": APPLICATION_VERSION,
        }
        await session.flush()
        await session.run_sync(lambda sync: self._client.enqueue_in_transaction(sync, options, str(run_id)))

    async def launch(self, work: Work) -> None:
        self._work = work
        await self._begin(work)

    async def go_on(self, worker: str) -> None:
        self._worker = worker
        if self._work is not None:
            await self._begin(self._work)

    async def resume(self, worker: str) -> int:
        found = await self._client.list_workflows_async(
            status="PENDING", executor_id=worker, load_input=False, load_output=False
        )
        ids = [each.workflow_id for each in found]
        if ids:
            await self._client.resume_workflows_async(ids, queue_name=QUEUE)
        return len(ids)

    async def forget(self, *, before: datetime, limit: int) -> int:
        gone = 0
        while gone < limit:
            found = await self._client.list_workflows_async(
                status=AT_THEIR_END,
                completed_before=before.isoformat(),
                limit=FORGOTTEN_AT_ONCE,
                load_input=False,
                load_output=False,
            )
            if not found:
                break
            await self._client.delete_workflows_async([each.workflow_id for each in found])
            gone += len(found)
        return gone

    async def adrift(self, run_ids: Sequence[UUID]) -> list[UUID]:
        if not run_ids:
            return []
        names = [str(run_id) for run_id in run_ids]
        found = await self._client.list_workflows_async(workflow_ids=names, load_input=False, load_output=False)
        over = [each.workflow_id for each in found if each.status in AT_THEIR_END]
        if over:
            # The same name does not start a second time while the engine remembers it.
            await self._client.delete_workflows_async(over)
        known = {each.workflow_id for each in found} - set(over)
        return [run_id for run_id in run_ids if str(run_id) not in known]

    async def _begin(self, work: Work) -> None:
        async def carry(run_id: str) -> None:
            task = asyncio.ensure_future(_to_its_end(work, UUID(run_id), self._pause))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            await task

        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": self._url,
            "application_version": APPLICATION_VERSION,
            "executor_id": self._worker,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
        }
        DBOS(config=config)
        # Without a limit: a run given up by the engine alone would stay unfinished, and block its connection, for ever.
        DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(carry)
        DBOS.launch()
        await DBOS.register_queue_async(QUEUE, worker_concurrency=CONCURRENCY, polling_interval_sec=POLL_SECONDS)

    async def stop(self) -> None:
        self._work = None
        await self.let_go()
        self._client.destroy()

    async def let_go(self) -> None:
        # A cancelled workflow stays PENDING with the engine, and the next launch takes it up again.
        await self._break_off()
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        await self._break_off()  # what was taken from the queue meanwhile
        # DBOS lends the loop its own threads and takes them along.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())

    async def _break_off(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


async def _to_its_end(work: Work, run_id: UUID, pause: float) -> None:
    """A run that raises (a database that is away, say) must not count as done: nobody would ever take it up again."""
    while True:
        if await survived("engine.run", work(run_id), run=str(run_id)):
            return
        await asyncio.sleep(pause)
