"""Moving an installation from its SQLite file to PostgreSQL, unfinished syncs included."""

from datetime import timedelta

from core.clock import utc_now
from core.engine import DbosEngine, prepare
from core.presence import SURELY, anybody_alive
from storage import moving
from storage.database import Database
from storage.moving import CannotMove, Moving, Said

AT_ONCE = 1000


async def move(source: Database, target: Database, *, say: Said) -> None:
    """Copy everything, compare both sides, and hand over what was under way. Raise CannotMove.

    The target has its tables by now. It may be called again after it broke off.
    """
    if not source.embedded or target.embedded:
        raise CannotMove("Solido moves from SQLite (DATABASE_URL) to PostgreSQL (--to).")
    await _nobody_works_on(source, "DATABASE_URL")
    await _nobody_works_on(target, "--to")
    prepare(target.url)
    await Moving(source, target, say).run()
    count = await _hand_over(target)
    say(f"{count} {'sync that was under way goes' if count == 1 else 'syncs that were under way go'} on there")
    await moving.finish(source, now=utc_now())


async def _nobody_works_on(database: Database, where: str) -> None:
    if await anybody_alive(database):
        raise CannotMove(
            f"Solido is running on the database at {where}. Stop it first; after a crash wait "
            f"{int(SURELY.total_seconds())} seconds."
        )


async def _hand_over(target: Database) -> int:
    """The engine's own rows are not copied: what is unfinished is handed over anew, and goes on from its cursor."""
    engine = DbosEngine(target.url, worker="move")
    try:
        async with target.unscoped() as unscoped:
            now = utc_now() + timedelta(days=1)
            unfinished = await unscoped.due.unfinished_runs(queued_before=now, limit=AT_ONCE * AT_ONCE)
            for run_id in unfinished:
                await engine.enqueue(unscoped.session, run_id)
    finally:
        await engine.stop()
    return len(unfinished)
