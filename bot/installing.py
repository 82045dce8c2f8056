"""The way from `/slack/install` through Slack and back: many teams may install one Solido."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot import pages
from bot.cookies import BrowserCookie
from bot.installs import Installed, Installs, access
from bot.limits import fitted
from bot.refusals import NO_ANSWER
from bot.scopes import MAY_BE_LEFT_OUT, SCOPES
from bot.settings import AppKeys
from bot.views.welcome import welcome
from core.clock import utc_now
from core.guard import survived
from core.vault import hash_of
from storage.database import Database
from storage.models import Team

log = structlog.get_logger()

TEAM = re.compile(r"[TE][A-Z0-9]{2,30}", re.ASCII)
STATE_LIVES = timedelta(minutes=10)
COOKIE = BrowserCookie("solido_install", path="/slack", lives=STATE_LIVES)
AT_ONCE = 20
GREETING = timedelta(minutes=1)
"""So long one process is left alone with writing to somebody."""
AGAIN = "Please begin again at {}."
ASK = "If it stays like this, tell the people who run Solido for you."


@dataclass(frozen=True)
class Way:
    """Where browsers go: Slack's page, and ours."""

    authorize_url: str
    public_url: str

    @property
    def redirect_uri(self) -> str:
        return f"{self.public_url}/slack/oauth_redirect"

    @property
    def begin_again(self) -> str:
        return AGAIN.format(f"{self.public_url}/slack/install")


class NotInstalled(Exception):
    """A sentence for the page."""


class Installing:
    """`app` is None where Solido belongs to one team by its token: nothing can be installed then."""

    def __init__(
        self, database: Database, installs: Installs, client: AsyncWebClient, app: AppKeys | None, way: Way
    ) -> None:
        self._database = database
        self._installs = installs
        self._client = client
        self._app = app
        self._way = way

    def routes(self) -> list[Route]:
        return [
            Route("/slack/install", self.begin, methods=["GET"]),
            Route("/slack/oauth_redirect", self.finish, methods=["GET"]),
        ]

    async def begin(self, request: Request) -> Response:
        """Send the browser to Slack, with a state that is good once, for ten minutes, in this browser."""
        if self._app is None:
            return only_one_team()
        team = request.query_params.get("team", "")
        if team and not TEAM.fullmatch(team):
            return refused(
                "This link is not right", f"The team it names is not one of Slack's. {self._way.begin_again}"
            )
        state, browser = secrets.token_urlsafe(32), COOKIE.secret_of(request) or secrets.token_urlsafe(32)
        expires_at = utc_now() + STATE_LIVES
        async with self._database.unscoped() as unscoped:
            unscoped.teams.add_attempt(state_hash=hash_of(state), browser_hash=hash_of(browser), expires_at=expires_at)
        asked = {
            "client_id": self._app.client_id,
            "scope": ",".join(SCOPES),
            "redirect_uri": self._way.redirect_uri,
            "state": state,
            **({"team": team} if team else {}),
        }
        answer = RedirectResponse(f"{self._way.authorize_url}?{urlencode(asked)}", status_code=303, headers=pages.QUIET)
        COOKIE.give(answer, browser, public_url=self._way.public_url)
        return answer

    async def finish(self, request: Request) -> Response:
        """Back from Slack: every way this can end is a page in plain words."""
        if self._app is None:
            return only_one_team()
        given, now = request.query_params, utc_now()
        try:
            await self._use(given.get("state", ""), COOKIE.secret_of(request), now=now)
            if given.get("error") or not given.get("code"):
                raise NotInstalled("Nothing was installed, because it was not allowed in Slack.")
            team = await self._installs.keep(await self._exchanged(self._app, given["code"], now=now), now=now)
        except NotInstalled as why:
            return refused("Solido was not installed", f"{why} {self._way.begin_again}")
        await survived("slack.welcome", self._greet(team), team=str(team.id))
        place = urlencode({"team": team.slack_team_id, "channel": team.bot_user_id})
        return pages.said(
            f"Solido is installed in {team.name or 'your organisation'}",
            [
                "I have written to you in Slack what comes next: three steps to the first sync.",
                "You may close this page.",
            ],
            back=f"https://slack.com/app_redirect?{place}",
        )

    async def _use(self, state: str, browser: str, *, now: datetime) -> None:
        async with self._database.unscoped() as unscoped:
            used = await unscoped.teams.use_attempt(state_hash=hash_of(state), browser_hash=hash_of(browser), now=now)
        if not used:
            raise NotInstalled("This link has been used already, is too old, or was opened in another browser.")

    async def _exchanged(self, app: AppKeys, code: str, *, now: datetime) -> Installed:
        """Exchange the code for a token, and ask once whose it is."""
        try:
            answer = await access(self._client, app, code=code, redirect_uri=self._way.redirect_uri)
            whose = await self._client.auth_test(token=str(answer.get("access_token") or ""))
        except SlackApiError as error:
            log.warning("slack.install_refused", error=reason(error))
            raise NotInstalled(f"Slack did not confirm it. {ASK}") from None
        except NO_ANSWER as error:
            log.warning("slack.install_unreachable", error=type(error).__name__)
            raise NotInstalled("Slack could not be reached just now.") from None
        missing = set(SCOPES) - MAY_BE_LEFT_OUT - set(str(answer.get("scope") or "").split(","))
        if missing:
            raise NotInstalled(f"Slack left out permissions that Solido needs ({', '.join(sorted(missing))}).")
        return read_answer(answer, whose, now=now)

    async def greet(self) -> None:
        """Write to whoever installed, where that did not work at once."""
        async with self._database.asking() as unscoped:
            waiting = await unscoped.teams.to_greet(AT_ONCE)
        for team in waiting:
            await survived("slack.welcome", self._greet(team), team=str(team.id))

    async def _greet(self, team: Team) -> None:
        """Nothing where another process is at it."""
        now, mine = utc_now(), [f"welcome:{team.id}:{team.installed_at.isoformat()}"]
        async with self._database.unscoped() as unscoped:
            if not await unscoped.seen.claim(mine, now=now, until=now + GREETING):
                return
        async with self._database.asking() as unscoped:
            channels = [place.channel_id for place in await unscoped.places(team.id)]
        said = fitted(welcome(channels))
        try:
            await self._client.chat_postMessage(
                token=await self._installs.token(team), channel=team.installed_by, text=said.text, blocks=said.blocks
            )
        except NO_ANSWER as error:
            log.warning("slack.welcome_refused", team=str(team.id), error=type(error).__name__)
            async with self._database.unscoped() as unscoped:
                await unscoped.seen.release(mine)
            return
        async with self._database.unscoped() as unscoped:
            await unscoped.teams.greeted(team.id, now=utc_now())

    async def tidy(self) -> None:
        async with self._database.unscoped() as unscoped:
            await unscoped.teams.forget_attempts(now=utc_now() - STATE_LIVES)


