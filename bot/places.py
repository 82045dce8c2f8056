"""How a browser and a person find a Slack channel."""

import asyncio

from slack_sdk.web.async_client import AsyncWebClient

from bot.installs import Installs
from bot.refusals import NO_ANSWER
from storage.database import Database
from storage.models import Workspace

PATIENCE_SECONDS = 1.5
"""An acknowledgement waits for this, and Slack waits three seconds for the acknowledgement."""
SOMEWHERE = "your Slack channel"


class Places:
    def __init__(self, database: Database, installs: Installs, client: AsyncWebClient) -> None:
        self._database = database
        self._installs = installs
        self._client = client

    async def link_to(self, workspace: Workspace) -> str:
        """The channel's address in a browser."""
        async with self._database.reading(workspace.id) as store:
            team = await store.about.team()
        return f"{team.url.rstrip('/')}/archives/{workspace.channel_id}"

    async def name_of(self, workspace: Workspace) -> str:
        """`#finance`, as Slack knows it; words that are always true where Slack does not say in time."""
        name = (await self._about(workspace)).get("name")
        return f"#{name}" if name else SOMEWHERE

    async def is_shared(self, workspace: Workspace) -> bool:
        """Whether people of another company are in the channel, or invited to it, as far as Slack says."""
        about = await self._about(workspace)
        return bool(about.get("is_ext_shared") or about.get("is_pending_ext_shared"))

    async def _about(self, workspace: Workspace) -> dict[str, object]:
        async with self._database.reading(workspace.id) as store:
            team = await store.about.team()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = await self._client.conversations_info(
                    token=await self._installs.token(team), channel=workspace.channel_id
                )
        except NO_ANSWER:
            return {}
        found = answer.get("channel")
        return found if isinstance(found, dict) else {}
