"""Who waits for a quick answer goes before what is read and written for later."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Lull:
    """Moments in which nobody waits for a quick answer. Slack gives us three seconds and Xero five; a sync has time."""

    def __init__(self) -> None:
        self._waiting = 0
        self._ended = False
        self._nobody = asyncio.Event()
        self._nobody.set()

    @contextmanager
    def disturbed(self) -> Iterator[None]:
        """Somebody waits for an answer as long as this is open."""
        self._waiting += 1
        if not self._ended:
            self._nobody.clear()
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._nobody.set()

    async def wait(self, at_most: float) -> None:
        """Let others go first, for so many seconds at most: where somebody always waits, it goes on all the same."""
        if not self._nobody.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._nobody.wait(), at_most)

    def end(self) -> None:
        """From now on nobody is let go first: we are about to stop."""
        self._ended = True
        self._nobody.set()
