"""Reading large pages in a process beside this one.

To decode a page of a thousand invoices, check each and turn it for the database takes some tens of milliseconds. Done
here nobody would be answered meanwhile, and a first load would use one core only. The process beside keeps nothing:
where it is lost, or does not know what to make of a page, the page is read here.
"""

import asyncio
import fcntl
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import IO

import msgspec
import structlog

from core import layout
from core.layout import LENGTH, Layout, with_length
from core.xero import wire
from core.xero.answers import readable, size_of
from storage.upserts import Turned

log = structlog.get_logger()

WORTHWHILE = 100_000
"""Bytes, unpacked, from which on a page is read sooner beside than here."""
ANSWER_SECONDS = 20.0
MOST_BYTES = 1 << 28
PIPE_BYTES = 1 << 20
KEEPING_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(1 << 25), "MALLOC_TRIM_THRESHOLD_": str(1 << 27)}
"""glibc's settings: pages come and go, and to give their memory back and ask for it anew takes a tenth of the time."""
ROOT = Path(layout.__file__).resolve().parents[1]

Read = Callable[[bytes], Awaitable[wire.Page]]
"""From the body of an answer as it came, packed or not."""
_decoder = msgspec.msgpack.Decoder(Layout)


@dataclass(kw_only=True)
class LaidOut(wire.Page):
    """A page that has no rows, but the columns of its invoices as SQLite's driver takes them. `body` has it all."""

    body: bytes
    layout: Layout

    @property
    def moments(self) -> Sequence[datetime]:
        return self.layout.moments

    @property
    def turned(self) -> Turned:
        return Turned(self.layout.columns)


def here(read: Callable[[bytes], wire.Page]) -> Read:
    """The same in this process; of a large page in a thread, so that others have their turn in between."""

    async def read_here(body: bytes) -> wire.Page:
        if size_of(body) < WORTHWHILE:
            return read(readable(body))
        return await asyncio.to_thread(lambda: read(readable(body)))

    return read_here


read_invoices_here, read_contacts_here = here(wire.read_invoices), here(wire.read_contacts)


class Beside:
    """One process, and the thread that talks to it: one question after the other, each to its answer, wanted or not."""

    def __init__(self) -> None:
        self.process: Popen[bytes] | None = None
        self.used = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="apart")

    def start(self) -> None:
        """It takes as long as several pages: begun before it is needed."""
        self.used = True
        self._thread.submit(self._start)

    async def lay_out(self, body: bytes) -> Layout | None:
        """None where it does not know what to make of it; OSError, EOFError or MsgspecError where it is lost."""
        self.used = True
        asked = asyncio.get_running_loop().run_in_executor(self._thread, self._exchange, body)
        return await asyncio.wait_for(asked, ANSWER_SECONDS)

    def end(self) -> None:
        """It has nothing to lose: whatever it was asked, nobody waits for."""
        if self.process is not None:
            self.process.kill()  # so that the thread does not wait for its answer
        self._thread.submit(self._bury)
        self._thread.shutdown(wait=False)

    def _start(self) -> Popen[bytes]:
        self.process = self.process or _started()
        return self.process

    def _exchange(self, body: bytes) -> Layout | None:
        process = self._start()
        asked, answered = process.stdin, process.stdout
        assert asked is not None
        assert answered is not None
        asked.write(with_length(body))
        asked.flush()
        head = answered.read(LENGTH)
        length = int.from_bytes(head, "big")
        answer = answered.read(min(length, MOST_BYTES))
        if len(head) < LENGTH or len(answer) < length:
            raise EOFError
        return _decoder.decode(answer) if answer else None

    def _bury(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()


def _started() -> Popen[bytes]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", layout.__name__]
    process = Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={"PYTHONPATH": path, **KEEPING_MEMORY})
    widen(process.stdin, process.stdout)
    return process


def widen(*pipes: IO[bytes] | None) -> None:
    """A page and its answer go in one piece each where a pipe takes so much: with each further one both sides wait for
    their turn. Linux allows it (fcntl(2)), up to what one user may have."""
    for pipe in filter(None, pipes):
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with suppress(OSError):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


class Apart:
    """The process beside this one: started for the second page, ended when nobody has it open any more."""

    def __init__(self) -> None:
        self._users = 0
        self._beside = Beside()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Read]:
        """Yield what reads a page of invoices that are all new to the mirror: as `wire.read_invoices`, or LaidOut."""
        self._users += 1
        try:
            yield self._read
        finally:
            self._users -= 1
            if not self._users:
                self._let_go(self._beside)

    async def _read(self, body: bytes) -> wire.Page:
        found = await self._laid_out(body) if size_of(body) >= WORTHWHILE else None
        if found is None:
            return await read_invoices_here(body)
        set_aside = [wire.Unreadable(*each) for each in found.set_aside]
        return LaidOut(
            told_at=found.told_at,
            pages=found.pages,
            items=found.items,
            set_aside=set_aside,
            length=found.length,
            body=body,
            layout=found,
        )

    async def _laid_out(self, body: bytes) -> Layout | None:
        beside = self._beside
        if not beside.used:
            return await self._first(body)
        try:
            return await beside.lay_out(body)
        except (OSError, EOFError, RuntimeError, msgspec.MsgspecError) as lost:
            # TimeoutError is an OSError; RuntimeError is what a thread says that others have ended meanwhile.
            log.warning("apart.lost", why=type(lost).__name__)
            self._let_go(beside)
            return None

    async def _first(self, body: bytes) -> Layout | None:
        """A page by itself is read here, as the first of several: the process is started for those that follow."""
        try:
            found = await asyncio.to_thread(layout.lay_out, body)
        except layout.NOT_UNDERSTOOD:
            return None
        if (found.pages or 1) > 1:
            self._beside.start()
        return found

    def _let_go(self, beside: Beside) -> None:
        """The next who asks has another; several may find the same one lost."""
        if beside is self._beside and beside.used:
            self._beside = Beside()
            beside.end()
