"""Which workspace a person means."""

from datetime import datetime
from uuid import UUID

from core.errors import Choice, NotYours, NoWorkspace, WhichWorkspace
from storage.database import Database
from storage.models import Workspace


class Workspaces:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, team_id: UUID, channel_id: str) -> UUID:
        """The workspace of this channel; else the team's only one; else raise NoWorkspace or WhichWorkspace."""
        async with self._database.asking() as unscoped:
            places = await unscoped.places(team_id)
            for place in places:
                if place.channel_id == channel_id:
                    return place.workspace_id
            if not places:
                raise NoWorkspace
            if len(places) == 1:
                return places[0].workspace_id
            names = await unscoped.organisations(team_id)
            raise WhichWorkspace([Choice(*place, names.get(place.workspace_id, "")) for place in places])

    async def at(self, team_id: UUID, channel_id: str) -> UUID | None:
        """The workspace of exactly this channel."""
        async with self._database.asking() as unscoped:
            places = await unscoped.places(team_id)
        return next((place.workspace_id for place in places if place.channel_id == channel_id), None)

    async def of_team(self, team_id: UUID, workspace_id: UUID) -> UUID:
        """Return the workspace if it is this team's; raise NotYours. For ids that came back with a click."""
        async with self._database.asking() as unscoped:
            if workspace_id in {place.workspace_id for place in await unscoped.places(team_id)}:
                return workspace_id
        raise NotYours

    async def of_channel(self, team_id: UUID, channel_id: str, *, by: str, now: datetime) -> UUID:
        """The workspace bound to exactly this channel, made where there is none."""
        async with self._database.unscoped() as unscoped:
            for place in await unscoped.places(team_id):
                if place.channel_id == channel_id:
                    return place.workspace_id
            workspace = Workspace(team_id=team_id, channel_id=channel_id, created_by=by, created_at=now)
            unscoped.add_workspace(workspace)
            return workspace.id
