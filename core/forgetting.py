"""Be rid of everything there is of a workspace: told to Xero first, then gone from the database for good."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from core.connect import Connecting
from core.errors import BadArgument
from core.farewell import Farewell
from core.guard import survived
from core.sync import Syncing
from storage.models import ConnectionState

log = structlog.get_logger()

AT_ONCE = 20
WITHOUT_NAME = "forget"
"""What is to be typed where nothing was ever connected."""


@dataclass(frozen=True)
class Forgotten:
    """`channel_id` is where it was at work; `rows` are counted by table. `xero_knows` is False where Xero could not be
    told that we are gone."""

    name: str
    channel_id: str
    rows: Mapping[str, int]
    xero_knows: bool


class Forgetting:
    def __init__(self, syncing: Syncing, connecting: Connecting) -> None:
        self._database = syncing.database
        self._connecting = connecting
        self._farewell = Farewell(syncing)

    async def name_to_type(self, workspace_id: UUID) -> str:
        async with self._database.reading(workspace_id) as store:
            connection = await store.connections.latest()
        return " ".join(connection.tenant_name.split()) if connection else WITHOUT_NAME

    async def forget(self, workspace_id: UUID, *, typed: str, by: str, now: datetime) -> Forgotten:
        """Raise BadArgument unless the name was typed. What runs meanwhile finds nothing left to write to."""
        name = await self.name_to_type(workspace_id)
        if " ".join(typed.split()) != name:
            raise BadArgument("That is not the name as it is written here.")
        return await self._erase(workspace_id, name, by=by, now=now)

    async def expire(self, *, gone_before: datetime, now: datetime) -> None:
        """Forget workspaces whose team removed the app before that moment, some at a time."""
        async with self._database.asking() as unscoped:
            expired = await unscoped.teams.workspaces_gone(before=gone_before, limit=AT_ONCE)
        for workspace_id in expired:
            name = await self.name_to_type(workspace_id)
            await survived("expire", self._erase(workspace_id, name, by="", now=now), workspace=str(workspace_id))

    async def _erase(self, workspace_id: UUID, name: str, *, by: str, now: datetime) -> Forgotten:
        async with self._database.reading(workspace_id) as store:
            connection = await store.connections.latest()
        knows = True
        if connection is not None:
            if connection.state != ConnectionState.DISCONNECTED:
                await self._connecting.disconnect(workspace_id, by=by, now=now)
            knows = await self._farewell.at_once(workspace_id, connection.id)
        async with self._database.unscoped() as unscoped:
            store = unscoped.within(workspace_id)
            place = await store.about.get()
            if connection is not None:
                await store.connections.lock(connection.id)  # before its runs, as everybody does
            rows = await store.everything.forget()
            await unscoped.homes.show_anew(place.team_id)
        log.info("workspace.forgotten", workspace=str(workspace_id), rows=sum(rows.values()), xero_knows=knows)
        return Forgotten(name, place.channel_id, rows, knows)
