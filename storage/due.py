"""What is due to be done by anybody, across workspaces: claims of it, and where it lies."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import SQLModel, col, exists, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import Connection, ConnectionState, Incident, OutboxMessage, SupportRequest, SyncRun
from storage.outbox import held_up
from storage.owned import Owned
from storage.reminder_models import Letter, LetterState, ReminderPolicy
from storage.slack_models import Preferences
from storage.types import UtcDateTime
from storage.webhook_models import WebhookEvent

NextSync = Callable[[UUID, int | None], datetime]
"""When a connection's sync is due again, by the rhythm that its workspace has set: seconds, None for the usual one."""
CONNECTIONS = SQLModel.metadata.tables["connection"]
PUT_OFF = update(CONNECTIONS).where(CONNECTIONS.c.id == bindparam("whose")).values(next_sync_at=bindparam("at"))
NOW: Any = bindparam("now", type_=UtcDateTime())
MESSAGES = (
    select(OutboxMessage.workspace_id, OutboxMessage.id)
    .where(col(OutboxMessage.waiting), col(OutboxMessage.next_attempt_at) <= NOW, ~held_up(beyond=NOW))
    .order_by(col(OutboxMessage.id))
)


class Waiting(NamedTuple):
    """A notice and the workspace it belongs to."""

    workspace_id: UUID
    id: int


class DueWork:
    """Answers with ids. What takes a `next_at` is a claim: it puts the work off until then, so that nobody else takes
    it."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def syncs(self, *, now: datetime, next_at: NextSync, limit: int) -> list[Owned]:
        """Take the connections whose automatic sync is due; each is given to one caller only. What was disconnected is
        due no more."""
        due_at = col(Connection.next_sync_at)
        found = (
            select(Connection.workspace_id, Connection.id, Connection.state, Preferences.sync_every)
            .outerjoin(Preferences, col(Preferences.workspace_id) == col(Connection.workspace_id))
            .where(due_at <= now)
            .order_by(due_at)
            .limit(limit)
            .with_for_update(of=Connection, skip_locked=True, key_share=True)
        )
        due = [
            (Owned(workspace_id, connection_id), state != ConnectionState.DISCONNECTED, sync_every)
            for workspace_id, connection_id, state, sync_every in (await self._session.exec(found)).all()
        ]
        if due:
            # One statement for all, and of the table: the unit of work would take longer than the database.
            await (await self._session.connection()).execute(
                PUT_OFF,
                [{"whose": owned.id, "at": next_at(owned.id, every) if alive else None} for owned, alive, every in due],
            )
        return [owned for owned, alive, _every in due if alive]

    async def full_readings(self, *, now: datetime, next_at: datetime, limit: int) -> list[Owned]:
        """Take the connections whose full reading is due."""
        due_at = col(Connection.next_reconcile_at)
        return await self._claim(due_at, now=now, limit=limit, values={"next_reconcile_at": next_at})

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
        return [Owned(*row) for row in (await self._session.exec(found)).all()]

    async def farewells(self, *, now: datetime, next_at: datetime, limit: int) -> list[Owned]:
        """Take disconnected connections that Xero still has to be told about."""
        return await self._claim(col(Connection.farewell_at), now=now, limit=limit, values={"farewell_at": next_at})

    async def looks(self, *, now: datetime, next_at: datetime, limit: int) -> list[Owned]:
        """Take the connections that are to be looked at, syncs or not."""
        return await self._claim(col(Connection.look_at), now=now, limit=limit, values={"look_at": next_at})

    async def interrupted_refreshes(self, *, now: datetime, limit: int) -> list[Owned]:
        """Live connections whose tokens somebody began to refresh and never came back."""
        found = select(Connection.workspace_id, Connection.id).where(
            col(Connection.refresh_lease_until) <= now, col(Connection.state) != ConnectionState.DISCONNECTED
        )
        return [Owned(*row) for row in (await self._session.exec(found.limit(limit))).all()]

    async def _claim(self, due_at: Any, *, now: datetime, limit: int, values: dict[str, Any]) -> list[Owned]:
        found = select(Connection.id).where(due_at <= now).order_by(due_at).limit(limit)
        # A CTE is evaluated once. A subquery in IN may be run again for every row, which takes more than `limit`.
        due = found.with_for_update(skip_locked=True, key_share=True).cte("due")
        taken = await self._session.exec(
            update(Connection)
            .where(col(Connection.id).in_(select(due.c.id)))
            .values(**values)
            .returning(col(Connection.workspace_id), col(Connection.id))
        )
        return [Owned(*row) for row in taken.all()]

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
        return [Owned(*row) for row in (await self._session.exec(found.limit(limit))).all()]

    async def unfinished_runs(self, *, queued_before: datetime, limit: int) -> list[UUID]:
        """Runs that should be with the engine by now, oldest first."""
        runs = select(SyncRun.id).where(col(SyncRun.finished_at).is_(None), col(SyncRun.queued_at) <= queued_before)
        return list((await self._session.exec(runs.order_by(col(SyncRun.queued_at)).limit(limit))).all())

    async def incidents(self, *, now: datetime, opened_before: datetime, limit: int) -> list[Owned]:
        """Open incidents whose snooze is over, or that were opened before that moment and are told nowhere yet."""
        quiet = col(Incident.told_at).is_(None) & (col(Incident.opened_at) <= opened_before)
        found = select(Incident.workspace_id, Incident.id).where(
            col(Incident.closed_at).is_(None), quiet | (col(Incident.snoozed_until) <= now)
        )
        return [
            Owned(*row)
            for row in (await self._session.exec(found.order_by(col(Incident.opened_at)).limit(limit))).all()
        ]

    async def messages(self, *, now: datetime, limit: int) -> list[Waiting]:
        """Notices that are due to be told, oldest first."""
        rows = await self._session.exec(MESSAGES.limit(limit), params={"now": now})
        return [Waiting(*row) for row in rows.all()]

    async def support_requests(self, *, now: datetime, limit: int) -> list[Owned]:
        """Calls for help that are to be sent."""
        due = select(SupportRequest.workspace_id, SupportRequest.id).where(
            col(SupportRequest.sent_at).is_(None), col(SupportRequest.send_at) <= now
        )
        return [Owned(*row) for row in (await self._session.exec(due.limit(limit))).all()]

    async def reminders(self, *, now: datetime, next_at: datetime, limit: int) -> list[UUID]:
        """Take the workspaces whose reminders are to be looked at; each is given to one caller only."""
        due_at = col(ReminderPolicy.next_look_at)
        found = select(ReminderPolicy.workspace_id).where(due_at <= now).order_by(due_at).limit(limit)
        due = found.with_for_update(skip_locked=True, key_share=True).cte("due")
        taken = await self._session.exec(
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
        return [Owned(*row) for row in (await self._session.exec(lost)).all()]

    async def letters_to_note(self, *, finished_after: datetime, limit: int) -> list[Owned]:
        """Letters that went a short while ago and are not noted in Xero yet, oldest first."""
        found = select(Letter.workspace_id, Letter.id).where(
            col(Letter.state) == LetterState.SENT,
            col(Letter.noted_at).is_(None),
            col(Letter.finished_at) > finished_after,
        )
        rows = await self._session.exec(found.order_by(col(Letter.finished_at)).limit(limit))
        return [Owned(*row) for row in rows.all()]
