"""The sandbox as one page: the world, with a page to look at it and time as a lever."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from sandbox.page import page
from sandbox.ports import Served
from sandbox.world import World
from sandbox.xero import desk as xero_desk

SETTLE_SECONDS = 15.0
LOOK_SECONDS = 0.1
STORY_LINES = 6


@dataclass
class Desk(World):
    """A world that people look at, at `page_port` (0: any free one)."""

    page_port: int = 0

    async def start(self) -> None:
        self.page_at = Served(self.page_port)
        await super().start()
        await self.page_at.start(
            page(
                self.slack,
                clock=self.clock.now,
                forward=self.forward,
                extra_routes=xero_desk.routes(self.xero),
                links={"Emulated Xero": self.xero_at.url, "Solido": f"{self.product_at.url}/readyz"},
            )
        )

    def slack_home(self) -> str:
        return f"{self.page_at.url}/"

    async def stop(self) -> None:
        await self.page_at.stop()
        await super().stop()

    async def forward(self, seconds: int) -> list[str]:
        """Let time jump, wait until the product has dealt with it, and tell what was said meanwhile."""
        before = {id(message): len(message.edits) for message in self.slack.posts}
        self.clock.forward(timedelta(seconds=seconds))
        await self.settled()
        new = [m for m in self.slack.posts if before.get(id(m)) != len(m.edits)]
        return [message.text for message in new[-STORY_LINES:]] or ["All quiet: nothing was said in Slack."]

    async def settled(self) -> None:
        """Wait, for so long at most, until no sync is due or under way and nothing waits to be told."""
        for _ in range(int(SETTLE_SECONDS / LOOK_SECONDS)):
            await asyncio.sleep(LOOK_SECONDS)
            async with self.solido.database.unscoped() as unscoped:
                if not await unscoped.anything_to_do(now=self.clock.now()):
                    return
