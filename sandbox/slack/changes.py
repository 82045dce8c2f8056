"""Telling whoever waits that something changed: the page's live updates and the tests' `until` hang on this."""

import asyncio
from collections.abc import Callable


class Changes:
    """A counter that can be awaited, from any event loop."""

    def __init__(self) -> None:
        self.version = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def tell(self) -> None:
        self.version += 1
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            future.get_loop().call_soon_threadsafe(_settle, future)

    async def after(self, version: int) -> int:
        """Wait until the counter is beyond `version`; return where it is."""
        while self.version <= version:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await future
            finally:
                self._waiting.discard(future)
        return self.version

    async def until(self, condition: Callable[[], bool], *, within: float) -> None:
        """Wait until `condition` holds; TimeoutError after `within` seconds of real time."""
        async with asyncio.timeout(within):
            seen = self.version
            while not condition():
                seen = await self.after(seen)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
