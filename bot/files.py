"""What does not go through the outbox: a file for one person, in their conversation with the app, and a last word.

Source: docs.slack.dev, files.getUploadURLExternal and files.completeUploadExternal, which the SDK calls one after the
other. The first message opens the conversation: so no further permission is needed to know where it is.
"""

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.installs import Installs, KnownTeam
from bot.refusals import NO_ANSWER
from core.errors import BadArgument

log = structlog.get_logger()

NO_PERMISSION = (
    "Slack does not let me send files here yet: please ask an admin to install Solido again, which allows it."
)
NOT_NOW = "Slack did not take the file. Please try again in a while."


class Files:
    def __init__(self, installs: Installs, client: AsyncWebClient) -> None:
        self._installs = installs
        self._client = client

    async def tell(self, team: KnownTeam, channel_id: str, text: str) -> None:
        """Say something in a channel of which nothing is kept any more, so without the outbox: once, if Slack takes
        it."""
        row = await self._installs.find(enterprise_id=team.enterprise_id, slack_team_id=team.slack_team_id)
        if row is not None:
            token = await self._installs.token(row)
            await self._client.chat_postMessage(channel=channel_id, text=text, token=token)

    async def send(self, team: KnownTeam, user_id: str, *, name: str, content: bytes, said: str) -> None:
        """Raise BadArgument, in words for the person, where Slack does not take it."""
        row = await self._installs.find(enterprise_id=team.enterprise_id, slack_team_id=team.slack_team_id)
        if row is None:
            raise BadArgument(NOT_NOW)
        try:
            token = await self._installs.token(row)
            posted = await self._client.chat_postMessage(channel=user_id, text=said, token=token)
            await self._client.files_upload_v2(
                channel=str(posted["channel"]), filename=name, title=name, content=content, token=token
            )
        except SlackApiError as error:
            code = str(error.response.get("error") or "") if not isinstance(error.response, str) else ""
            log.warning("slack.file_refused", error=code)
            raise BadArgument(NO_PERMISSION if code == "missing_scope" else NOT_NOW) from None
        except NO_ANSWER as error:
            log.warning("slack.file_not_sent", error=type(error).__name__)
            raise BadArgument(NOT_NOW) from None
