"""One refreshes at a time, and nobody saves tokens over newer ones."""

import asyncio
from datetime import timedelta

import pytest
import pytest_asyncio

from storage.models import ConnectionState
from tests.builders import NOW, a_connection, a_workspace

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEASE = timedelta(seconds=45)
EXPIRY = NOW + timedelta(minutes=30)


@pytest_asyncio.fixture(loop_scope="session")
async def acme(shared_database):
    return await a_connection(shared_database, await a_workspace(shared_database), token_version=3)


async def row(database, connection):
    async with database.reading(connection.workspace_id) as store:
        return await store.connections.get(connection.id)


async def take(database, connection, *, version=3, now=NOW):
    async with database.workspace(connection.workspace_id) as store:
        return await store.connections.take_refresh(connection.id, version=version, now=now, until=now + LEASE)


async def save(database, connection, *, version=3, access=b"new access"):
    async with database.workspace(connection.workspace_id) as store:
        return await store.connections.save_tokens(
            connection.id, version=version, access=access, refresh=b"new refresh", expires_at=EXPIRY
        )


async def release(database, connection, *, version=3):
    async with database.workspace(connection.workspace_id) as store:
        await store.connections.release_refresh(connection.id, version=version)


async def forget(database, connection, *, version=3):
    async with database.workspace(connection.workspace_id) as store:
        return await store.connections.forget_tokens(connection.id, version=version)


async def end(database, connection):
    async with database.workspace(connection.workspace_id) as store:
        found = await store.connections.get(connection.id)
        found.state, found.farewell_at = ConnectionState.DISCONNECTED, NOW


async def test_one_of_many_takes_the_refresh(shared_database, acme):
    taken = await asyncio.gather(*(take(shared_database, acme) for _ in range(8)))
    assert sorted(taken) == [False] * 7 + [True]


async def test_a_lease_ends_by_itself(shared_database, acme):
    assert await take(shared_database, acme)
    assert not await take(shared_database, acme, now=NOW + LEASE - timedelta(seconds=1))
    assert await take(shared_database, acme, now=NOW + LEASE)


async def test_a_lease_given_back_can_be_taken_at_once(shared_database, acme):
    await take(shared_database, acme)
    await release(shared_database, acme)
    assert await take(shared_database, acme)


@pytest.mark.parametrize("version", [2, 4])
async def test_only_the_version_that_was_seen_can_be_refreshed(shared_database, acme, version):
    assert not await take(shared_database, acme, version=version)


async def test_a_saved_pair_is_the_next_version_and_ends_the_lease(shared_database, acme):
    await take(shared_database, acme)
    assert await save(shared_database, acme)
    saved = await row(shared_database, acme)
    assert (saved.access_token_sealed, saved.refresh_token_sealed) == (b"new access", b"new refresh")
    assert (saved.token_version, saved.access_expires_at, saved.refresh_lease_until) == (4, EXPIRY, None)


async def test_a_pair_is_not_saved_over_a_newer_one(shared_database, acme):
    assert await save(shared_database, acme, access=b"faster")
    assert not await save(shared_database, acme, access=b"slower")
    assert (await row(shared_database, acme)).access_token_sealed == b"faster"


async def test_of_many_who_save_over_the_same_version_one_does(shared_database, acme):
    saved = await asyncio.gather(*(save(shared_database, acme) for _ in range(6)))
    assert sorted(saved) == [False] * 5 + [True]
    assert (await row(shared_database, acme)).token_version == 4


async def test_whose_lease_has_ended_may_still_save_when_nobody_was_faster(shared_database, acme):
    await take(shared_database, acme, now=NOW - 2 * LEASE)
    assert await save(shared_database, acme)


async def test_giving_back_an_old_version_leaves_the_new_lease_alone(shared_database, acme):
    await take(shared_database, acme)
    await save(shared_database, acme)
    await take(shared_database, acme, version=4)
    await release(shared_database, acme, version=3)
    assert not await take(shared_database, acme, version=4)


async def test_no_tokens_are_saved_into_an_ended_connection(shared_database, acme):
    await take(shared_database, acme)
    await end(shared_database, acme)
    assert not await save(shared_database, acme)
    assert (await row(shared_database, acme)).access_token_sealed == b"sealed access"


async def test_tokens_are_saved_while_a_reconnect_is_needed(shared_database):
    workspace_id = await a_workspace(shared_database)
    waiting = await a_connection(shared_database, workspace_id, state=ConnectionState.RECONNECT_NEEDED)
    assert await save(shared_database, waiting, version=1)


async def test_the_tokens_of_an_ended_connection_are_forgotten_with_its_farewell(shared_database, acme):
    await end(shared_database, acme)
    assert await forget(shared_database, acme)
    bare = await row(shared_database, acme)
    assert (bare.access_token_sealed, bare.refresh_token_sealed, bare.access_expires_at) == (None, None, None)
    assert bare.farewell_at is None


async def test_a_live_connection_keeps_its_tokens(shared_database, acme):
    assert not await forget(shared_database, acme)
    assert (await row(shared_database, acme)).refresh_token_sealed == b"sealed refresh"


async def test_tokens_that_came_since_are_not_forgotten(shared_database, acme):
    await end(shared_database, acme)
    assert not await forget(shared_database, acme, version=2)
    assert (await row(shared_database, acme)).refresh_token_sealed == b"sealed refresh"


async def test_tokens_do_not_show_in_what_is_printed_of_a_row(shared_database, acme):
    assert "sealed" not in repr(await row(shared_database, acme))


async def test_the_connection_people_mean_is_the_live_one(shared_database):
    workspace_id = await a_workspace(shared_database)
    live = await a_connection(shared_database, workspace_id)
    ended = {"state": ConnectionState.DISCONNECTED, "connected_at": NOW + timedelta(days=1)}
    await a_connection(shared_database, workspace_id, **ended)
    async with shared_database.reading(workspace_id) as store:
        assert (await store.connections.latest()).id == live.id


async def test_without_a_live_connection_people_mean_the_last_one(shared_database):
    workspace_id = await a_workspace(shared_database)
    state = ConnectionState.DISCONNECTED
    last = await a_connection(shared_database, workspace_id, state=state, connected_at=NOW + timedelta(days=1))
    await a_connection(shared_database, workspace_id, state=state, connected_at=NOW)
    async with shared_database.reading(workspace_id) as store:
        assert (await store.connections.latest()).id == last.id
