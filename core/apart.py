"""Reading large pages in a process beside this one.

To decode a page of a thousand invoices, check each and turn it for the database takes some tens of milliseconds. Done
here nobody would be answered meanwhile, and a first load would use one core only. The process beside keeps nothing:
where it is lost, or does not know what to make of a page, the page is read here.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from core import layout
from core.layout import LENGTH, Layout, with_length
from core.xero import wire
from storage.upserts import Turned

log = structlog.get_logger()

WORTHWHILE = 100_000
"""Bytes from which on a page is read sooner beside than here."""
ANSWER_SECONDS = 20.0
ROOT = Path(layout.__file__).resolve().parents[1]

Read = Callable[[bytes], Awaitable[wire.Page]]
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
    """The same in this process."""

    async def read_here(body: bytes) -> wire.Page:
        return read(body)

    return read_here


class Apart:
    """The process beside this one: started when it is first needed, ended when nobody has it open any more."""

    def __init__(self) -> None:
        self._users = 0
        self._turn = asyncio.Lock()
        self._process: Process | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Read]:
        """Yield what reads a page of invoices that are all new to the mirror: as `wire.read_invoices`, or LaidOut."""
        self._users += 1
        try:
            yield self._read
        finally:
            self._users -= 1
            if not self._users:
                await self._end()

    async def _read(self, body: bytes) -> wire.Page:
        found = await self._laid_out(body) if len(body) >= WORTHWHILE else None
        if found is None:
            return wire.read_invoices(body)
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
        async with self._turn:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    answer = await self._ask(body)
                return _decoder.decode(answer) if answer else None
            except (OSError, asyncio.IncompleteReadError, msgspec.MsgspecError) as lost:  # TimeoutError is an OSError
                log.warning("apart.lost", why=type(lost).__name__)
                await self._end()
                return None
            except asyncio.CancelledError:
                await self._end()  # its answer would be taken for that to the next question
                raise

    async def _ask(self, body: bytes) -> bytes:
        if self._process is None:
            self._process = await self._started()
        asked, answered = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answered is not None
        asked.write(with_length(body))
        await asked.drain()
        return await answered.readexactly(int.from_bytes(await answered.readexactly(LENGTH), "big"))

    async def _started(self) -> Process:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", layout.__name__, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={"PYTHONPATH": path}
        )

    async def _end(self) -> None:
        """It has nothing to lose: whatever it was asked, nobody waits for."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.communicate()
