"""People's Home: shown when they open it and again when something changed, at most once a minute each.

Source: slack.md 3.4; views.publish needs no scope.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot import permissions, refusals
from bot.commands.call import Call
from bot.installs import NoToken, known
from bot.people import Rank
from bot.services import Services
from bot.views import home as views
from bot.views.blocks import Block
from core.clock import utc_now
from core.dashboard import Dashboard, dashboard
from core.guard import survived
from storage.homes import Home
from storage.models import Team

log = structlog.get_logger()

AT_ONCE = 20
BETWEEN = timedelta(minutes=1)
ASK_AGAIN = timedelta(minutes=1)
REMEMBERED = timedelta(days=30)
"""Whoever has not looked for so long is shown it when they look again."""


Dashboards = dict[UUID, "asyncio.Future[Dashboard]"]
"""By workspace; each is looked up once for all who see it."""


class Unknown(Exception):
    """Slack does not say right now who somebody is."""


class Homes:
    def __init__(self, services: Services, client: AsyncWebClient) -> None:
        self._services = services
        self._database = services.database
        self._client = client

    async def hear(self, payload: Mapping[str, Any]) -> None:
        """Take an `event_callback`; only that somebody opened their Home is of interest."""
        event = payload.get("event")
        if not isinstance(event, dict) or event.get("type") != "app_home_opened" or event.get("tab") != "home":
            return
        enterprise, slack_team = str(payload.get("enterprise_id") or ""), str(payload.get("team_id") or "")
        team = await self._services.installs.find(enterprise_id=enterprise, slack_team_id=slack_team)
        if team is None:
            return
        async with self._database.unscoped() as unscoped:
            await unscoped.homes.opened(Home(team.id, str(event.get("user") or "")), now=utc_now())

    async def tick(self) -> None:
        now = utc_now()
        async with self._database.asking() as unscoped:
            stale = await unscoped.homes.stale(now=now, limit=AT_ONCE)
        dashboards: Dashboards = {}
        await asyncio.gather(
            *(survived("home", self._show(home, dashboards, now=now), user=home.user_id) for home in stale)
        )

    async def tidy(self) -> None:
        async with self._database.unscoped() as unscoped:
            await unscoped.homes.forget_unopened(since=utc_now() - REMEMBERED)

    async def _show(self, home: Home, dashboards: Dashboards, *, now: datetime) -> None:
        async with self._database.unscoped() as unscoped:
            if not await unscoped.homes.claim(home, now=now, next_at=now + BETWEEN):
                return
            team = await unscoped.teams.get(home.team_id)
        assert team is not None  # a Home belongs to a team
        try:
            token = await self._services.installs.token(team)
            view = await self._view_of(team, home.user_id, dashboards, now=now)
            if view is None:
                await self._client.auth_test(token=token)  # raises where the app was removed: nobody told us
                raise Unknown
            await self._client.views_publish(token=token, user_id=home.user_id, view=view)
        except NoToken:
            await self._forget(home)
        except SlackApiError as error:
            await self._refused(home, refusals.read(error), now=now)
        except (Unknown, aiohttp.ClientError, SlackClientError, TimeoutError, OSError) as error:
            log.warning("home.not_shown", error=type(error).__name__)
            await self._later(home, now + ASK_AGAIN)
        else:
            async with self._database.unscoped() as unscoped:
                await unscoped.homes.shown(home, at=now)

    async def _refused(self, home: Home, refused: refusals.Refused, *, now: datetime) -> None:
        log.warning("home.refused", error=refused.error)
        if refused.meaning is refusals.Meaning.PASSES and refused.error != "not_enabled":
            await self._later(home, now + (refused.retry_after or ASK_AGAIN))
        else:
            await self._forget(home)

    async def _later(self, home: Home, until: datetime) -> None:
        async with self._database.unscoped() as unscoped:
            await unscoped.homes.postpone(home, until=until)

    async def _forget(self, home: Home) -> None:
        """It is shown again when they open it again."""
        async with self._database.unscoped() as unscoped:
            await unscoped.homes.forget(home)

    async def _view_of(self, team: Team, user_id: str, dashboards: Dashboards, *, now: datetime) -> Block | None:
        """What this person may see; None where Slack does not say who they are."""
        call = Call(self._services, known(team), user_id, "", "", now)
        rank = await call.rank()
        if rank is Rank.UNKNOWN:
            return None
        if rank < Rank.MEMBER:
            return views.closed()
        async with self._database.asking() as unscoped:
            places = await unscoped.places(team.id)
        shown = []
        for place in places:
            if await permissions.may(call, permissions.Right.READ, place.workspace_id):
                it = await self._dashboard(place.workspace_id, dashboards, now=now)
                shown.append((it, await permissions.administers(call, place.workspace_id)))
        return views.home(shown, daily_limit=self._services.daily_limit, now=now)

    async def _dashboard(self, workspace_id: UUID, dashboards: Dashboards, *, now: datetime) -> Dashboard:
        if workspace_id not in dashboards:
            limit = self._services.daily_limit
            looking = dashboard(self._database, workspace_id, daily_limit=limit, now=now)
            dashboards[workspace_id] = asyncio.ensure_future(looking)
        return await dashboards[workspace_id]
