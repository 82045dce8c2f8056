"""One message into Slack, at Slack's pace. Whatever Slack or the line says against it is a Refused."""

from collections.abc import Awaitable, Callable

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot import refusals
from bot.installs import Installs
from bot.pace import Pace
from bot.refusals import NO_ANSWER, Refused
from bot.views.blocks import Message
from core.clock import utc_now
from storage.models import Team

EVENT = "solido_card"

Saying = Callable[[str], Awaitable[AsyncSlackResponse]]
"""What is to be done with a token."""


class Posting:
    """Tells the channel and the timestamp by which a message is known. `client` must not retry by itself: a post could
    appear twice."""

    def __init__(self, installs: Installs, client: AsyncWebClient) -> None:
        self._installs = installs
        self._client = client
        self._pace = Pace()

    async def post(
        self, team: Team, channel: str, message: Message, *, card: str, thread_ts: str | None
    ) -> tuple[str, str]:
        """With the card's own name: whatever Slack shows us of the message later tells which one it is."""

        async def saying(token: str) -> AsyncSlackResponse:
            return await self._client.chat_postMessage(
                token=token,
                channel=channel,
                text=message.text,
                blocks=message.blocks,
                thread_ts=thread_ts,
                metadata={"event_type": EVENT, "event_payload": {"card": card}},
                unfurl_links=False,
                unfurl_media=False,
            )

        return await self._paced("chat.postMessage", team, channel, saying)

    async def edit(self, team: Team, channel: str, ts: str, message: Message) -> tuple[str, str]:
        async def saying(token: str) -> AsyncSlackResponse:
            return await self._client.chat_update(
                token=token, channel=channel, ts=ts, text=message.text, blocks=message.blocks
            )

        return await self._paced("chat.update", team, channel, saying)

    async def _paced(self, method: str, team: Team, channel: str, saying: Saying) -> tuple[str, str]:
        wait = self._pace.wait(method, channel, now=utc_now())
        if wait is not None:
            raise Refused("ratelimited", wait)
        try:
            answer = await saying(await self._installs.token(team))
        except SlackApiError as error:
            refused = refusals.read(error)
            if refused.retry_after is not None:
                self._pace.asked_to_wait(method, channel, seconds=refused.retry_after, now=utc_now())
            raise refused from None
        except NO_ANSWER as error:
            raise Refused(type(error).__name__) from None
        return str(answer["channel"]), str(answer["ts"])
