"""Teams that have Solido, and their bot tokens."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from core.vault import Vault
from storage.database import Database
from storage.models import Team


@dataclass(frozen=True)
class KnownTeam:
    """A team as a request needs it."""

    id: UUID
    slack_team_id: str
    enterprise_id: str
    url: str

    def has_member(self, slack_team_id: str) -> bool:
        """Whether a person of that Slack team (in Enterprise Grid: organisation) belongs to this one."""
        return bool(slack_team_id) and slack_team_id in (self.slack_team_id, self.enterprise_id)


def known(team: Team) -> KnownTeam:
    return KnownTeam(team.id, team.slack_team_id, team.enterprise_id, team.url)


class Installs:
    """Reads and keeps teams; their tokens are sealed at rest and opened here only."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def add_by_token(self, client: AsyncWebClient, token: str, *, now: datetime) -> None:
        """Ask Slack once which team a bot token belongs to, and keep it."""
        answer = await client.auth_test(token=token)
        enterprise, team_id = answer.get("enterprise_id") or "", answer.get("team_id") or ""
        async with self._database.unscoped() as unscoped:
            team = await unscoped.team(enterprise_id=enterprise, slack_team_id=team_id)
            if team is None:
                team = Team(
                    id=uuid4(),
                    enterprise_id=enterprise,
                    slack_team_id=team_id,
                    name="",
                    url="",
                    bot_id="",
                    bot_user_id="",
                    bot_token_sealed=b"",
                    installed_at=now,
                )
                unscoped.add_team(team)
            team.name, team.url = answer.get("team") or "", answer.get("url") or ""
            team.bot_id, team.bot_user_id = answer.get("bot_id") or "", answer.get("user_id") or ""
            team.bot_token_sealed = self._vault.seal(token, place=_place(team.id))

    async def find(self, *, enterprise_id: str, slack_team_id: str) -> Team | None:
        async with self._database.asking() as unscoped:
            return await unscoped.team(enterprise_id=enterprise_id, slack_team_id=slack_team_id)

    def token_of(self, team: Team) -> str:
        return self._vault.open(team.bot_token_sealed, place=_place(team.id))


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
        context["team"] = known(team)
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            user_id=user_id,
            bot_id=team.bot_id,
            bot_user_id=team.bot_user_id,
            bot_token=self._installs.token_of(team),
        )


def _place(team_id: UUID) -> str:
    return f"team:{team_id}:bot_token"
