"""What a command or a button is told: plain values, nothing of Bolt."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from bot.installs import KnownTeam
from bot.services import Services


@dataclass(frozen=True)
class Call:
    """Somebody asked for something. `argument` is what follows the subcommand, or a button's value."""

    services: Services
    team: KnownTeam
    user_id: str
    channel_id: str
    argument: str
    now: datetime
    chosen: UUID | None = field(default=None)

    async def workspace(self) -> UUID:
        """The workspace meant: the one chosen with a button, else that of the channel, else the team's only one.

        Raises NoWorkspace, WhichWorkspace or NotYours.
        """
        if self.chosen:
            return await self.services.workspaces.of_team(self.team.id, self.chosen)
        return await self.services.workspaces.find(self.team.id, self.channel_id)
