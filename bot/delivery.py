"""Outbox rows into Slack messages: posted once, edited from then on. At least once; see storage/outbox.py."""

import asyncio
from datetime import timedelta
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.installs import Installs
from bot.limits import fitted
from bot.pace import Pace
from bot.views import connections, syncs, troubles
from bot.views.blocks import Message
from core.clock import utc_now
from core.guard import survived
from core.notices import Connected, ConnectFailed, Disconnected, Notice, SyncTold, Trouble, decode
from storage.database import Database
from storage.models import OutboxMessage, Team
from storage.unscoped import Waiting

log = structlog.get_logger()

AT_ONCE = 50
LEASE = timedelta(seconds=60)
BETWEEN_EDITS = timedelta(seconds=1)
BETWEEN_TROUBLE_EDITS = timedelta(seconds=45)
LONGEST_WAIT = timedelta(minutes=15)
GONE = {"message_not_found", "cant_update_message", "edit_window_closed"}
"""The message cannot be edited any more: post it anew."""
HOPELESS = {"invalid_blocks", "invalid_blocks_format", "msg_too_long", "no_text", "user_not_found", "cannot_dm_bot"}
"""Sending the same again will never work."""


class Refused(Exception):
    """Slack did not take a message. `retry_after` where it said when to try again."""

    def __init__(self, error: str, retry_after: timedelta | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.retry_after = retry_after


def render(notice: Notice) -> Message:
    match notice:
        case Connected():
            return connections.connected(notice)
        case Disconnected():
            return connections.disconnected(notice)
        case ConnectFailed():
            return connections.connect_failed(notice)
        case SyncTold():
            return syncs.told(notice)
        case Trouble():
            return troubles.trouble(notice)


def rests(notice: Notice) -> timedelta:
    """How long a message rests after being posted or edited."""
    return BETWEEN_TROUBLE_EDITS if isinstance(notice, Trouble) else BETWEEN_EDITS


def wait_after(attempts: int) -> timedelta:
    """Before another try: 2, 4, 8 … seconds, at most a quarter of an hour."""
    return min(timedelta(seconds=2 ** min(attempts, 12)), LONGEST_WAIT)


class Delivery:
    """Tells Slack what waits in the outbox. `client` must not retry by itself: a post could appear twice."""

    def __init__(self, database: Database, installs: Installs, client: AsyncWebClient) -> None:
        self._database = database
        self._installs = installs
        self._client = client
        self._pace = Pace()

    async def tick(self) -> None:
        """Tell what is due, in the order in which it came up; one that fails holds nobody else's back."""
        async with self._database.unscoped() as unscoped:
            waiting = await unscoped.waiting_messages(now=utc_now(), limit=AT_ONCE)
        await asyncio.gather(*(self._tell_all(mine) for mine in by_workspace(waiting)))

    async def _tell_all(self, mine: list[Waiting]) -> None:
        for owned in mine:
            await survived("delivery", self._tell(owned), workspace=str(owned.workspace_id), message=str(owned.id))

    async def _tell(self, owned: Waiting) -> None:
        now = utc_now()
        async with self._database.workspace(owned.workspace_id) as store:
            row = await store.outbox.claim(owned.id, now=now, until=now + LEASE)
            if row is None:
                return
            place, team = await store.about.get(), await store.about.team()
        notice = decode(row.notice)
        channel = row.channel_id or row.to_user or place.channel_id
        try:
            posted_in, ts = await self._send(row, channel, render(notice), team)
        except Refused as refused:
            await self._refused(row, refused)
            return
        async with self._database.workspace(owned.workspace_id) as store:
            await store.outbox.told(
                row.id, version=row.version, channel_id=posted_in, message_ts=ts, now=now, next_at=now + rests(notice)
            )

    async def _send(self, row: OutboxMessage, channel: str, message: Message, team: Team) -> tuple[str, str]:
        """Post or edit; return the channel and the timestamp Slack knows it by. Raise Refused."""
        said, method = fitted(message), "chat.update" if row.message_ts else "chat.postMessage"
        content: dict[str, Any] = {"channel": channel, "text": said.text, "blocks": said.blocks}
        wait = self._pace.wait(method, channel, now=utc_now())
        if wait is not None:
            raise Refused("ratelimited", wait)
        try:
            content["token"] = await self._installs.token(team)
            if row.message_ts:
                answer = await self._client.chat_update(ts=row.message_ts, **content)
            else:
                answer = await self._client.chat_postMessage(unfurl_links=False, unfurl_media=False, **content)
        except SlackApiError as error:
            refused = meaning_of(error)
            if refused.retry_after is not None:
                self._pace.asked_to_wait(method, channel, seconds=refused.retry_after, now=utc_now())
            raise refused from None
        except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError) as error:
            raise Refused(type(error).__name__) from None
        return str(answer["channel"]), str(answer["ts"])

    async def _refused(self, row: OutboxMessage, refused: Refused) -> None:
        now = utc_now()
        log.warning("slack.refused", workspace=str(row.workspace_id), message=str(row.id), error=refused.error)
        async with self._database.workspace(row.workspace_id) as store:
            if refused.error in GONE:
                await store.outbox.post_anew(row.id, error=refused.error, now=now)
            elif refused.error in HOPELESS:
                await store.outbox.drop(row.id, error=refused.error, version=row.version)
            else:
                until = now + (refused.retry_after or wait_after(row.attempts))
                await store.outbox.postpone(row.id, error=refused.error, until=until)


def by_workspace(waiting: list[Waiting]) -> list[list[Waiting]]:
    """Group, keeping the order within each workspace."""
    groups: dict[object, list[Waiting]] = {}
    for owned in waiting:
        groups.setdefault(owned.workspace_id, []).append(owned)
    return list(groups.values())


def meaning_of(error: SlackApiError) -> Refused:
    """Read Slack's refusal. `Retry-After` is in seconds; `response` is text where Slack sent no JSON."""
    answer = error.response
    if isinstance(answer, str) or not hasattr(answer, "get"):
        return Refused("unreadable")
    after = str(answer.headers.get("Retry-After") or answer.headers.get("retry-after") or "")
    seconds = timedelta(seconds=int(after)) if after.isdigit() else None
    return Refused(str(answer.get("error") or "unknown"), seconds)
