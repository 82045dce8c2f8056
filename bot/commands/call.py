"""What a command or a button is told: plain values, nothing of Bolt."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bot.installs import KnownTeam
from bot.people import Rank
from bot.services import Services
from core.errors import NotYours


@dataclass(frozen=True)
class Call:
    """Somebody asked for something. `argument` is what follows the subcommand, or a button's value.

    `message_ts` names the message a button is on, where others can see it too. `chosen` is the workspace chosen with a
    button, as it came back: whoever pressed could have changed it. `checked` is the one that bot/permissions.py found.
    """

    services: Services
    team: KnownTeam
    user_id: str
    channel_id: str
    argument: str
    now: datetime
    chosen: UUID | None = None
    message_ts: str = ""
    checked: UUID | None = None

    @property
    def workspace_id(self) -> UUID:
        """The workspace this is about, which the person may do this to; raise NotYours where nobody made sure of it."""
        if self.checked is None:
            raise NotYours
        return self.checked

    def rest(self) -> str:
        """What follows the workspace in the value of a button or a dialog: `<workspace> [more]`."""
        return self.argument.partition(" ")[2]

    async def rank(self) -> Rank:
        """What the person is to the team; UNKNOWN where Slack does not say."""
        return await self.services.people.rank(self.team, self.user_id, now=self.now)


def as_id(value: str) -> UUID:
    """Read an id that came back with a click; raise NotYours for what is none."""
    try:
        return UUID(value)
    except ValueError:
        raise NotYours from None
