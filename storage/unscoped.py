"""Questions asked before the workspace is known. They answer with ids."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Table, Uuid, bindparam
from sqlmodel import SQLModel, col, delete, func, select, union_all, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.connections import ENDED
from storage.digests import Digests
from storage.due import DueWork
from storage.figures import Figures
from storage.homes import Homes
from storage.installation import InstallationRow
from storage.models import (
    ConnectAttempt,
    Connection,
    ConnectionState,
    OutboxMessage,
    SealingKey,
    SyncRun,
    Team,
    Workspace,
)
from storage.overview import Overview
from storage.owned import Owned
from storage.reminder_models import Letter
from storage.seals import Seals
from storage.seen import SeenRequests
from storage.store import WorkspaceStore
from storage.teams import Teams
from storage.webhook_models import WebhookFeed
from storage.workers import Workers

TEAM = select(Team).where(
    col(Team.enterprise_id) == bindparam("enterprise"), col(Team.slack_team_id) == bindparam("slack_team")
)
PLACES = (
    select(Workspace.id, Workspace.channel_id)
    .where(col(Workspace.team_id) == bindparam("team"))
    .order_by(col(Workspace.created_at))
)
MISSED = (
    select(OutboxMessage.workspace_id)
    .join(Workspace, col(Workspace.id) == col(OutboxMessage.workspace_id))
    .where(
        col(Workspace.team_id) == bindparam("team"),
        col(OutboxMessage.missed_at).is_not(None),
        col(OutboxMessage.mentioned_at).is_(None),
    )
    .group_by(col(OutboxMessage.workspace_id))
    .order_by(func.min(OutboxMessage.id))
)


class Place(NamedTuple):
    """A workspace and the channel it is bound to."""

    workspace_id: UUID
    channel_id: str


def is_ours(table: Table) -> bool:
    """Whether a table's ids are random ones that we gave, and so say by themselves whose they are."""
    return isinstance(table.c.id.type, Uuid) and table.c.id.primary_key and len(table.primary_key) == 1


