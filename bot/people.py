"""Who somebody is in Slack, and so what they may do. Fails closed: whom Slack does not vouch for may do nothing."""

from datetime import datetime, timedelta
from enum import IntEnum

import aiohttp
import structlog
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.installs import Installs, KnownTeam

log = structlog.get_logger()

REMEMBERED = timedelta(minutes=5)
MOST_REMEMBERED = 10_000


class Standing(IntEnum):
    """What somebody is to a team, from least to most."""

    STRANGER = 0
    """Of another company, a bot, deactivated, or unknown."""
    GUEST = 1
    MEMBER = 2
    ADMIN = 3
    """Admins and owners of the Slack workspace."""


class People:
    """Asks Slack (`users.info`, scope `users:read`) and remembers the answer for five minutes."""

    def __init__(self, installs: Installs, client: AsyncWebClient) -> None:
        self._installs = installs
        self._client = client
        self._known: dict[tuple[str, str], tuple[datetime, Standing]] = {}

    async def standing(self, team: KnownTeam, user_id: str, *, now: datetime) -> Standing:
        key = (team.slack_team_id, user_id)
        until, standing = self._known.get(key, (now, Standing.STRANGER))
        if until > now:
            return standing
        asked = await self._ask(team, user_id)
        if asked is None:
            return Standing.STRANGER
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = (now + REMEMBERED, asked)
        return asked

    async def _ask(self, team: KnownTeam, user_id: str) -> Standing | None:
        row = await self._installs.find(enterprise_id=team.enterprise_id, slack_team_id=team.slack_team_id)
        if row is None:
            return None
        try:
            answer = await self._client.users_info(token=self._installs.token_of(row), user=user_id)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("slack.standing_unknown", error=type(error).__name__)
            return None
        found = answer.get("user")
        return standing_of(found, team) if isinstance(found, dict) else None


def standing_of(user: dict[str, object], team: KnownTeam) -> Standing:
    """Read a user object; every field may be missing. Source: Slack developer docs, "User object"."""
    if any(user.get(flag) for flag in ("deleted", "is_bot", "is_stranger")):
        return Standing.STRANGER
    if not team.has_member(str(user.get("team_id") or "")):
        return Standing.STRANGER
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return Standing.GUEST
    if any(user.get(flag) for flag in ("is_admin", "is_owner", "is_primary_owner")):
        return Standing.ADMIN
    return Standing.MEMBER
