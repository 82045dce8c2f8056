"""What is old goes by itself, in batches; what still matters stays, however old it is."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from core import retention
from core.clock import utc_now
from core.engine import DbosEngine, prepare
from core.retention import Retention
from storage.models import Incident, OutboxMessage, RunState, SyncRun, Trigger
from storage.webhook_models import WebhookEvent
from tests.builders import a_connection, a_workspace
from tests.engines import InlineEngine

DAY = timedelta(days=1)


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(retention, "AT_ONCE", 3)


async def test_what_is_old_and_quiet_goes_and_what_matters_stays(database, small_batches):
    now = utc_now()
    connection = await a_connection(database, await a_workspace(database))
    ours = {"workspace_id": connection.workspace_id, "connection_id": connection.id}

    def run(days: int, trigger: Trigger = Trigger.SCHEDULED, **more: object) -> SyncRun:
        at = now - days * DAY
        return SyncRun(
            **ours, trigger=trigger, **{"state": RunState.SUCCEEDED, "queued_at": at, "finished_at": at} | more
        )

    def card(name: str, days: int, *, waiting: bool = False) -> OutboxMessage:
        at = now - days * DAY
        return OutboxMessage(
            workspace_id=connection.workspace_id, card=name, notice="{}", created_at=at, next_attempt_at=at,
            waiting=waiting,
        )  # fmt: skip

    def trouble(days: int, *, closed: bool) -> Incident:
        at = now - days * DAY
        return Incident(
            **ours, cause=f"{days}", error="E", opened_at=at, last_failure_at=at, closed_at=at if closed else None
        )

    kept = [
        run(34), run(36, added=1), run(36, Trigger.MANUAL), run(36, state=RunState.FAILED), run(900, Trigger.INITIAL),
        card("run:new", 89), card("incident:1", 100), card("run:waits", 900, waiting=True),
        trouble(399, closed=True), trouble(900, closed=False),
    ]  # fmt: skip
    gone = [
        *(run(36) for _ in range(8)), run(401, Trigger.MANUAL), run(401, state=RunState.FAILED),
        card("run:old", 91), card("digest:old", 401), trouble(401, closed=True),
    ]  # fmt: skip

    def heard(number: int, days: int) -> WebhookEvent:
        return WebhookEvent(
            **ours, resource_id=connection.id, happened=str(number), category="INVOICE", received_at=now - days * DAY
        )

    async with database.workspace(connection.workspace_id) as store:
        store.session.add_all([*kept, *gone, heard(1, 31), *(heard(number, 33) for number in range(2, 9))])
    await Retention(database, InlineEngine()).tick()
    async with database.reading(connection.workspace_id) as store:
        runs = set((await store.session.exec(select(SyncRun.id))).all())
        cards = set((await store.session.exec(select(OutboxMessage.card))).all())
        causes = set((await store.session.exec(select(Incident.cause))).all())
        events = (await store.session.exec(select(WebhookEvent.happened))).all()
    assert runs == {one.id for one in kept if isinstance(one, SyncRun)}
    assert cards == {"run:new", "incident:1", "run:waits"}
    assert causes == {"399", "900"}
    assert events == ["1"]


async def test_the_engine_keeps_nothing_of_runs_long_over(database):
    prepare(database.url)
    engine = DbosEngine(database.url, worker="w")
    over, waiting = connection_ids = (await a_workspace(database), await a_workspace(database))
    async with database.unscoped() as unscoped:
        for each in connection_ids:
            await engine.enqueue(unscoped.session, each)
        table = "workflow_status" if database.embedded else "dbos.workflow_status"
        await unscoped.session.exec(
            text(f"UPDATE {table} SET status = 'SUCCESS', completed_at = 1000 WHERE workflow_uuid = '{over}'")
        )
    assert await engine.forget(before=utc_now(), limit=1000) == 1
    async with database.asking() as unscoped:
        left = (await unscoped.session.exec(text(f"SELECT workflow_uuid FROM {table}"))).all()
    assert [tuple(row) for row in left] == [(str(waiting),)]
    await engine.stop()
