"""Notices wait as rows until Slack has them: at least once, and the last truth is told."""

import asyncio
from datetime import timedelta

import pytest
import pytest_asyncio

from sandbox.ahead import is_busy
from tests.builders import NOW, a_workspace

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEASE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest_asyncio.fixture(loop_scope="session")
async def workspace_id(empty_database):
    return await a_workspace(empty_database)


async def tell(database, workspace_id, notice="{}", *, card="card", now=NOW, **values):
    async with database.workspace(workspace_id) as store:
        await store.outbox.tell(card, notice, now=now, **values)
        return await store.outbox.get(card)


async def card(database, workspace_id, name="card"):
    async with database.reading(workspace_id) as store:
        return await store.outbox.get(name)


async def claim(database, message, *, now=NOW):
    async with database.workspace(message.workspace_id) as store:
        return await store.outbox.claim(message.id, now=now, until=now + LEASE)


async def told(database, message, *, next_at=NOW):
    async with database.workspace(message.workspace_id) as store:
        await store.outbox.told(
            message.id, version=message.version, channel_id="C1", message_ts="1.1", now=NOW, next_at=next_at
        )


async def waiting(database, *, now=NOW, limit=100):
    async with database.unscoped() as unscoped:
        return [owned.id for owned in await unscoped.due.messages(now=now, limit=limit)]


async def test_a_notice_waits_from_the_moment_it_is_told(empty_database, workspace_id):
    message = await tell(empty_database, workspace_id, to_user="U1")
    assert await waiting(empty_database) == [message.id]
    assert (message.version, message.told_version, message.message_ts, message.to_user) == (1, 0, None, "U1")


