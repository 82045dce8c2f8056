"""Which requests have come in: each is new once, however many come at once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from storage.database import Database

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=1)


async def claim(database: Database, *requests: list[str], now: datetime = NOW) -> list[bool]:
    async with database.unscoped() as unscoped:
        return await unscoped.seen.claim_each(requests, now=now, until=now + timedelta(minutes=1))


async def test_a_request_is_new_once(shared_database: Database) -> None:
    assert await claim(shared_database, ["once:1", "once:2"], ["once:3"]) == [True, True]
    assert await claim(shared_database, ["once:4", "once:2"], ["once:5"]) == [False, True]


async def test_of_two_that_come_together_with_one_key_the_first_is_new(shared_database: Database) -> None:
    assert await claim(shared_database, ["both:1"], ["both:1", "both:2"], ["both:3"]) == [True, False, True]


async def test_a_request_is_new_again_when_its_time_is_over_or_it_was_released(shared_database: Database) -> None:
    await claim(shared_database, ["over:1"], ["over:2"])
    async with shared_database.unscoped() as unscoped:
        await unscoped.seen.release(["over:2"])
    assert await claim(shared_database, ["over:1"], ["over:2"]) == [False, True]
    assert await claim(shared_database, ["over:1"], now=UNTIL) == [True]


async def test_what_is_kept_stays_seen(shared_database: Database) -> None:
    await claim(shared_database, ["kept:1"], ["kept:2"])
    async with shared_database.unscoped() as unscoped:
        await unscoped.seen.keep(["kept:1", "kept:2"], until=NOW + timedelta(hours=1))
    assert await claim(shared_database, ["kept:1"], ["kept:2"], now=UNTIL) == [False, False]


async def test_the_same_requests_at_the_same_moment_are_each_new_to_one(shared_database: Database) -> None:
    """In transactions of their own, and in another order each time."""
    requests = [[f"race:{number}", f"race:also {number}"] for number in range(8)]
    found = await asyncio.gather(*(claim(shared_database, *requests[turn:], *requests[:turn]) for turn in range(8)))
    new = [
        request[0]
        for turn, each in enumerate(found)
        for request, is_new in zip(requests[turn:] + requests[:turn], each, strict=True)
        if is_new
    ]
    assert sorted(new) == [f"race:{number}" for number in range(8)]