class Unscoped:
    """Look-ups by outside keys: Slack ids, hashes, ids of rows."""

    def __init__(self, session: AsyncSession, process: str = "") -> None:
        self.session = session
        self._process = process
        self.seen = SeenRequests(session)
        self.teams = Teams(session)
        self.seals = Seals(session)
        self.homes = Homes(session)
        self.digests = Digests(session)
        self.due = DueWork(session)
        self.figures = Figures(session)
        self.installation = InstallationRow(session)
        self.overview = Overview(session)
        self.workers = Workers(session)

    def within(self, workspace_id: UUID) -> WorkspaceStore:
        """The door to one workspace's rows, in this same transaction."""
        return WorkspaceStore(self.session, workspace_id, self._process)

    async def team(self, *, enterprise_id: str, slack_team_id: str) -> Team | None:
        ids = {"enterprise": enterprise_id, "slack_team": slack_team_id}
        return (await self.session.exec(TEAM, params=ids)).one_or_none()

    def add_team(self, team: Team) -> None:
        self.session.add(team)

    async def places(self, team_id: UUID) -> Sequence[Place]:
        """The workspaces of a team, oldest first."""
        return [Place(*row) for row in (await self.session.exec(PLACES, params={"team": team_id})).all()]

    async def organisations(self, team_id: UUID) -> dict[UUID, str]:
        """By workspace of the team, the name of the organisation people mean there: of the live connection, else of
        the one that ended last. Those that never had one are left out."""
        named = (
            select(Connection.workspace_id, Connection.tenant_name)
            .join(Workspace, col(Workspace.id) == col(Connection.workspace_id))
            .where(col(Workspace.team_id) == team_id)
            .order_by(ENDED.desc(), col(Connection.connected_at))
        )
        return dict((await self.session.exec(named)).all())  # what people mean comes last, and stays

    def add_workspace(self, workspace: Workspace) -> None:
        self.session.add(workspace)

    async def attempt_by_link(self, link_hash: str) -> Owned | None:
        return await self._attempt(col(ConnectAttempt.link_hash) == link_hash)

    async def attempt_by_state(self, state_hash: str) -> Owned | None:
        return await self._attempt(col(ConnectAttempt.state_hash) == state_hash)

    async def _attempt(self, condition: Any) -> Owned | None:
        row = (await self.session.exec(select(ConnectAttempt.workspace_id, ConnectAttempt.id).where(condition))).first()
        return None if row is None else Owned(*row)

    async def run_owner(self, run_id: UUID) -> UUID | None:
        return (await self.session.exec(select(SyncRun.workspace_id).where(col(SyncRun.id) == run_id))).one_or_none()

    async def owner_of(self, row_id: UUID) -> UUID | None:
        """The workspace that a row belongs to, whatever kind of row has this id; None for an id we did not give."""
        tables = [table for table in SQLModel.metadata.sorted_tables if {"id", "workspace_id"} <= set(table.c.keys())]
        asked = [select(table.c.workspace_id).where(table.c.id == row_id) for table in tables if is_ours(table)]
        asked.append(select(col(Workspace.id)).where(col(Workspace.id) == row_id))
        return (await self.session.exec(union_all(*asked))).scalars().first()  # type: ignore[call-overload, no-any-return]

    async def workspaces_with_missed(self, team_id: UUID) -> list[UUID]:
        """The workspaces of a team that have messages which could not be told where they belong, and were not mentioned
        since; the one that has waited longest first."""
        return list((await self.session.exec(MISSED, params={"team": team_id})).all())

    async def letter_by_unsubscribe(self, unsubscribe_hash: str) -> Owned | None:
        found = select(Letter.workspace_id, Letter.id).where(col(Letter.unsubscribe_hash) == unsubscribe_hash)
        row = (await self.session.exec(found)).first()
        return None if row is None else Owned(*row)

    async def tenant_is_live(self, tenant_id: str) -> bool:
        """Whether any workspace of this installation holds this organisation now."""
        live = select(Connection.id).where(
            col(Connection.tenant_id) == tenant_id, col(Connection.state) != ConnectionState.DISCONNECTED
        )
        return (await self.session.exec(live)).first() is not None

    async def live_connections(self, tenant_ids: Collection[str]) -> dict[str, Owned]:
        """The live connection of each of these organisations that has one here."""
        live = select(Connection.tenant_id, Connection.workspace_id, Connection.id).where(
            col(Connection.tenant_id).in_(tenant_ids), col(Connection.state) != ConnectionState.DISCONNECTED
        )
        return {tenant: Owned(workspace, connection) for tenant, workspace, connection in await self.session.exec(live)}

    async def connections_by_state(self) -> Counter[str]:
        """How many connections are in which state."""
        counted = select(Connection.state, func.count()).group_by(Connection.state)
        return Counter(dict((await self.session.exec(counted)).all()))

    async def webhook_feed_seen(self) -> datetime | None:
        """When Xero last sent a webhook, as far as any has ever come."""
        return (await self.session.exec(select(WebhookFeed.heard_at))).first()

    async def webhook_feed(self, *, new_at: datetime | None = None) -> WebhookFeed | None:
        """The subscription to webhooks; None before the first word of it, unless it is to begin now."""
        feed = (await self.session.exec(select(WebhookFeed).with_for_update())).first()
        if feed is None and new_at is not None:
            feed = WebhookFeed(heard_at=new_at)
            self.session.add(feed)
        return feed

    async def key_used_since(self, key_id: str, *, now: datetime) -> datetime:
        """Since when this key seals: now, if it was never used before."""
        key = await self.session.get(SealingKey, key_id)
        if key is None:
            key = SealingKey(key_id=key_id, first_used_at=now)
            self.session.add(key)
        return key.first_used_at

    async def sync_all(self, *, at: datetime) -> None:
        """Have every live connection synced by then."""
        await self.session.exec(
            update(Connection)
            .where(col(Connection.state) == ConnectionState.ACTIVE, col(Connection.next_sync_at) > at)
            .values(next_sync_at=at)
        )

    async def forget_expired_attempts(self, *, now: datetime) -> int:
        gone = await self.session.exec(delete(ConnectAttempt).where(col(ConnectAttempt.expires_at) <= now))
        return int(gone.rowcount)
