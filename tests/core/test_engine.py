"""What every engine promises, kept by DBOS for real on both databases, and by the inline one of the tests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from core.engine import PREPARING, DbosEngine, Engine, prepare
from storage.database import Database
from tests.engines import InlineEngine

SECONDS = 15


class Worker:
    """Remembers the runs it was given; `hold` keeps it from finishing."""

    def __init__(self) -> None:
        self.began: list[UUID] = []
        self.done: list[UUID] = []
        self.hold = False
        self.raises: list[Exception] = []

    async def __call__(self, run_id: UUID) -> None:
        self.began.append(run_id)
        if self.raises:
            raise self.raises.pop()
        if self.hold:
            await asyncio.sleep(3600)
        self.done.append(run_id)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(SECONDS):
            while not condition():  # noqa: ASYNC110  # the worker knows nothing of who waits for it
                await asyncio.sleep(0.02)


@pytest.fixture
async def engines(database: Database) -> AsyncIterator[Callable[[], DbosEngine]]:
    """Makes engines on one database, as successive processes would; all are stopped at the end."""
    prepare(database.url)
    made: list[DbosEngine] = []

    def make(worker: str = "worker") -> DbosEngine:
        made.append(DbosEngine(database.url, worker=worker, pause=0.05))
        return made[-1]

    yield make
    for engine in made[-1:]:
        await engine.stop()


async def hand_over(database: Database, engine: Engine, *run_ids: UUID) -> None:
    async with database.workspace(uuid4()) as store:
        for run_id in run_ids:
            await engine.enqueue(store.session, run_id)


async def hand_over_and_roll_back(database: Database, engine: Engine, run_id: UUID) -> None:
    with suppress(ZeroDivisionError):
        async with database.workspace(uuid4()) as store:
            await engine.enqueue(store.session, run_id)
            raise ZeroDivisionError


async def test_what_was_handed_over_in_a_transaction_that_rolled_back_never_runs(
    database: Database, engines: Callable[[], DbosEngine]
) -> None:
    engine, worker = engines(), Worker()
    await engine.launch(worker)
    never, later = uuid4(), uuid4()
    await hand_over_and_roll_back(database, engine, never)
    await hand_over(database, engine, later)
    await worker.until(lambda: worker.done)
    await asyncio.sleep(0.6)
    assert worker.began == [later]


async def test_a_run_handed_over_three_times_runs_once(database: Database, engines: Callable[[], DbosEngine]) -> None:
    engine, worker = engines(), Worker()
    await engine.launch(worker)
    run_id, after = uuid4(), uuid4()
    await hand_over(database, engine, run_id, run_id)
    await worker.until(lambda: worker.done)
    await hand_over(database, engine, run_id)
    await hand_over(database, engine, after)
    await worker.until(lambda: after in worker.done)
    assert sorted(worker.began) == sorted([run_id, after])


async def test_what_was_handed_over_while_nobody_worked_is_taken_up_at_the_next_start(
    database: Database, engines: Callable[[], DbosEngine]
) -> None:
    first, runs = engines(), [uuid4() for _ in range(3)]
    await hand_over(database, first, *runs)
    await first.stop()
    second, worker = engines(), Worker()
    await second.launch(worker)
    await worker.until(lambda: len(worker.done) == 3)
    assert sorted(worker.began) == sorted(runs)


async def test_what_is_under_way_at_a_stop_is_handed_back_and_goes_on_at_the_next_start(
    database: Database, engines: Callable[[], DbosEngine]
) -> None:
    first, worker, run_id = engines(), Worker(), uuid4()
    worker.hold = True
    await first.launch(worker)
    await hand_over(database, first, run_id)
    await worker.until(lambda: worker.began)
    async with asyncio.timeout(10):
        await first.stop()
    assert worker.done == []
    second, worker = engines(), Worker()
    await second.launch(worker)
    await worker.until(lambda: worker.done)
    assert worker.began == [run_id]


async def test_what_a_dead_worker_had_under_way_goes_on_elsewhere_once(
    database: Database, engines: Callable[..., DbosEngine]
) -> None:
    """By the engine's public calls alone: they must go on doing this in the version that is pinned."""
    first, worker, run_id = engines("dead"), Worker(), uuid4()
    worker.hold = True
    await first.launch(worker)
    await hand_over(database, first, run_id)
    await worker.until(lambda: worker.began)
    await first.stop()
    second, worker = engines("alive"), Worker()
    await second.launch(worker)
    await asyncio.sleep(0.6)
    assert worker.began == [], "nobody takes up what another had, without being told"
    assert await second.resume("dead") == 1
    await worker.until(lambda: worker.done)
    assert await second.resume("dead") == 0
    assert worker.began == [run_id]


