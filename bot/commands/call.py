"""What a command or a button is told: plain values, nothing of Bolt."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bot.installs import KnownTeam
from bot.people import Rank
from bot.services import Services


@dataclass(frozen=True)
class Call:
    """Somebody asked for something. `argument` is what follows the subcommand, or a button's value.

    `message_ts` names the message a button is on, where others can see it too.
    """

    services: Services
    team: KnownTeam
    user_id: str
    channel_id: str
    argument: str
    now: datetime
    chosen: UUID | None = None
    message_ts: str = ""

    async def rank(self) -> Rank:
        """What the person is to the team; UNKNOWN where Slack does not say."""
        return await self.services.people.rank(self.team, self.user_id, now=self.now)

    async def workspace(self) -> UUID:
        """The workspace meant: the one chosen with a button, else that of the channel, else the team's only one.

        Raises NoWorkspace, WhichWorkspace or NotYours.
        """
        if self.chosen:
            return await self.services.workspaces.of_team(self.team.id, self.chosen)
        return await self.services.workspaces.find(self.team.id, self.channel_id)
