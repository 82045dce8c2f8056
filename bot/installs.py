"""Teams that have Solido, and their bot tokens."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import aiohttp
import structlog
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from sqlalchemy.exc import IntegrityError

from bot.settings import AppKeys
from core.clock import utc_now
from core.sealed_places import of_team
from core.vault import CannotOpen, Vault
from storage.database import Database
from storage.models import Team

log = structlog.get_logger()

AHEAD = timedelta(minutes=30)
"""Tokens that are rotated live twelve hours, and are renewed this long before."""
LEASE = timedelta(seconds=45)
LOOK_AGAIN_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 20.0


class NoToken(SlackClientError):
    """There is no token for this team: the app was removed, or Slack does not renew the permission."""


@dataclass(frozen=True)
class KnownTeam:
    """A team as a request needs it. `installed_by` may connect the first channel."""

    id: UUID
    slack_team_id: str
    enterprise_id: str
    url: str
    installed_by: str = ""

    def has_member(self, slack_team_id: str) -> bool:
        """Whether a person of that Slack team (in Enterprise Grid: organisation) belongs to this one."""
        return bool(slack_team_id) and slack_team_id in (self.slack_team_id, self.enterprise_id)


@dataclass(frozen=True)
class Installed:
    """What Slack says of a finished installation. Without `slack_team_id` it is for a whole organisation."""

    enterprise_id: str
    slack_team_id: str
    name: str
    url: str
    bot_id: str
    bot_user_id: str
    token: str
    by: str = ""
    scopes: str = ""
    refresh_token: str = ""
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"<Installed in {self.enterprise_id}/{self.slack_team_id}>"


def known(team: Team) -> KnownTeam:
    return KnownTeam(team.id, team.slack_team_id, team.enterprise_id, team.url, team.installed_by)


class Installs:
    """Reads and keeps teams; their tokens are sealed at rest, and opened and renewed here only.

    `client` asks Slack; `app` are the keys that tokens are renewed with, where they are.
    """

    def __init__(self, database: Database, vault: Vault, client: AsyncWebClient, app: AppKeys | None = None) -> None:
        self._database = database
        self._vault = vault
        self._client = client
        self._app = app

    async def add_by_token(self, token: str, *, now: datetime) -> None:
        """Ask Slack once which team a bot token belongs to, and keep it."""
        answer = await self._client.auth_test(token=token)
        said = {name: str(answer.get(name) or "") for name in ("team", "url", "bot_id", "user_id")}
        found = Installed(
            enterprise_id=str(answer.get("enterprise_id") or ""),
            slack_team_id=str(answer.get("team_id") or ""),
            name=said["team"],
            url=said["url"],
            bot_id=said["bot_id"],
            bot_user_id=said["user_id"],
            token=token,
        )
        await self.keep(found, now=now)

    async def keep(self, it: Installed, *, now: datetime) -> Team:
        """Store an installation over an earlier one of the same team; what was known of the team stays."""
        try:
            return await self._keep(it, now=now)
        except IntegrityError:  # several processes that start together meet a team that is new to all of them
            return await self._keep(it, now=now)

    async def _keep(self, it: Installed, *, now: datetime) -> Team:
        async with self._database.unscoped() as unscoped:
            team = await unscoped.team(enterprise_id=it.enterprise_id, slack_team_id=it.slack_team_id)
            if team is None:
                team = empty(it.enterprise_id, it.slack_team_id, now=now)
                unscoped.add_team(team)
            team.name, team.url, team.bot_id, team.bot_user_id = it.name, it.url, it.bot_id, it.bot_user_id
            team.bot_token_sealed = self._vault.seal(it.token, place=of_team(team.id))
            place = of_team(team.id, "refresh_token")
            team.refresh_token_sealed = self._vault.seal(it.refresh_token, place=place) if it.refresh_token else None
            team.token_expires_at, team.token_version = it.expires_at, team.token_version + 1
            team.refresh_lease_until, team.served_by = None, None
            if it.by or team.gone_at:
                team.installed_at, team.installed_by, team.greeted_at = now, it.by, None
            team.gone_at, team.scopes = None, it.scopes
            for served in await unscoped.teams.of_organisation(team.id):
                served.gone_at = None
            return team

    async def find(self, *, enterprise_id: str, slack_team_id: str) -> Team | None:
        """The team, if the app is there. One whose organisation has the app as a whole gets a row of its own, so that
        nothing of one of its teams is seen in another."""
        async with self._database.asking() as unscoped:
            team = await unscoped.team(enterprise_id=enterprise_id, slack_team_id=slack_team_id)
            whole = await unscoped.team(enterprise_id=enterprise_id, slack_team_id="") if enterprise_id else None
        if team is not None and team.gone_at is None:
            return team
        if whole is None or whole.gone_at is not None or not slack_team_id or (team and team.served_by):
            return None
        return await self._served(whole, team, slack_team_id)

    async def _served(self, whole: Team, team: Team | None, slack_team_id: str) -> Team | None:
        try:
            async with self._database.unscoped() as unscoped:
                row = await unscoped.teams.get(team.id) if team else None
                if row is None:
                    row = empty(whole.enterprise_id, slack_team_id, now=utc_now())
                    unscoped.add_team(row)
                row.name, row.url, row.bot_id, row.bot_user_id = whole.name, whole.url, whole.bot_id, whole.bot_user_id
                row.served_by, row.gone_at = whole.id, None
                return row
        except IntegrityError:  # another request of the same team was faster
            async with self._database.asking() as unscoped:
                return await unscoped.team(enterprise_id=whole.enterprise_id, slack_team_id=slack_team_id)

    async def token(self, team: Team) -> str:
        """Return a token that Slack accepts now, renewed by one at a time across all processes; raise NoToken."""
        waited = 0.0
        row: Team | None = team
        while waited < LONGEST_WAIT_SECONDS:
            if row is not None and row.served_by is not None:
                row = await self._row(row.served_by)
            if row is None or row.gone_at is not None or not row.bot_token_sealed:
                raise NoToken("the app is not installed there")
            now = utc_now()
            if row.refresh_token_sealed is None or row.token_expires_at is None or row.token_expires_at - now > AHEAD:
                return self._open(row.bot_token_sealed, of_team(row.id))
            renewed = await self._renewed(row, now=now)
            if renewed:
                return renewed
            if row.token_expires_at > now:
                return self._open(row.bot_token_sealed, of_team(row.id))
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            waited += LOOK_AGAIN_SECONDS
            row = await self._row(row.id)
        raise NoToken("the token could not be renewed in time")

    async def _row(self, team_id: UUID) -> Team | None:
        async with self._database.asking() as unscoped:
            return await unscoped.teams.get(team_id)

    def _open(self, sealed: bytes, place: str) -> str:
        try:
            return self._vault.open(sealed, place=place)
        except CannotOpen as why:
            raise NoToken(str(why)) from None

    async def _renewed(self, row: Team, *, now: datetime) -> str | None:
        """Renew this version of the token; None when somebody else is at it, or Slack did not do it now."""
        version = row.token_version
        async with self._database.unscoped() as unscoped:
            if not await unscoped.teams.take_refresh(row.id, version=version, now=now, until=now + LEASE):
                return None
        got = await self._ask(row)
        async with self._database.unscoped() as unscoped:
            if got is None:
                await unscoped.teams.release_refresh(row.id, version=version)
                return None
            token, refresh, expires_at = got
            await unscoped.teams.save_tokens(
                row.id,
                version=version,
                bot=self._vault.seal(token, place=of_team(row.id)),
                refresh=self._vault.seal(refresh, place=of_team(row.id, "refresh_token")),
                expires_at=expires_at,
            )
        return token

    async def _ask(self, row: Team) -> tuple[str, str, datetime] | None:
        """A new token, what renews it next, and until when it is good. Raise NoToken where Slack refuses for good."""
        if self._app is None or row.refresh_token_sealed is None:
            raise NoToken("SLACK_CLIENT_ID and SLACK_CLIENT_SECRET are needed to renew tokens")
        refresh = self._open(row.refresh_token_sealed, of_team(row.id, "refresh_token"))
        try:
            answer = await access(self._client, self._app, grant_type="refresh_token", refresh_token=refresh)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("slack.token_not_renewed", team=str(row.id), error=type(error).__name__)
            return None
        lives = timedelta(seconds=int(answer.get("expires_in") or 0))
        return str(answer["access_token"]), str(answer["refresh_token"]), utc_now() + lives


async def access(client: AsyncWebClient, app: AppKeys, **asked: str) -> AsyncSlackResponse:
    """`oauth.v2.access`. The SDK's own method makes the header in a way that aiohttp has given up."""
    header = {"Authorization": aiohttp.encode_basic_auth(app.client_id, app.client_secret)}
    return await client.api_call("oauth.v2.access", headers=header, data=asked)


class Authorize(AsyncAuthorize):
    """Bolt's question whose token serves a request, answered from our own table: no call to Slack."""

    def __init__(self, installs: Installs) -> None:
        self._installs = installs

    async def __call__(
        self,
        *,
        context: AsyncBoltContext,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,
        **_others: object,
    ) -> AuthorizeResult | None:
        team = await self._installs.find(enterprise_id=enterprise_id or "", slack_team_id=team_id or "")
        if team is None:
            return None
        try:
            token = await self._installs.token(team)
        except NoToken as why:
            log.warning("slack.no_token", team=str(team.id), why=str(why))
            return None
        context["team"] = known(team)
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            user_id=user_id,
            bot_id=team.bot_id,
            bot_user_id=team.bot_user_id,
            bot_token=token,
        )


def empty(enterprise_id: str, slack_team_id: str, *, now: datetime) -> Team:
    return Team(
        id=uuid4(),
        enterprise_id=enterprise_id,
        slack_team_id=slack_team_id,
        name="",
        url="",
        bot_id="",
        bot_user_id="",
        bot_token_sealed=b"",
        installed_at=now,
    )
