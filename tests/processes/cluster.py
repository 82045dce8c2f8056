"""Several processes of one installation, as on several machines: started, killed, frozen, cut off, told to stop."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import make_url, text
from sqlmodel import select

from sandbox.ports import Served
from sandbox.slack import Channel
from sandbox.xero import Organisation, big_ledger
from storage.models import Connection, Trigger
from tests.processes.forking import Process, forked, is_there, the_zygote
from tests.processes.installation import Installation

INVOICES = "/api.xro/2.0/Invoices"


class Line:
    """A wire to the database that can be cut, and mended."""

    def __init__(self, url: str) -> None:
        self._there = make_url(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self._open = asyncio.Event()
        self._open.set()

    async def start(self) -> str:
        """Return the address of the database through this wire."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return self._there.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)

    async def _connected(self, near: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        far, send = await asyncio.open_connection(self._there.host, self._there.port)
        self._writers |= {answer, send}
        await asyncio.gather(self._pump(near, send), self._pump(far, answer), return_exceptions=True)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                await self._open.wait()
                target.write(data)
                await target.drain()
        finally:
            self._writers.discard(target)
            target.close()

    def cut(self) -> None:
        """Nothing comes through any more, in either direction, and nobody is told."""
        self._open.clear()

    def mend(self) -> None:
        self._open.set()

    async def stop(self) -> None:
        self._open.set()
        for writer in list(self._writers):
            writer.close()
        self._server.close()


class Balancer:
    """Stands in front of several web processes: each connection goes to one that takes it."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return f"http://localhost:{self._server.sockets[0].getsockname()[1]}"

    async def _connected(self, near: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        for port in self._ports:
            with suppress(OSError):
                far, send = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.gather(carry(near, send), carry(far, answer), return_exceptions=True)
                return
        answer.close()

    async def stop(self) -> None:
        self._server.close()


async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    finally:
        target.close()


class Cluster(Installation):
    """`start_one` starts any role; what is told of a single process in Installation is the first web one's."""

    async def open(self) -> None:
        await super().open()
        the_zygote()
        self.processes: list[Process] = []
        spare = Served()
        self.another_port = spare.port
        spare.close()

    async def close(self) -> None:
        for process in self.processes:
            if not process.over:
                process.signal(signal.SIGCONT)
                await process.kill()
        await super().close()

    async def start_one(self, *arguments: str, environment: dict[str, str] | None = None, **how: Any) -> Process:
        settings = self.environment() | (environment or {})
        started = await forked("solido", *arguments, settings=settings, folder=self.folder, **how)
        self.processes.append(started)
        return started

    async def start_all(self, *roles: str, answers_at: int = 0, **how: Any) -> list[Process]:
        """One process for each of these, all of them at work."""
        made = [await self.start_one(role, **how) for role in roles]
        for one in made:
            await self.until(lambda one=one: self.here(one))
        if {"web", "serve"} & set(roles):
            await self.until(lambda: self._answers(answers_at or self.port))
        return made

    async def _answers(self, port: int) -> bool:
        for one in self.processes:
            assert one.over or is_there(one), f"ended with {await one.ended()}: {one.said()}"
        try:
            return (await self.browser.get(f"http://localhost:{port}/readyz")).status_code == 200
        except httpx.TransportError:  # it does not listen yet
            return False

    async def here(self, process: Process) -> bool:
        """Whether it is on the roll."""
        return any(self.is_of(name, process) for name in await self.names())

    @staticmethod
    def is_of(name: str, process: Process) -> bool:
        return name == "solido" or f"-{process.pid}-" in name

    async def names(self) -> list[str]:
        """Who is on the roll."""
        async with self.database.asking() as unscoped:
            rows = await unscoped.session.exec(text("SELECT name FROM worker ORDER BY joined_at"))  # type: ignore[call-overload]
            return [name for (name,) in rows]

    async def carriers(self) -> dict[str, str]:
        """Which process carries which unfinished run, as the engine knows it."""
        async with self.database.asking() as unscoped:
            rows = await unscoped.session.exec(
                text("SELECT workflow_uuid, executor_id FROM dbos.workflow_status WHERE status = 'PENDING'")  # type: ignore[call-overload]
            )
            return {run: executor or "" for run, executor in rows}

    async def carrying(self, among: list[Process]) -> Process:
        """One of these that is carrying out a sync."""
        while True:
            for name in (await self.carriers()).values():
                for process in among:
                    if not process.over and self.is_of(name, process):
                        return process
            await asyncio.sleep(0.05)

    async def connect_many(self, count: int, invoices: int, *, seconds: float) -> list[Organisation]:
        """Organisations in channels of their own, each answering so slowly; their first syncs begin."""
        made = []
        self.xero.break_next("slow", times=None, path=INVOICES, seconds=seconds)
        for number in range(count):
            books = f"books-{number}"
            members = {self.slack.bot_user_id, self.slack.people["admin"].id}
            self.slack.add_channel(Channel(books, f"C0BOOKS{number}", books, members))
            made.append(big_ledger(self.xero, invoices, 10, name=f"Ledger {number}"))
            await self.connect(made[-1], channel=books)
        return made

    async def idle(self) -> bool:
        return not [run for run in await self.runs() if run.finished_at is None and run.trigger != Trigger.SCHEDULED]

    async def connections(self) -> Sequence[Connection]:
        return await self.rows(select(Connection))

    async def all_synced(self) -> bool:
        runs = await self.runs()
        assert not [run.error for run in runs if run.error]
        return bool(runs) and all(run.state == "succeeded" for run in runs)


@asynccontextmanager
async def clustered(url: str, folder: Path) -> AsyncIterator[Cluster]:
    made = Cluster(url, folder)
    await made.open()
    try:
        yield made
    finally:
        await made.close()