async def test_a_notice_of_a_transaction_that_failed_was_never_told(empty_database, workspace_id):
    async def fails() -> None:
        async with empty_database.workspace(workspace_id) as store:
            await store.outbox.tell("card", "{}", now=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    assert await card(empty_database, workspace_id) is None


async def test_telling_a_card_again_changes_its_one_message(empty_database, workspace_id):
    first = await tell(empty_database, workspace_id, "one", to_user="U1")
    again = await tell(empty_database, workspace_id, "two", now=NOW + LEASE)
    assert (again.id, again.notice, again.version, again.to_user) == (first.id, "two", 2, "U1")
    assert again.created_at == NOW


async def test_a_card_told_by_several_at_once_is_one_message_and_nobody_fails(empty_database, workspace_id):
    await asyncio.gather(*(tell(empty_database, workspace_id, str(i)) for i in range(6)))
    assert (await card(empty_database, workspace_id)).version == 6


async def test_notices_are_told_in_the_order_in_which_they_came_up(empty_database, workspace_id):
    first = await tell(empty_database, workspace_id, card="b")
    second = await tell(empty_database, await a_workspace(empty_database), card="a")
    assert await waiting(empty_database) == [first.id, second.id]
    assert await waiting(empty_database, limit=1) == [first.id]


async def test_notices_of_one_transaction_keep_their_order_too(empty_database, workspace_id):
    cards = [f"card {letter}" for letter in "hcafgbde"]
    async with empty_database.workspace(workspace_id) as store:
        for name in cards:
            await store.outbox.tell(name, "{}", now=NOW)
    assert await waiting(empty_database) == [(await card(empty_database, workspace_id, name)).id for name in cards]


async def test_editing_a_card_does_not_send_it_to_the_end_of_the_queue(empty_database, workspace_id):
    first = await tell(empty_database, workspace_id, card="first", now=NOW)
    second = await tell(empty_database, workspace_id, card="second", now=NOW + SECOND)
    await tell(empty_database, workspace_id, card="first", now=NOW + LEASE)
    assert await waiting(empty_database, now=NOW + LEASE) == [first.id, second.id]


async def test_one_of_many_claimers_gets_the_message(empty_database, workspace_id):
    message = await tell(empty_database, workspace_id)
    claims = await asyncio.gather(*(claim(empty_database, message) for _ in range(8)))
    assert [found.id for found in claims if found] == [message.id]


async def test_a_claim_holds_for_its_lease_and_then_anyone_may_try(empty_database, workspace_id):
    message = await tell(empty_database, workspace_id)
    assert (await claim(empty_database, message)).attempts == 1
    assert await claim(empty_database, message, now=NOW + LEASE - SECOND) is None
    assert await waiting(empty_database, now=NOW + LEASE - SECOND) == []
    assert (await claim(empty_database, message, now=NOW + LEASE)).attempts == 2


async def test_a_claim_before_the_notice_is_due_is_in_vain(empty_database, workspace_id):
    message = await tell(empty_database, workspace_id)
    assert await claim(empty_database, message, now=NOW - SECOND) is None


async def test_what_was_told_waits_no_more(empty_database, workspace_id):
    message = await tell(empty_database, workspace_id)
    await told(empty_database, await claim(empty_database, message))
    assert await waiting(empty_database, now=NOW + LEASE) == []
    kept = await card(empty_database, workspace_id)
    assert (kept.channel_id, kept.message_ts, kept.told_at, kept.told_version) == ("C1", "1.1", NOW, 1)
    assert (kept.attempts, kept.last_error) == (0, None)


async def test_a_told_message_cannot_be_claimed(empty_database, workspace_id):
    message = await tell(empty_database, workspace_id)
    await told(empty_database, await claim(empty_database, message))
    assert await claim(empty_database, message, now=NOW + LEASE) is None


async def test_a_notice_that_changed_while_it_was_told_goes_again(empty_database, workspace_id):
    claimed = await claim(empty_database, await tell(empty_database, workspace_id, "old"))
    await tell(empty_database, workspace_id, "new")
    await told(empty_database, claimed, next_at=NOW + SECOND)
    assert await waiting(empty_database, now=NOW) == []
    again = await claim(empty_database, claimed, now=NOW + SECOND)
    assert (again.notice, again.version, again.message_ts) == ("new", 2, "1.1")


async def test_a_notice_that_changed_later_goes_again_but_lets_the_message_rest(empty_database, workspace_id):
    claimed = await claim(empty_database, await tell(empty_database, workspace_id))
    await told(empty_database, claimed, next_at=NOW + LEASE)
    await tell(empty_database, workspace_id, "new", now=NOW + SECOND)
    assert await waiting(empty_database, now=NOW + LEASE - SECOND) == []
    assert await waiting(empty_database, now=NOW + LEASE) == [claimed.id]


async def test_a_postponed_notice_waits_for_its_time_and_remembers_why(empty_database, workspace_id):
    claimed = await claim(empty_database, await tell(empty_database, workspace_id))
    async with empty_database.workspace(workspace_id) as store:
        await store.outbox.postpone(claimed.id, error="ratelimited", until=NOW + 3 * LEASE)
    assert await waiting(empty_database, now=NOW + 3 * LEASE - SECOND) == []
    again = await claim(empty_database, claimed, now=NOW + 3 * LEASE)
    assert (again.attempts, again.last_error) == (2, "ratelimited")


async def test_a_message_that_is_gone_in_slack_is_posted_anew(empty_database, workspace_id):
    claimed = await claim(empty_database, await tell(empty_database, workspace_id))
    await told(empty_database, claimed)
    await tell(empty_database, workspace_id, "new")
    async with empty_database.workspace(workspace_id) as store:
        await store.outbox.post_anew(claimed.id, error="message_not_found", now=NOW)
    again = await claim(empty_database, claimed)
    assert (again.message_ts, again.channel_id, again.notice) == (None, None, "new")


async def test_a_dropped_notice_is_not_tried_again(empty_database, workspace_id):
    claimed = await claim(empty_database, await tell(empty_database, workspace_id))
    async with empty_database.workspace(workspace_id) as store:
        await store.outbox.drop(claimed.id, error="invalid_blocks", version=claimed.version)
    assert await waiting(empty_database, now=NOW + 9 * LEASE) == []
    assert (await card(empty_database, workspace_id)).last_error == "invalid_blocks"


async def test_the_next_notice_of_a_dropped_card_gets_its_try(empty_database, workspace_id):
    claimed = await claim(empty_database, await tell(empty_database, workspace_id))
    async with empty_database.workspace(workspace_id) as store:
        await store.outbox.drop(claimed.id, error="invalid_blocks", version=claimed.version)
    await tell(empty_database, workspace_id, "better")
    assert await waiting(empty_database, now=NOW + LEASE) == [claimed.id]


async def test_a_notice_that_changed_before_the_old_one_was_dropped_still_gets_its_try(empty_database, workspace_id):
    claimed = await claim(empty_database, await tell(empty_database, workspace_id, "too long"))
    await tell(empty_database, workspace_id, "shorter")
    async with empty_database.workspace(workspace_id) as store:
        await store.outbox.drop(claimed.id, error="msg_too_long", version=claimed.version)
    assert (await claim(empty_database, claimed, now=NOW + LEASE)).notice == "shorter"


async def test_there_is_something_to_do_while_a_notice_waits(empty_database, workspace_id):
    message = await tell(empty_database, workspace_id)
    assert await is_busy(empty_database, NOW)
    await told(empty_database, await claim(empty_database, message))
    assert not await is_busy(empty_database, NOW)
