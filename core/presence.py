"""Who is alive among the processes of an installation, and what becomes of those who are not.

Each process says every second that it lives. One that was silent for longer than SILENCE is dead to the others: what it
had taken on is given to whoever comes first, its syncs through the engine. Where it lives after all (it was frozen, or
cut off from the database), it finds its name struck off, drops everything and goes on under a new one. All of this
goes by the database's clock, and each process sets its own by that, too.

SQLite serves one process: its name stays the same, nobody else is there, and the engine itself gives it back what it
was working on.
"""

import os
import secrets
import socket
from collections.abc import Collection
from datetime import timedelta

import structlog

from core import clock
from core.engine import Engine
from core.guard import survived
from storage.database import Database

log = structlog.get_logger()

BEAT_SECONDS = 1.0
SILENCE = timedelta(seconds=5)
SURELY = 2 * SILENCE
WRONG = timedelta(seconds=1)
"""A clock that is off by less is left alone."""
WORTH_A_WORD = timedelta(seconds=30)
ALONE = "solido"


def new_name(*, embedded: bool) -> str:
    """On SQLite always the same; beyond it one that tells the machine and is never used again."""
    return ALONE if embedded else f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


async def anybody_alive(database: Database) -> bool:
    """Whether a process works on this database, or did so a moment ago."""
    async with database.asking() as unscoped:
        now = await unscoped.workers.time()
        return bool(await unscoped.workers.alive(seen_after=now - SURELY))


class Presence:
    """`engine` carries syncs under the same name by which this process is known."""

    def __init__(self, database: Database, engine: Engine, roles: Collection[str]) -> None:
        self._database = database
        # A line of its own: where all others are in use we live nevertheless.
        address = database.url.render_as_string(hide_password=False)
        self._line = database if database.embedded else Database(address, pool_size=1)
        self._engine = engine
        self._roles = ",".join(sorted(roles))
        self._joined = False

    async def join(self) -> None:
        """Be one of them from now on. What the last one of our name left undone is free again."""
        name = self._database.process
        async with self._line.unscoped() as unscoped:
            now = await unscoped.workers.time()
            await unscoped.workers.leave(name, now=clock.utc_now())
            await unscoped.workers.join(name, self._roles, now=now)
        self._joined = True
        await self.look_at_clock()

    async def beat(self) -> None:
        """Say that we live, and see to one that does not."""
        async with self._line.unscoped() as unscoped:
            now = await unscoped.workers.time()
            alive = await unscoped.workers.beat(self._database.process, now=now, seen_after=now - SILENCE)
        if not alive:
            await self._begin_anew()
        if not self._database.embedded:
            await self.look_at_clock()
            while await self._bury_one():
                pass

    async def leave(self) -> None:
        """Hand back everything to those who go on. The engine has stopped by now."""
        if self._joined:
            await survived("worker.leave", self._leave())
        if self._line is not self._database:
            await self._line.close()

    async def _leave(self) -> None:
        name = self._database.process
        async with self._line.unscoped() as unscoped:
            if not self._database.embedded:
                await self._engine.resume(name)
            await unscoped.workers.leave(name, now=clock.utc_now())

    async def look_at_clock(self) -> None:
        """Set our clock by the database's, which is the one that all processes share."""
        if self._database.embedded:
            return
        before = clock.machine_time()
        async with self._line.asking() as unscoped:
            told = await unscoped.workers.time()
        by = told - (before + (clock.machine_time() - before) / 2)
        if abs(by - clock.correction()) < WRONG:
            return
        if abs(by) > WORTH_A_WORD:
            log.warning("clock.wrong", seconds=round(-by.total_seconds(), 1))
        clock.correct(by if abs(by) >= WRONG else timedelta(0))

    async def _begin_anew(self) -> None:
        """We were taken for dead, or soon would be: what we were at is others' to do."""
        log.warning("worker.was_silent", worker=self._database.process)
        if not self._database.embedded:
            await self._engine.let_go()
            self._database.process = new_name(embedded=False)
        await self.join()
        if not self._database.embedded:
            await self._engine.go_on(self._database.process)

    async def _bury_one(self) -> bool:
        """Have the work of a dead process done by others; False where none is dead.

        The row is ours until the end. So nobody else does the same meanwhile; and should we die of it, it is there
        for the next.
        """
        async with self._line.unscoped() as unscoped:
            now = await unscoped.workers.time()
            name = await unscoped.workers.dead(silent_since=now - SILENCE)
            if name is None:
                return False
            resumed = await self._engine.resume(name)
            await unscoped.workers.leave(name, now=clock.utc_now())
        log.warning("worker.died", worker=name, runs=resumed)
        return True
