"""A try to connect: each step once, and none after its time."""

import asyncio
from datetime import timedelta

import pytest
import pytest_asyncio

from tests.builders import NOW, a_workspace, an_attempt

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXPIRY = NOW + timedelta(minutes=15)
STEPS = {
    "open": lambda attempts, attempt, now: attempts.open(
        attempt.id, state_hash=f"state {attempt.id}", browser_hash="browser", verifier_sealed=b"verifier", now=now
    ),
    "returned": lambda attempts, attempt, now: attempts.returned(attempt.id, now=now),
    "keep_grant": lambda attempts, attempt, now: attempts.keep_grant(attempt.id, b"grant", now=now, expires_at=EXPIRY),
    "finish": lambda attempts, attempt, now: attempts.finish(attempt.id, now=now),
}
ONCE = ["open", "returned", "finish"]


@pytest_asyncio.fixture(loop_scope="session")
async def attempt(shared_database):
    return await an_attempt(shared_database, await a_workspace(shared_database), expires_at=EXPIRY)


async def step(database, attempt, name, *, now=NOW):
    async with database.workspace(attempt.workspace_id) as store:
        return await STEPS[name](store.attempts, attempt, now)


async def row(database, attempt):
    async with database.reading(attempt.workspace_id) as store:
        return await store.attempts.get(attempt.id)


@pytest.mark.parametrize("name", ONCE)
async def test_a_step_is_taken_once_however_many_try(shared_database, attempt, name):
    taken = await asyncio.gather(*(step(shared_database, attempt, name) for _ in range(6)))
    assert sorted(taken) == [False] * 5 + [True]


@pytest.mark.parametrize("name", STEPS)
async def test_a_step_is_possible_until_the_attempt_expires(shared_database, attempt, name):
    assert await step(shared_database, attempt, name, now=EXPIRY - timedelta(seconds=1))


@pytest.mark.parametrize("name", STEPS)
async def test_no_step_is_possible_once_the_attempt_has_expired(shared_database, attempt, name):
    assert not await step(shared_database, attempt, name, now=EXPIRY)


async def test_the_second_browser_does_not_replace_the_first(shared_database, attempt):
    await step(shared_database, attempt, "open")
    async with shared_database.workspace(attempt.workspace_id) as store:
        await store.attempts.open(
            attempt.id, state_hash="other state", browser_hash="other", verifier_sealed=b"other", now=NOW
        )
    opened = await row(shared_database, attempt)
    assert (opened.state_hash, opened.browser_hash) == (f"state {attempt.id}", "browser")
    assert (opened.verifier_sealed, opened.opened_at) == (b"verifier", NOW)


async def test_a_grant_is_kept_while_a_person_chooses_who_gets_more_time(shared_database, attempt):
    later = EXPIRY + timedelta(minutes=15)
    async with shared_database.workspace(attempt.workspace_id) as store:
        assert await store.attempts.keep_grant(attempt.id, b"grant", now=NOW, expires_at=later)
    assert (await row(shared_database, attempt)).grant_sealed == b"grant"
    assert await step(shared_database, attempt, "finish", now=EXPIRY)


async def test_a_finished_attempt_forgets_its_secrets(shared_database, attempt):
    await step(shared_database, attempt, "open")
    await step(shared_database, attempt, "keep_grant")
    await step(shared_database, attempt, "finish")
    finished = await row(shared_database, attempt)
    assert (finished.grant_sealed, finished.verifier_sealed, finished.finished_at) == (None, None, NOW)


async def test_no_grant_is_kept_for_a_finished_attempt(shared_database, attempt):
    await step(shared_database, attempt, "finish")
    assert not await step(shared_database, attempt, "keep_grant")
    assert (await row(shared_database, attempt)).grant_sealed is None


async def test_an_attempt_is_found_by_its_link_and_by_its_state(shared_database, attempt):
    await step(shared_database, attempt, "open")
    async with shared_database.unscoped() as unscoped:
        by_link = await unscoped.attempt_by_link(attempt.link_hash)
        by_state = await unscoped.attempt_by_state(f"state {attempt.id}")
    assert by_link == by_state == (attempt.workspace_id, attempt.id)


async def test_an_unknown_link_or_state_finds_nothing(shared_database, attempt):
    async with shared_database.unscoped() as unscoped:
        assert await unscoped.attempt_by_link("unknown") is None
        assert await unscoped.attempt_by_state("unknown") is None


async def test_expired_attempts_are_forgotten_and_others_kept(shared_database):
    workspace_id = await a_workspace(shared_database)
    long_ago = NOW - timedelta(days=400)
    expired = await an_attempt(shared_database, workspace_id, expires_at=long_ago)
    kept = await an_attempt(shared_database, workspace_id, expires_at=long_ago + timedelta(seconds=1))
    async with shared_database.unscoped() as unscoped:
        assert await unscoped.forget_expired_attempts(now=long_ago) == 1
    assert await row(shared_database, expired) is None
    assert await row(shared_database, kept) is not None


async def test_secrets_do_not_show_in_what_is_printed_of_an_attempt(shared_database, attempt):
    await step(shared_database, attempt, "open")
    await step(shared_database, attempt, "keep_grant")
    shown = repr(await row(shared_database, attempt))
    assert "b'verifier'" not in shown
    assert "b'grant'" not in shown
