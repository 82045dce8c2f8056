"""Sharing out the day's calls: pure decisions, and what they do to a connection."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.budget import A_DAY, Budget, budget, can_afford, stretched
from core.notices import QuotaLow, Trouble
from core.xero.pacing import A_MINUTE, AT_ONCE, CALLS_A_MINUTE, Pace
from sandbox.xero import Organisation
from storage.models import RunState
from tests.core.house import House, owing

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def test_a_full_budget_leaves_the_rhythm_as_it_is() -> None:
    assert stretched(QUARTER, Budget(1000, 1000), cost=2) == QUARTER
    assert stretched(QUARTER, Budget(1000, 300), cost=2) == QUARTER


def test_a_short_budget_stretches_the_rhythm() -> None:
    assert stretched(QUARTER, Budget(1000, 148), cost=2) == timedelta(hours=1)
    assert stretched(QUARTER, Budget(1000, 100), cost=2) == A_DAY


def test_what_has_to_last_an_hour_only_stretches_less() -> None:
    assert stretched(QUARTER, Budget(1000, 108, timedelta(hours=1)), cost=2) == QUARTER
    assert stretched(QUARTER, Budget(1000, 102, timedelta(hours=1)), cost=2) == timedelta(hours=1)


@given(left=st.integers(0, 1000), cost=st.floats(1, 50), hours=st.floats(0.1, 24))
def test_automatic_syncs_never_touch_the_reserve(left: int, cost: float, hours: float) -> None:
    now, end = timedelta(0), timedelta(hours=hours)
    remaining = float(left)
    for _ in range(2000):
        it = Budget(1000, int(remaining), end - now)
        now += stretched(timedelta(minutes=1), it, cost=cost)
        if now >= end:
            break
        remaining -= cost
    assert remaining >= min(left, 100) - 1


def test_what_was_told_before_the_day_began_anew_holds_no_longer() -> None:
    seen = NOW - timedelta(hours=30)
    stale = budget(1000, 5, NOW - timedelta(hours=7), resets_by=seen, now=NOW)
    fresh = budget(1000, 5, NOW - timedelta(hours=1), resets_by=seen, now=NOW)
    assert stale.left is None
    assert (fresh.left, fresh.lasts) == (5, timedelta(hours=18))
    assert budget(1000, 5, NOW - timedelta(days=2), resets_by=None, now=NOW).left is None


def test_where_the_day_was_never_seen_to_begin_anew_the_last_word_holds_for_a_day() -> None:
    assert budget(1000, 5, NOW - timedelta(hours=23), resets_by=None, now=NOW) == Budget(1000, 5, A_DAY)


def test_what_can_wait_waits_where_little_is_left() -> None:
    assert can_afford(Budget(1000, 900), cost=10, every=QUARTER, automatic=2)
    assert not can_afford(Budget(1000, 290), cost=10, every=QUARTER, automatic=2)


def spend(house: House, organisation: Organisation, calls: int) -> None:
    """Another program of the same app uses the same calls."""
    house.xero.limits.enforce = False
    for _ in range(calls):
        house.xero.limits.spend(organisation.tenant_id)


async def test_xeros_own_count_is_kept(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    spend(house, acme, 500)
    await house.sync(workspace)
    connection = await house.connection(workspace)
    assert connection.day_left == 1000 - 500 - sum(run.calls for run in await house.runs(workspace))
    assert connection.metered_at == house.now


async def test_a_short_budget_is_told_once_a_day_and_stretches_the_rhythm(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    spend(house, acme, 860)
    for _ in range(3):
        await house.sync(workspace)
    low = [notice for notice in await house.told(workspace) if isinstance(notice, QuotaLow)]
    connection = await house.connection(workspace)
    assert len(low) == 1
    assert connection.stretched_to is not None
    assert connection.next_sync_at == house.now + timedelta(seconds=connection.stretched_to)
    assert timedelta(seconds=connection.stretched_to) > timedelta(minutes=40)


async def used_up(house: House, acme: Organisation) -> UUID:
    workspace = await house.synced(acme)
    spend(house, acme, 1000)
    house.xero.limits.enforce = True
    house.pass_time(minutes=16)
    await house.due.tick()
    await house.engine.drain()
    return workspace


async def test_a_day_used_up_is_one_card_told_at_once_and_no_row_of_failures(house: House, acme: Organisation) -> None:
    workspace = await used_up(house, acme)
    opens_at = (await house.connection(workspace)).quota_opens_at
    assert opens_at is not None
    for _ in range(8):
        house.pass_time(minutes=30)
        if house.now < opens_at:
            await house.due.tick()
            await house.due.nightly()
            await house.engine.drain()
    [card] = [each for each in await house.told(workspace) if isinstance(each, Trouble)]
    assert (card.cause, card.failures, card.next_sync_at) == ("quota_used_up", 1, opens_at)
    assert len([run for run in await house.runs(workspace) if run.state == RunState.FAILED]) == 1


async def test_syncs_go_on_by_themselves_when_xero_opens(house: House, acme: Organisation) -> None:
    workspace = await used_up(house, acme)
    owing(acme)
    connection = await house.connection(workspace)
    assert connection.next_sync_at is not None
    assert connection.next_sync_at == connection.quota_opens_at
    house.clock.forward(connection.next_sync_at - house.now)
    await house.due.tick()
    await house.engine.drain()
    assert (await house.run(workspace)).added == 1


async def test_no_call_is_made_before_xero_opens(house: House, acme: Organisation) -> None:
    workspace = await used_up(house, acme)
    house.line.calls.clear()
    run = await house.sync(workspace)
    assert (run.state, run.error) == (RunState.FAILED, "DailyLimitReached")
    assert house.line.calls == []


async def test_no_sixty_seconds_see_more_than_sixty_calls() -> None:
    pace, now, begun = Pace(), NOW, []
    for _ in range(400):
        while not pace.may_begin(now):
            now += timedelta(seconds=1)
        pace.begin(now)
        begun.append(now)
        now += timedelta(milliseconds=130)
    assert all(len([each for each in begun if start <= each < start + A_MINUTE]) <= CALLS_A_MINUTE for start in begun)


def test_what_others_have_used_of_the_minute_counts_too() -> None:
    pace = Pace()
    pace.begin(NOW)
    pace.hear({"x-minlimit-remaining": "1"}, NOW)
    assert pace.may_begin(NOW)
    pace.begin(NOW)
    assert not pace.may_begin(NOW)
    assert pace.may_begin(NOW + A_MINUTE)


async def test_five_are_under_way_at_most() -> None:
    pace, under_way, most = Pace(), 0, 0

    async def call() -> None:
        nonlocal under_way, most
        async with pace.turn():
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.001)
            under_way -= 1

    clock.follow(clock.system_time)
    await asyncio.gather(*(call() for _ in range(30)))
    assert most == AT_ONCE
