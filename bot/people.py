"""Who somebody is in Slack, and so what they may do. Fails closed: whom Slack does not vouch for may do nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Generic, TypeVar

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.installs import Installs, KnownTeam
from bot.refusals import NO_ANSWER

log = structlog.get_logger()

REMEMBERED = timedelta(minutes=5)
MOST_REMEMBERED = 10_000
PATIENCE_SECONDS = 5.0
PAGE = 1000
MOST_PAGES = 20
"""A channel of more people than twenty pages is not looked through to its end."""

Method = Callable[..., Awaitable[AsyncSlackResponse]]
T = TypeVar("T")


class Rank(IntEnum):
    """What somebody is to a team, from least to most."""

    UNKNOWN = -1
    """Slack does not say."""
    STRANGER = 0
    """Of another company, a bot, or deactivated."""
    GUEST = 1
    MEMBER = 2
    ADMIN = 3
    """Admins and owners of the Slack workspace."""


class Remembered(Generic[T]):
    """Answers by key, for five minutes each. A full memory is emptied."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[datetime, T]] = {}

    def get(self, key: tuple[str, str], *, now: datetime) -> T | None:
        until, answer = self._kept.get(key, (now, None))
        return answer if until > now else None

    def drop(self, key: tuple[str, str]) -> None:
        self._kept.pop(key, None)

    def keep(self, key: tuple[str, str], answer: T, *, now: datetime) -> T:
        if len(self._kept) >= MOST_REMEMBERED:
            self._kept.clear()
        self._kept[key] = (now + REMEMBERED, answer)
        return answer


class People:
    """Asks Slack and remembers the answer for five minutes; scopes `users:read`, `channels:read`, `groups:read`."""

    def __init__(self, installs: Installs, client: AsyncWebClient) -> None:
        self._installs = installs
        self._client = client
        self._known: Remembered[tuple[Rank, str]] = Remembered()
        self._members: Remembered[frozenset[str]] = Remembered()

    async def rank(self, team: KnownTeam, user_id: str, *, now: datetime) -> Rank:
        """What somebody is to the team; UNKNOWN where Slack does not say."""
        return (await self._look_up(team, user_id, now=now))[0]

    async def name(self, team: KnownTeam, user_id: str, *, now: datetime) -> str:
        """What somebody is called in Slack, as it was written there; empty where Slack does not say."""
        return (await self._look_up(team, user_id, now=now))[1]

    def forget(self, team: KnownTeam, user_id: str) -> None:
        """Have Slack asked anew when next somebody wants to know."""
        self._known.drop((team.slack_team_id, user_id))

    async def _look_up(self, team: KnownTeam, user_id: str, *, now: datetime) -> tuple[Rank, str]:
        known = self._known.get((team.slack_team_id, user_id), now=now)
        if known is not None:
            return known
        answer = await self._ask(team, self._client.users_info, user=user_id)
        found = answer.get("user")
        if not isinstance(found, dict):
            return Rank.UNKNOWN, ""
        return self._known.keep((team.slack_team_id, user_id), (rank_of(found, team), name_of(found)), now=now)

    async def is_in(self, team: KnownTeam, user_id: str, channel_id: str, *, now: datetime) -> bool:
        """Whether the person is in the channel, as far as Slack says. Who is said not to be is looked up anew."""
        known = self._members.get((team.slack_team_id, channel_id), now=now) or frozenset()
        if user_id in known:
            return True
        found: set[str] = set()
        cursor = ""
        for _page in range(MOST_PAGES):
            ask = {"channel": channel_id, "limit": PAGE, "cursor": cursor}
            answer = await self._ask(team, self._client.conversations_members, **ask)
            members = answer.get("members")
            found |= set(members) if isinstance(members, list) else set()
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
        self._members.keep((team.slack_team_id, channel_id), frozenset(found), now=now)
        return user_id in found

    async def _ask(self, team: KnownTeam, method: Method, **what: Any) -> dict[str, Any]:
        """Return what Slack answers; nothing where it does not in time."""
        row = await self._installs.find(enterprise_id=team.enterprise_id, slack_team_id=team.slack_team_id)
        if row is None:
            return {}
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = await method(token=await self._installs.token(row), **what)
        except NO_ANSWER as error:
            log.warning("slack.person_unknown", error=type(error).__name__)
            return {}
        return answer.data if isinstance(answer.data, dict) else {}


def name_of(user: Mapping[str, Any]) -> str:
    """The name people see in Slack: the display name, else the full one. Every field may be missing."""
    profile = user.get("profile") if isinstance(user.get("profile"), dict) else {}
    assert profile is not None  # for the types: it was looked at
    names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"), user.get("name"))
    return next((name for name in names if isinstance(name, str) and name.strip()), "")


def rank_of(user: dict[str, object], team: KnownTeam) -> Rank:
    """Read a user object; every field may be missing. Source: Slack developer docs, "User object"."""
    if any(user.get(flag) for flag in ("deleted", "is_bot", "is_stranger")):
        return Rank.STRANGER
    if not team.has_member(str(user.get("team_id") or "")):
        return Rank.STRANGER
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Rank.GUEST
    if any(user.get(flag) for flag in ("is_admin", "is_owner", "is_primary_owner")):
        return Rank.ADMIN
    return Rank.MEMBER
