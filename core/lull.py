"""Who waits for a quick answer goes before what is read and written for later."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress


class Lull:
    """Moments in which nobody waits for a quick answer. Slack gives us three seconds and Xero five; a sync has time."""

    def __init__(self) -> None:
        self._waiting = 0
        self._ended = False
        self._quiet = asyncio.Event()
        self._quiet.set()

    @contextmanager
    def disturbed(self) -> Iterator[None]:
        """Somebody waits for an answer as long as this is open."""
        self._waiting += 1
        if not self._ended:
            self._quiet.clear()
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._quiet.set()

    @asynccontextmanager
    async def turn(self, at_most: float) -> AsyncIterator[None]:
        """Do something that may wait: once nobody waits for an answer, and nothing else of this kind is being done; or
        after so many seconds all the same."""
        if not self._quiet.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._quiet.wait(), at_most)
        with self.disturbed():
            yield

    def end(self) -> None:
        """From now on nobody is let go first: we are about to stop."""
        self._ended = True
        self._quiet.set()
