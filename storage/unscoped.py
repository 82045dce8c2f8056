"""Questions asked before the workspace is known, and claims that run across workspaces. They answer with ids."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Table, Uuid
from sqlmodel import SQLModel, col, delete, exists, func, select, union_all, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.digests import Digests
from storage.figures import Figures
from storage.homes import Homes
from storage.installation import InstallationRow
from storage.models import (
    ConnectAttempt,
    Connection,
    ConnectionState,
    Incident,
    OutboxMessage,
    SealingKey,
    SupportRequest,
    SyncRun,
    Team,
    Workspace,
)
from storage.outbox import held_up
from storage.overview import Overview
from storage.reminder_models import Letter, LetterState, ReminderPolicy
from storage.seals import Seals
from storage.seen import SeenRequests
from storage.store import WorkspaceStore
from storage.teams import Teams
from storage.webhook_models import WebhookEvent, WebhookFeed
from storage.workers import Workers


class Owned(NamedTuple):
    """A row and the workspace it belongs to."""

    workspace_id: UUID
    id: UUID


class Waiting(NamedTuple):
    """A notice and the workspace it belongs to."""

    workspace_id: UUID
    id: int


class Place(NamedTuple):
    """A workspace and the channel it is bound to."""

    workspace_id: UUID
    channel_id: str


def is_ours(table: Table) -> bool:
    """Whether a table's ids are random ones that we gave, and so say by themselves whose they are."""
    return isinstance(table.c.id.type, Uuid) and table.c.id.primary_key and len(table.primary_key) == 1


