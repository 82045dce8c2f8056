"""Calls to Slack's Web API."""

from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from core.legible import legible


class SlackClient(AsyncWebClient):
    """The SDK's, whose answers hold only text that can be stored: what people and channels are called is theirs to
    choose."""

    async def api_call(self, *args: Any, **kwargs: Any) -> AsyncSlackResponse:
        answer = await super().api_call(*args, **kwargs)
        answer.data = legible(answer.data)
        return answer
