"""What Slack tells by itself: that the app was removed. Worked on before it is acknowledged, so that Slack tells it
again where we could not; and so written that hearing it twice, late, or in another order does nothing more."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from core.clock import utc_now
from core.connect import Connecting
from storage.database import Database
from storage.models import Team
from storage.unscoped import Unscoped

log = structlog.get_logger()

NO_TOKEN = b""
CLOCKS_APART = timedelta(seconds=5)
"""Slack's clock and ours: an event this much older than an installation may still be about it."""


class Leaving:
    """Stops everything of a team that removed the app. What is known is kept, and goes on after another install."""

    def __init__(self, database: Database, connecting: Connecting) -> None:
        self._database = database
        self._connecting = connecting

    async def hear(self, payload: Mapping[str, Any]) -> None:
        """Take an `event_callback`; what it is not about does nothing."""
        event = payload.get("event")
        if not isinstance(event, dict):
            return
        enterprise, team = str(payload.get("enterprise_id") or ""), str(payload.get("team_id") or "")
        told_at = moment_of(payload)
        match event.get("type"):
            case "app_uninstalled":
                await self._gone(enterprise, whole_or(payload, team), told_at)
            case "tokens_revoked":
                if bots_of(event):
                    await self._gone(enterprise, whole_or(payload, team), told_at)
            case "team_access_revoked":
                for one in event.get("team_ids") or []:
                    await self._gone(enterprise, str(one), told_at)
            case "team_access_granted":
                for one in event.get("team_ids") or []:
                    await self._served_again(enterprise, str(one))

    async def _gone(self, enterprise_id: str, slack_team_id: str, told_at: datetime) -> None:
        now = utc_now()
        async with self._database.unscoped() as unscoped:
            team = await unscoped.team(enterprise_id=enterprise_id, slack_team_id=slack_team_id)
            if team is None or team.installed_at > told_at + CLOCKS_APART:
                return  # unknown, or installed again since
            left = [team, *(await unscoped.teams.of_organisation(team.id) if not team.slack_team_id else [])]
            for one in left:
                forget_token(one, now=now)
            workspaces = await workspaces_of(unscoped, left)
        for workspace_id in workspaces:
            await self._connecting.abandon(workspace_id, now=now)
        log.info("slack.team_left", team=str(team.id), workspaces=len(workspaces))

    async def _served_again(self, enterprise_id: str, slack_team_id: str) -> None:
        async with self._database.unscoped() as unscoped:
            team = await unscoped.team(enterprise_id=enterprise_id, slack_team_id=slack_team_id)
            if team is not None and team.served_by is not None:
                team.gone_at = None


def forget_token(team: Team, *, now: datetime) -> None:
    team.gone_at = team.gone_at or now
    team.bot_token_sealed, team.refresh_token_sealed, team.token_expires_at = NO_TOKEN, None, None
    team.token_version, team.refresh_lease_until = team.token_version + 1, None


async def workspaces_of(unscoped: Unscoped, teams: list[Team]) -> list[Any]:
    return [place.workspace_id for team in teams for place in await unscoped.places(team.id)]


def moment_of(payload: Mapping[str, Any]) -> datetime:
    """When it happened, as Slack says."""
    stamp = payload.get("event_time")
    return datetime.fromtimestamp(stamp, UTC) if isinstance(stamp, int) else utc_now()


def whole_or(payload: Mapping[str, Any], team: str) -> str:
    """Empty where the installation is one for a whole organisation."""
    granted = payload.get("authorizations") or [{}]
    whole = isinstance(granted[0], dict) and granted[0].get("is_enterprise_install")
    return "" if whole or payload.get("is_enterprise_install") else team


def bots_of(event: Mapping[str, Any]) -> list[Any]:
    tokens = event.get("tokens")
    return list(tokens.get("bot") or []) if isinstance(tokens, dict) else []
