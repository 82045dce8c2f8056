"""Who is taken for dead, and what becomes of what they had taken on."""

from datetime import timedelta

import pytest

from core import clock
from core.presence import SILENCE, Presence, new_name
from storage.database import Database
from storage.models import Connection, OutboxMessage
from tests.builders import a_connection, a_workspace
from tests.engines import InlineEngine

HOUR = timedelta(hours=1)


class Remembers(InlineEngine):
    """Tells what a presence asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    async def resume(self, worker: str) -> int:
        self.asked.append(f"resume {worker}")
        return 1

    async def let_go(self) -> None:
        self.asked.append("let go")

    async def go_on(self, worker: str) -> None:
        self.asked.append(f"go on {worker}")


class Process:
    """One of several on a database, as bot/app.py joins its parts."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.database.process = new_name(embedded=self.database.embedded)
        self.engine = Remembers()
        self.presence = Presence(self.database, self.engine, {"worker"})

    @property
    def name(self) -> str:
        return self.database.process

    async def falls_silent(self) -> None:
        """As if its last word lay just too long ago."""
        async with self.database.unscoped() as unscoped:
            now = await unscoped.workers.time()
            assert await unscoped.workers.beat(self.name, now=now - SILENCE, seen_after=now - HOUR)

    async def close(self) -> None:
        await self.presence.leave()
        await self.database.close()


async def names(database: Database) -> list[str]:
    async with database.asking() as unscoped:
        now = await unscoped.workers.time()
        return [one.name for one in await unscoped.workers.alive(seen_after=now - HOUR)]


@pytest.fixture
async def two(migrated_postgres_url):
    made = [Process(migrated_postgres_url), Process(migrated_postgres_url)]
    for one in made:
        await one.presence.join()
    yield made
    for one in made:
        await one.close()
    clock.correct(timedelta(0))


async def test_who_says_every_second_that_they_live_are_left_alone(two):
    ours, theirs = two
    for _ in range(2):
        await theirs.presence.beat()
        await ours.presence.beat()
    assert await names(ours.database) == [ours.name, theirs.name]
    assert ours.engine.asked == theirs.engine.asked == []


async def test_the_work_of_who_was_silent_for_too_long_is_given_to_others_once(two):
    ours, theirs = two
    await theirs.falls_silent()
    await ours.presence.beat()
    await ours.presence.beat()
    assert ours.engine.asked == [f"resume {theirs.name}"]
    assert await names(ours.database) == [ours.name]


async def test_who_was_taken_for_dead_and_lives_drops_everything_and_goes_on_under_another_name(two):
    ours, theirs = two
    before = theirs.name
    await theirs.falls_silent()
    await ours.presence.beat()
    await theirs.presence.beat()
    assert theirs.name != before
    assert theirs.engine.asked == ["let go", f"go on {theirs.name}"]
    assert await names(ours.database) == [ours.name, theirs.name]


async def test_who_finds_itself_silent_for_too_long_begins_anew_before_others_notice(two):
    ours, _theirs = two
    before = ours.name
    await ours.falls_silent()
    await ours.presence.beat()
    assert ours.engine.asked == ["let go", f"go on {ours.name}", f"resume {before}"]


async def test_nobody_is_taken_for_dead_while_it_begins_a_run(two):
    ours, theirs = two
    await theirs.falls_silent()
    async with theirs.database.unscoped() as unscoped:
        assert await unscoped.workers.hold(theirs.name)
        await ours.presence.beat()
        assert ours.engine.asked == []
    await ours.presence.beat()
    assert ours.engine.asked == [f"resume {theirs.name}"]
    async with theirs.database.unscoped() as unscoped:
        assert not await unscoped.workers.hold(theirs.name)


async def test_what_the_dead_was_telling_and_refreshing_is_free_at_once(two):
    ours, theirs = two
    now = clock.utc_now()
    connection = await a_connection(ours.database, await a_workspace(ours.database), token_version=1)
    async with theirs.database.workspace(connection.workspace_id) as store:
        await store.outbox.tell("card", "{}", now=now)
        await store.session.flush()
        message = await store.outbox.get("card")
        row = await store.outbox.claim(message.id, now=now, until=now + HOUR)
        until = now + HOUR
        assert await store.connections.take_refresh(connection.id, version=1, now=now, until=until)
    async with ours.database.workspace(connection.workspace_id) as store:
        assert not await store.connections.take_refresh(connection.id, version=1, now=now, until=until)
        assert await store.outbox.claim(message.id, now=now, until=until) is None
    await theirs.falls_silent()
    await ours.presence.beat()
    later = clock.utc_now()
    async with ours.database.workspace(connection.workspace_id) as store:
        assert await store.connections.take_refresh(connection.id, version=1, now=later, until=until)
        assert not await store.outbox.still_ours(row)
        again = await store.outbox.claim(message.id, now=later, until=until)
        assert again is not None
        assert await store.outbox.still_ours(again)
    async with theirs.database.workspace(connection.workspace_id) as store:
        assert not await store.outbox.still_ours(row), "it must not be said once more"


async def test_a_clock_that_is_an_hour_wrong_is_set_by_the_databases(two, monkeypatch):
    ours, _theirs = two
    right = clock.machine_time
    monkeypatch.setattr(clock, "machine_time", lambda: right() + HOUR)
    await ours.presence.beat()
    assert abs(clock.system_time() - right()) < timedelta(seconds=1)
    monkeypatch.undo()
    await ours.presence.beat()
    assert clock.correction() == timedelta(0)


async def test_who_leaves_hands_everything_back_at_once(two):
    ours, theirs = two
    name = theirs.name
    await theirs.presence.leave()
    assert theirs.engine.asked == [f"resume {name}"]
    assert await names(ours.database) == [ours.name]
    await theirs.presence.join()


async def test_on_sqlite_a_restart_frees_what_the_killed_process_was_telling(migrated_sqlite_url):
    killed, now = Process(migrated_sqlite_url), clock.utc_now()
    await killed.presence.join()
    connection = await a_connection(killed.database, await a_workspace(killed.database))
    async with killed.database.workspace(connection.workspace_id) as store:
        await store.outbox.tell("card", "{}", now=now)
        await store.session.flush()
        message = await store.outbox.get("card")
        await store.outbox.claim(message.id, now=now, until=now + HOUR)
    await killed.database.close()
    again = Process(migrated_sqlite_url)
    assert again.name == killed.name
    await again.presence.join()
    await again.presence.beat()
    async with again.database.workspace(connection.workspace_id) as store:
        row = await store.session.get(OutboxMessage, message.id)
        assert row.claimed_by is None
        assert row.next_attempt_at <= clock.utc_now()
        assert (await store.session.get(Connection, connection.id)).refresh_by is None
    assert again.engine.asked == []
    await again.close()