def read_answer(answer: AsyncSlackResponse, whose: AsyncSlackResponse, *, now: datetime) -> Installed:
    """Read `oauth.v2.access`; for a whole organisation `team` is null. Source: Slack developer docs."""
    team, enterprise = part(answer, "team"), part(answer, "enterprise")
    whole = bool(answer.get("is_enterprise_install"))
    lives = answer.get("expires_in")
    return Installed(
        enterprise_id=str(enterprise.get("id") or ""),
        slack_team_id="" if whole else str(team.get("id") or ""),
        name=str((enterprise if whole else team).get("name") or ""),
        url=str(whose.get("url") or ""),
        bot_id=str(whose.get("bot_id") or ""),
        bot_user_id=str(answer.get("bot_user_id") or ""),
        token=str(answer["access_token"]),
        by=str(part(answer, "authed_user").get("id") or ""),
        scopes=str(answer.get("scope") or ""),
        refresh_token=str(answer.get("refresh_token") or ""),
        expires_at=now + timedelta(seconds=int(lives)) if lives else None,
    )


def part(answer: AsyncSlackResponse, name: str) -> dict[str, Any]:
    found = answer.get(name)
    return found if isinstance(found, dict) else {}


def reason(error: SlackApiError) -> str:
    """Slack's code; where it sent no JSON, the answer is text."""
    said = getattr(error.response, "data", None)
    return str(said.get("error")) if isinstance(said, dict) else "unreadable"


def refused(title: str, why: str) -> Response:
    return pages.said(title, [why], status=400)


def only_one_team() -> Response:
    return pages.said("Nothing to install here", ["This Solido belongs to one Slack workspace already."], status=404)