async def test_a_worker_goes_on_under_another_name_after_letting_go(
    database: Database, engines: Callable[..., DbosEngine]
) -> None:
    engine, worker, run_id, after = engines("frozen"), Worker(), uuid4(), uuid4()
    worker.hold = True
    await engine.launch(worker)
    await hand_over(database, engine, run_id)
    await worker.until(lambda: worker.began)
    await engine.let_go()
    worker.hold = False
    await hand_over(database, engine, after)
    await engine.go_on("thawed")
    await worker.until(lambda: worker.done)
    assert worker.done == [after], "its old work is others' to do"
    assert await engine.resume("frozen") == 1
    await worker.until(lambda: len(worker.done) == 2)


async def test_what_the_engine_will_not_carry_out_any_more_is_told_and_may_be_handed_over_anew(
    database: Database, engines: Callable[..., DbosEngine]
) -> None:
    engine, worker = engines(), Worker()
    done, unknown, under_way = uuid4(), uuid4(), uuid4()
    await engine.launch(worker)
    await hand_over(database, engine, done)
    await worker.until(lambda: worker.done)
    worker.hold = True
    await hand_over(database, engine, under_way)
    await worker.until(lambda: under_way in worker.began)
    await asyncio.sleep(0.5)  # its end is being noted
    assert await engine.adrift([done, unknown, under_way]) == [done, unknown]
    worker.hold = False
    await hand_over(database, engine, done, unknown)
    await worker.until(lambda: len(worker.done) == 3)
    assert await engine.adrift([]) == []


async def test_work_that_raised_is_tried_again_and_not_taken_for_done(
    database: Database, engines: Callable[[], DbosEngine]
) -> None:
    """A database that is away for a moment must not leave a run open for ever."""
    engine, worker, run_id = engines(), Worker(), uuid4()
    worker.raises = [OSError("away"), OSError("away")]
    await engine.launch(worker)
    await hand_over(database, engine, run_id)
    await worker.until(lambda: worker.done)
    assert worker.began == [run_id] * 3


async def test_many_runs_go_on_side_by_side(database: Database, engines: Callable[[], DbosEngine]) -> None:
    engine, worker = engines(), Worker()
    worker.hold = True
    await engine.launch(worker)
    await hand_over(database, engine, *(uuid4() for _ in range(20)))
    await worker.until(lambda: len(worker.began) == 20)


# the inline one keeps the same promises


async def test_the_inline_engine_forgets_what_was_rolled_back(database: Database) -> None:
    engine, worker, run_id = InlineEngine(), Worker(), uuid4()
    await engine.launch(worker)
    await hand_over_and_roll_back(database, engine, uuid4())
    await hand_over(database, engine, run_id)
    await engine.drain()
    assert worker.done == [run_id]


async def test_the_inline_engine_waits_for_the_whole_transaction(database: Database) -> None:
    engine, run_id = InlineEngine(), uuid4()
    async with database.workspace(uuid4()) as store:
        async with store.session.begin_nested():
            await engine.enqueue(store.session, run_id)
        async with store.session.begin_nested():
            pass
        assert engine.waiting == []
    assert engine.waiting == [run_id]


async def test_the_inline_engine_starts_a_run_once_and_takes_it_up_again_after_a_crash(database: Database) -> None:
    engine, worker, run_id = InlineEngine(), Worker(), uuid4()
    worker.raises = [ZeroDivisionError()]
    await engine.launch(worker)
    await hand_over(database, engine, run_id, run_id)
    with pytest.raises(ZeroDivisionError):
        await engine.drain()
    await engine.drain()
    await hand_over(database, engine, run_id)
    await engine.drain()
    assert (worker.began, worker.done) == ([run_id, run_id], [run_id])


async def test_who_waits_to_make_the_tables_holds_no_snapshot_for_which_others_would_wait(
    postgres_url: str,
) -> None:
    """DBOS builds indexes CONCURRENTLY, which waits for every snapshot: two starts at once stood still for ever."""
    database = Database(postgres_url)
    async with database.engine.connect() as other:
        await other.execute(text(f"SELECT pg_advisory_lock({PREPARING})"))
        waiting = asyncio.create_task(asyncio.to_thread(prepare, database.url))
        asks = text("SELECT xact_start IS NULL FROM pg_stat_activity WHERE query LIKE 'SELECT pg_try_advisory_lock%'")
        async with asyncio.timeout(SECONDS):
            while not (found := (await other.execute(asks)).scalars().all()) or not all(found):
                await other.commit()
                await asyncio.sleep(0.02)
        assert not waiting.done()
        await other.execute(text("SELECT pg_advisory_unlock_all()"))
        await other.commit()
    await waiting
    await database.close()