class Unscoped:
    """Look-ups by outside keys (Slack ids, hashes) and claims of due work."""

    def __init__(self, session: AsyncSession, process: str = "") -> None:
        self.session = session
        self._process = process
        self.seen = SeenRequests(session)
        self.teams = Teams(session)
        self.seals = Seals(session)
        self.homes = Homes(session)
        self.digests = Digests(session)
        self.figures = Figures(session)
        self.installation = InstallationRow(session)
        self.overview = Overview(session)
        self.workers = Workers(session)

    def within(self, workspace_id: UUID) -> WorkspaceStore:
        """The door to one workspace's rows, in this same transaction."""
        return WorkspaceStore(self.session, workspace_id, self._process)

    async def team(self, *, enterprise_id: str, slack_team_id: str) -> Team | None:
        found = select(Team).where(col(Team.enterprise_id) == enterprise_id, col(Team.slack_team_id) == slack_team_id)
        return (await self.session.exec(found)).one_or_none()

    def add_team(self, team: Team) -> None:
        self.session.add(team)

    async def places(self, team_id: UUID) -> Sequence[Place]:
        """The workspaces of a team, oldest first."""
        mine = select(Workspace.id, Workspace.channel_id).where(col(Workspace.team_id) == team_id)
        return [Place(*row) for row in (await self.session.exec(mine.order_by(col(Workspace.created_at)))).all()]

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

    async def connection_owner(self, connection_id: UUID) -> UUID | None:
        """The workspace a connection belongs to."""
        owner = select(Connection.workspace_id).where(col(Connection.id) == connection_id)
        return (await self.session.exec(owner)).one_or_none()

    async def workspaces_with_missed(self, team_id: UUID) -> list[UUID]:
        """The workspaces of a team that have messages which could not be told where they belong, and were not mentioned
        since; the one that has waited longest first."""
        found = (
            select(OutboxMessage.workspace_id)
            .join(Workspace, col(Workspace.id) == col(OutboxMessage.workspace_id))
            .where(
                col(Workspace.team_id) == team_id,
                col(OutboxMessage.missed_at).is_not(None),
                col(OutboxMessage.mentioned_at).is_(None),
            )
            .group_by(col(OutboxMessage.workspace_id))
            .order_by(func.min(OutboxMessage.id))
        )
        return list((await self.session.exec(found)).all())

    async def support_requests(self, *, now: datetime, limit: int) -> list[Owned]:
        """Calls for help that are to be sent."""
        due = select(SupportRequest.workspace_id, SupportRequest.id).where(
            col(SupportRequest.sent_at).is_(None), col(SupportRequest.send_at) <= now
        )
        return [Owned(*row) for row in (await self.session.exec(due.limit(limit))).all()]

    async def incident_owner(self, incident_id: UUID) -> UUID | None:
        """The workspace an incident belongs to."""
        owner = select(Incident.workspace_id).where(col(Incident.id) == incident_id)
        return (await self.session.exec(owner)).one_or_none()

    async def incidents_to_look_at(self, *, now: datetime, opened_before: datetime, limit: int) -> list[Owned]:
        """Open incidents whose snooze is over, or that were opened before that moment and are told nowhere yet."""
        quiet = col(Incident.told_at).is_(None) & (col(Incident.opened_at) <= opened_before)
        found = select(Incident.workspace_id, Incident.id).where(
            col(Incident.closed_at).is_(None), quiet | (col(Incident.snoozed_until) <= now)
        )
        return [
            Owned(*row) for row in (await self.session.exec(found.order_by(col(Incident.opened_at)).limit(limit))).all()
        ]

    async def overdue_syncs(self, *, due_before: datetime, limit: int) -> list[Owned]:
        """Live connections of which a sync was due before that moment, or handed over and has not come to an end."""
        not_ended = select(SyncRun.id).where(
            col(SyncRun.connection_id) == col(Connection.id),
            col(SyncRun.finished_at).is_(None),
            col(SyncRun.queued_at) <= due_before,
        )
        found = select(Connection.workspace_id, Connection.id).where(
            col(Connection.state) != ConnectionState.DISCONNECTED,
            (col(Connection.next_sync_at) <= due_before) | not_ended.exists(),
        )
        return [Owned(*row) for row in (await self.session.exec(found.limit(limit))).all()]

    async def claim_due_syncs(self, *, now: datetime, next_at: datetime, limit: int) -> list[Owned]:
        """Take the connections whose automatic sync is due; each is given to one caller only."""
        return await self._claim(col(Connection.next_sync_at), now=now, limit=limit, values={"next_sync_at": next_at})

    async def claim_due_reconciles(self, *, now: datetime, next_at: datetime, limit: int) -> list[Owned]:
        """Take the connections whose full reading is due."""
        due_at = col(Connection.next_reconcile_at)
        return await self._claim(due_at, now=now, limit=limit, values={"next_reconcile_at": next_at})

    async def claim_farewells(self, *, now: datetime, next_at: datetime, limit: int) -> list[Owned]:
        """Take disconnected connections that Xero still has to be told about."""
        return await self._claim(col(Connection.farewell_at), now=now, limit=limit, values={"farewell_at": next_at})

    async def claim_looks(self, *, now: datetime, next_at: datetime, limit: int) -> list[Owned]:
        """Take the connections that are to be looked at, syncs or not."""
        return await self._claim(col(Connection.look_at), now=now, limit=limit, values={"look_at": next_at})

    async def interrupted_refreshes(self, *, now: datetime, limit: int) -> list[Owned]:
        """Live connections whose tokens somebody began to refresh and never came back."""
        found = select(Connection.workspace_id, Connection.id).where(
            col(Connection.refresh_lease_until) <= now, col(Connection.state) != ConnectionState.DISCONNECTED
        )
        return [Owned(*row) for row in (await self.session.exec(found.limit(limit))).all()]

    async def _claim(self, due_at: Any, *, now: datetime, limit: int, values: dict[str, Any]) -> list[Owned]:
        found = select(Connection.id).where(due_at <= now).order_by(due_at).limit(limit)
        # A CTE is evaluated once. A subquery in IN may be run again for every row, which takes more than `limit`.
        due = found.with_for_update(skip_locked=True, key_share=True).cte("due")
        taken = await self.session.exec(
            update(Connection)
            .where(col(Connection.id).in_(select(due.c.id)))
            .values(**values)
            .returning(col(Connection.workspace_id), col(Connection.id))
        )
        return [Owned(*row) for row in taken.all()]

    async def claim_due_reminders(self, *, now: datetime, next_at: datetime, limit: int) -> list[UUID]:
        """Take the workspaces whose reminders are to be looked at; each is given to one caller only."""
        due_at = col(ReminderPolicy.next_look_at)
        found = select(ReminderPolicy.workspace_id).where(due_at <= now).order_by(due_at).limit(limit)
        due = found.with_for_update(skip_locked=True, key_share=True).cte("due")
        taken = await self.session.exec(
            update(ReminderPolicy)
            .where(col(ReminderPolicy.workspace_id).in_(select(due.c.workspace_id)))
            .values(next_look_at=next_at)
            .returning(col(ReminderPolicy.workspace_id))
        )
        return [row[0] for row in taken.all()]

    async def lost_letters(self, *, claimed_before: datetime) -> list[Owned]:
        """Letters promised to SMTP so long ago that whoever did it must be gone."""
        lost = select(Letter.workspace_id, Letter.id).where(
            col(Letter.state) == LetterState.CLAIMED, col(Letter.claimed_at) <= claimed_before
        )
        return [Owned(*row) for row in (await self.session.exec(lost)).all()]

    async def letters_to_note(self, *, finished_after: datetime, limit: int) -> list[Owned]:
        """Letters that went a short while ago and are not noted in Xero yet, oldest first."""
        found = select(Letter.workspace_id, Letter.id).where(
            col(Letter.state) == LetterState.SENT,
            col(Letter.noted_at).is_(None),
            col(Letter.finished_at) > finished_after,
        )
        rows = await self.session.exec(found.order_by(col(Letter.finished_at)).limit(limit))
        return [Owned(*row) for row in rows.all()]

    async def letter_by_unsubscribe(self, unsubscribe_hash: str) -> Owned | None:
        found = select(Letter.workspace_id, Letter.id).where(col(Letter.unsubscribe_hash) == unsubscribe_hash)
        row = (await self.session.exec(found)).first()
        return None if row is None else Owned(*row)

    async def waiting_messages(self, *, now: datetime, limit: int) -> list[Waiting]:
        """Notices that are due to be told, oldest first."""
        due = select(OutboxMessage.workspace_id, OutboxMessage.id).where(
            col(OutboxMessage.waiting), col(OutboxMessage.next_attempt_at) <= now, ~held_up(beyond=now)
        )
        rows = await self.session.exec(due.order_by(col(OutboxMessage.id)).limit(limit))
        return [Waiting(*row) for row in rows.all()]

    async def unfinished_runs(self, *, queued_before: datetime, limit: int) -> list[UUID]:
        """Runs that should be with the engine by now, oldest first."""
        runs = select(SyncRun.id).where(col(SyncRun.finished_at).is_(None), col(SyncRun.queued_at) <= queued_before)
        return list((await self.session.exec(runs.order_by(col(SyncRun.queued_at)).limit(limit))).all())

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

    async def eventful(self, *, received_until: datetime, last_until: datetime, limit: int) -> list[Owned]:
        """Connections that are well and idle, whose webhooks wait since then, and had their last such sync by then."""
        busy = exists().where(col(SyncRun.connection_id) == col(Connection.id), col(SyncRun.finished_at).is_(None))
        found = (
            select(Connection.workspace_id, Connection.id)
            .join(WebhookEvent, col(WebhookEvent.connection_id) == col(Connection.id))
            .where(col(WebhookEvent.handled_at).is_(None), col(WebhookEvent.received_at) <= received_until)
            .where(col(Connection.state) == ConnectionState.ACTIVE, col(Connection.failures) == 0, ~busy)
            .where(col(Connection.webhook_at).is_(None) | (col(Connection.webhook_at) <= last_until))
            .distinct()
            .limit(limit)
        )
        return [Owned(*row) for row in (await self.session.exec(found)).all()]

    async def forget_expired_attempts(self, *, now: datetime) -> int:
        gone = await self.session.exec(delete(ConnectAttempt).where(col(ConnectAttempt.expires_at) <= now))
        return int(gone.rowcount)
