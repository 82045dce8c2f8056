from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Dialect, Insert, Update, bindparam
from sqlmodel import SQLModel, case, col, func, insert, literal, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from storage.models import RunState, SyncRun, Trigger, Workspace
from storage.owned import MINE, TO_THE_END
from storage.types import UtcDateTime
from storage.upserts import insert_for

RUNS = SQLModel.metadata.tables["sync_run"]
QUIET_COST = 2.0
"""Calls of an automatic sync that finds nothing: invoices, contacts."""


class Stand(NamedTuple):
    """How many syncs there are, how many of them are over, what they have come to together, and when something
    happened here last that people see."""

    runs: int
    over: int
    attempts: int
    pages: int
    calls: int
    bytes: int
    changed_at: datetime | None

    @property
    def under_way(self) -> bool:
        return self.over < self.runs


@lru_cache
def unless_unfinished(dialect: Dialect) -> Insert:
    """Add a run, or nothing where its connection has an unfinished one; any other rule refuses as ever."""
    unfinished = {"index_elements": ["connection_id"], "index_where": col(SyncRun.finished_at).is_(None)}
    adding = insert_for(dialect)(SyncRun).on_conflict_do_nothing(**unfinished)
    return adding.execution_options(preserve_rowcount=True)  # type: ignore[no-any-return]


class RunTotals(NamedTuple):
    total: int
    succeeded: int
    failed: int


class Figures(NamedTuple):
    """All syncs there were; requests to Xero on this day and bytes in this month, as these begin for Xero; requests of
    an automatic sync in the last day, on average."""

    totals: RunTotals
    calls_today: int
    bytes_this_month: int
    automatic_cost: float


def added_up(value: object, condition: Any) -> Any:
    return func.coalesce(func.sum(case((condition, value), else_=0)), 0)


def since(moment: str) -> Any:
    """Asked for since the moment that is given under this name."""
    return col(SyncRun.queued_at) >= bindparam(moment)


DONE, NOT_DONE = col(SyncRun.state) == RunState.SUCCEEDED, col(SyncRun.state) == RunState.FAILED
TOTALS: tuple[Any, ...] = (func.count(), added_up(1, DONE), added_up(1, NOT_DONE))
AUTOMATIC = col(SyncRun.trigger) == Trigger.SCHEDULED
GROWN = (SyncRun.attempt, SyncRun.page, SyncRun.calls, SyncRun.bytes)
COME_TO: tuple[Any, ...] = (
    func.count(),
    func.count(col(SyncRun.finished_at)),
    *(func.coalesce(func.sum(grown), 0) for grown in GROWN),
    select(Workspace.changed_at).where(col(Workspace.id) == MINE).scalar_subquery(),
)
STAND: Any = select(*COME_TO).where(col(SyncRun.workspace_id) == MINE)
COST: tuple[Any, ...] = (
    added_up(SyncRun.calls, since("today")),
    added_up(SyncRun.bytes, since("month")),
    func.avg(case((since("a_day_ago"), case((AUTOMATIC & DONE, col(SyncRun.calls)))))),
)
FIGURES: Any = select(*(TOTALS + COST)).where(col(SyncRun.workspace_id) == MINE)
LATEST = (
    select(SyncRun)
    .where(col(SyncRun.workspace_id) == MINE)
    .order_by(col(SyncRun.queued_at).desc(), col(SyncRun.id))
    .limit(bindparam("count"))
)
AGREED = (
    select(SyncRun.agreement)
    .where(
        col(SyncRun.workspace_id) == MINE,
        col(SyncRun.connection_id) == bindparam("connection"),
        col(SyncRun.agreement).is_not(None),
    )
    .order_by(col(SyncRun.queued_at).desc())
    .limit(1)
)
WRITE = (
    update(RUNS)
    .where(RUNS.c.id == bindparam("run"), RUNS.c.workspace_id == MINE)
    .where(RUNS.c.attempt == bindparam("by"), RUNS.c.finished_at.is_(None))
)
"""Of the table, whatever columns are given: the unit of work would look through all that is loaded, page by page."""
WRITE_AND_END = WRITE.execution_options(**TO_THE_END)


