"""Serving ASGI apps on loopback, several in one process."""

import asyncio
import socket

import uvicorn
from starlette.types import ASGIApp

from bot.serving import Server, send_at_once

LOOPBACK = "127.0.0.1"


class Served:
    """One app behind one port of this machine; `url` is how browsers and the product reach it."""

    def __init__(self, port: int = 0) -> None:
        self._socket = send_at_once(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((LOOPBACK, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self._server: Server | None = None
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def preferring(cls, port: int) -> "Served":
        """At this port, or where it is taken at any free one."""
        try:
            return cls(port)
        except OSError:
            return cls(0)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    async def start(self, app: ASGIApp) -> None:
        config = uvicorn.Config(
            app, lifespan="off", log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=1
        )
        self._server = Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))

    async def stop(self) -> None:
        if self._server and self._task:
            self._server.should_exit = True
            await self._task
        self._socket.close()

    def close(self) -> None:
        """Give the port back without having served anything."""
        self._socket.close()
