"""Serve until told to stop: uvicorn for the web, our own handling of signals."""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from bot import tracing
from bot.app import Role, Solido
from bot.settings import Settings
from bot.starting import CannotStart
from storage.one_trip import take_short_turns

DRAIN_SECONDS = 4
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Server(uvicorn.Server):
    """uvicorn would re-raise the signal after its shutdown, and the process would not exit with 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def make_server(app: ASGIApp, host: str, port: int) -> Server:
    return Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            proxy_headers=True,
        )
    )


async def serve(settings: Settings, roles: frozenset[Role]) -> None:
    """Run these roles until SIGTERM or SIGINT. Raises CannotStart."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    traces = tracing.begin(settings, roles)
    solido = Solido(settings, roles=roles)
    take_short_turns()
    await solido.start()
    leave_alone_what_is_loaded()
    try:
        if Role.WEB in roles:
            await serve_web(solido.web, settings.host, settings.port, stop)
        elif settings.solido_metrics_port:
            await serve_web(solido.watched, settings.host, settings.solido_metrics_port, stop)
        else:
            await stop.wait()
    finally:
        await solido.stop()
        if traces is not None:
            traces.stop()


def leave_alone_what_is_loaded() -> None:
    """Keep the garbage collector from going through all of the program again and again: each time nobody was answered
    for 150 ms and more. What comes from now on it looks through as ever."""
    gc.collect()
    gc.freeze()


def listening(host: str, port: int) -> socket.socket:
    """Raises CannotStart: uvicorn would end the process without a word."""
    try:
        made = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise CannotStart(f"HOST and PORT ({host}, {port}) cannot be listened at: {error.strerror}.") from None
    return send_at_once(made)


def send_at_once(listening: socket.socket) -> socket.socket:
    """Have what connects here get the end of an answer without waiting 40 ms for more of it (TCP_NODELAY): asyncio
    sees to that only for sockets that were made with the protocol's number."""
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


async def serve_web(app: ASGIApp, host: str, port: int, stop: asyncio.Event) -> None:
    server = make_server(app, host, port)
    serving = asyncio.create_task(server.serve(sockets=[listening(host, port)]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.should_exit = True
    await serving
