"""Whoever runs Solido has a failed sync tried again: its organisation's next automatic one is due at once."""

from datetime import datetime
from enum import StrEnum

from storage.audit import Did
from storage.database import Database
from storage.models import ConnectionState, RunState, Trigger
from storage.overview import RunSeen


class Answer(StrEnum):
    DUE = "due"
    """The scheduler begins it within seconds."""
    NOT_FAILED = "not_failed"
    NEEDS_RECONNECT = "needs_reconnect"
    """Only a person can help, in Slack; trying would change nothing."""
    DISCONNECTED = "disconnected"
    UNDER_WAY = "under_way"
    """A sync of this organisation goes on already."""


async def retry(database: Database, run: RunSeen, *, now: datetime) -> Answer:
    if run.state != RunState.FAILED:
        return Answer.NOT_FAILED
    async with database.workspace(run.workspace_id) as store:
        await store.connections.lock(run.connection_id)
        connection = await store.connections.get(run.connection_id)
        if connection is None or connection.state == ConnectionState.DISCONNECTED:
            return Answer.DISCONNECTED
        if connection.state == ConnectionState.RECONNECT_NEEDED:
            return Answer.NEEDS_RECONNECT
        if await store.runs.unfinished(connection.id) is not None:
            return Answer.UNDER_WAY
        if run.trigger == Trigger.RECONCILE:
            connection.next_reconcile_at = now
        else:
            connection.next_sync_at = now
        store.audit.add("", Did.RETRIED_BY_OPERATORS, at=now)
    return Answer.DUE