class Runs:
    """This workspace's syncs. The schema allows one unfinished run per connection."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def _mine(self) -> SelectOfScalar[SyncRun]:
        return select(SyncRun).where(col(SyncRun.workspace_id) == self._workspace_id)

    async def add(
        self,
        connection_id: UUID,
        trigger: Trigger,
        *,
        now: datetime,
        asked_by: str | None = None,
        run_id: UUID | None = None,
    ) -> SyncRun | None:
        """Queue a run; None when this connection has an unfinished one already."""
        run = SyncRun(
            id=run_id or uuid4(),
            workspace_id=self._workspace_id,
            connection_id=connection_id,
            trigger=trigger,
            asked_by=asked_by,
            queued_at=now,
        )
        await self._session.flush()
        connection, row = await self._session.connection(), run.model_dump()
        # Passed over rather than refused: the transaction stays usable, without a savepoint and its two trips.
        if not (await connection.execute(unless_unfinished(connection.dialect), row)).rowcount:
            if await self.unfinished(connection_id) is not None:
                return None
            await connection.execute(insert(SyncRun), row)  # a stranger's is in its way: refused, and loudly
        return run

    async def get(self, run_id: UUID) -> SyncRun | None:
        """The run as it is now, whatever was loaded of it before."""
        it = self._mine().where(col(SyncRun.id) == run_id).execution_options(populate_existing=True)
        return (await self._session.exec(it)).one_or_none()

    async def unfinished(self, connection_id: UUID) -> SyncRun | None:
        open_one = self._mine().where(col(SyncRun.connection_id) == connection_id, col(SyncRun.finished_at).is_(None))
        return (await self._session.exec(open_one)).one_or_none()

    async def start(self, run_id: UUID, *, now: datetime) -> int | None:
        """Begin an attempt at this run and return its number; None when the run is over or not there."""
        taken = await self._session.exec(
            update(SyncRun)
            .where(col(SyncRun.id) == run_id, col(SyncRun.workspace_id) == self._workspace_id)
            .where(col(SyncRun.finished_at).is_(None))
            .values(
                attempt=SyncRun.attempt + 1,
                state=RunState.RUNNING,
                started_at=func.coalesce(col(SyncRun.started_at), literal(now, UtcDateTime())),
            )
            .returning(col(SyncRun.attempt))
            .execution_options(synchronize_session=False)  # nobody has loaded it yet
        )
        return taken.scalar_one_or_none()

    async def write(self, run_id: UUID, *, attempt: int, **values: object) -> bool:
        """Change the run in the name of this attempt; False when another attempt has taken over or the run is over."""
        return await self._written(WRITE, {"run": run_id, "by": attempt, **values})

    async def write_last(self, run_id: UUID, *, attempt: int, **values: object) -> bool:
        """The same as the last thing in a transaction: nothing may follow."""
        return await self._written(WRITE_AND_END, {"run": run_id, "by": attempt, **values})

    async def _written(self, write: Update, values: Mapping[str, object]) -> bool:
        await self._session.flush()
        connection = await self._session.connection()
        return bool((await connection.execute(write, {"mine": self._workspace_id, **values})).rowcount)

    async def give_up(self, connection_id: UUID, *, error: str, now: datetime) -> None:
        """End an unfinished run whatever it is doing; its worker finds out at its next write."""
        await self._session.exec(
            update(SyncRun)
            .where(col(SyncRun.workspace_id) == self._workspace_id, col(SyncRun.connection_id) == connection_id)
            .where(col(SyncRun.finished_at).is_(None))
            .values(state=RunState.FAILED, error=error, finished_at=now)
        )

    async def last_started_at(self, connection_id: UUID) -> datetime | None:
        """When a sync of this connection last began."""
        mine = self._mine().where(col(SyncRun.connection_id) == connection_id, col(SyncRun.started_at).is_not(None))
        newest = (await self._session.exec(mine.order_by(col(SyncRun.started_at).desc()).limit(1))).first()
        return newest.started_at if newest else None

    async def succeeded_before(self, run: SyncRun) -> bool:
        """Whether any sync queued earlier has succeeded."""
        earlier = self._mine().where(col(SyncRun.state) == RunState.SUCCEEDED, col(SyncRun.queued_at) < run.queued_at)
        return (await self._session.exec(earlier.limit(1))).first() is not None

    async def stand(self) -> Stand:
        """What is different as soon as a sync has changed anything in the mirror, whatever the clocks say."""
        return Stand(*(await self._session.exec(STAND, params={"mine": self._workspace_id})).one())

    async def latest(self, count: int) -> Sequence[SyncRun]:
        """The newest runs, newest first."""
        return (await self._session.exec(LATEST, params={"mine": self._workspace_id, "count": count})).all()

    async def everything(self) -> Sequence[SyncRun]:
        """Oldest first."""
        return (await self._session.exec(self._mine().order_by(col(SyncRun.queued_at), col(SyncRun.id)))).all()

    async def last_agreement(self, connection_id: UUID) -> str | None:
        """What came of comparing the books last (core/agreement.py)."""
        theirs = {"mine": self._workspace_id, "connection": connection_id}
        return (await self._session.exec(AGREED, params=theirs)).first()

    async def figures(self, *, today: datetime, month: datetime, a_day_ago: datetime) -> Figures:
        """In one look; `today` and `month` are when these began."""
        given = {"mine": self._workspace_id, "today": today, "month": month, "a_day_ago": a_day_ago}
        *totals, calls, received, average = (await self._session.exec(FIGURES, params=given)).one()
        return Figures(RunTotals(*totals), int(calls), int(received), max(float(average or 0), QUIET_COST))

    async def totals(self, *, since: datetime | None = None) -> RunTotals:
        """How many syncs there were, or were asked for since that moment, and how the finished ones ended."""
        mine: Any = select(*TOTALS).where(col(SyncRun.workspace_id) == self._workspace_id)
        wanted = mine if since is None else mine.where(col(SyncRun.queued_at) >= since)
        return RunTotals(*(await self._session.exec(wanted)).one())

    async def automatic_cost(self, *, since: datetime) -> float:
        """Calls of an automatic sync, on average since that moment; two where there was none."""
        row = await self._session.exec(
            select(func.avg(SyncRun.calls)).where(
                col(SyncRun.workspace_id) == self._workspace_id,
                col(SyncRun.queued_at) >= since,
                col(SyncRun.trigger) == Trigger.SCHEDULED,
                col(SyncRun.state) == RunState.SUCCEEDED,
            )
        )
        return max(float(row.one() or 0), QUIET_COST)

    async def calls_since(self, moment: datetime) -> int:
        """Requests made to Xero by runs queued since that moment."""
        row = await self._session.exec(
            select(func.coalesce(func.sum(SyncRun.calls), 0)).where(
                col(SyncRun.workspace_id) == self._workspace_id, col(SyncRun.queued_at) >= moment
            )
        )
        return int(row.one())
