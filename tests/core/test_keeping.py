"""Nothing dies silently: permissions that rest, refreshes a crash broke off, organisations lost without a sync."""

from datetime import timedelta
from uuid import UUID

import pytest

from core.endings import KEY, RUNGS, WEBHOOKS, rung
from core.keeping import Keeping
from core.notices import Expiring, Trouble
from core.tokens import Tokens
from sandbox.xero import Organisation, Switches
from storage.models import ConnectionState
from tests.core.house import NOON, House, PowerCut, open_house

TOKEN, CONNECTIONS = "POST /connect/token", "GET /connections"


@pytest.mark.parametrize(
    ("left", "reached"),
    [
        (timedelta(days=15), None),
        (timedelta(days=14), 14),
        (timedelta(days=8), 14),
        (timedelta(days=7), 7),
        (timedelta(days=1), 1),
        (timedelta(minutes=1), 1),
        (timedelta(0), None),
    ],
)
def test_an_end_is_told_two_weeks_one_week_and_one_day_before(left, reached):
    assert rung(NOON + left, now=NOON) == reached


async def days_pass(house: House, days: int, *, syncs: bool = False) -> None:
    keeping = Keeping(house.syncing)
    for _day in range(days):
        house.pass_time(days=1, minutes=1)
        await keeping.look()
        if syncs:
            await house.due.tick()
            await house.engine.drain()


@pytest.mark.slow
async def test_a_permission_that_rests_for_half_a_year_is_alive(house: House, acme: Organisation) -> None:
    """No sync runs at all; 60 days without use would end it."""
    workspace = await house.synced(acme)
    await days_pass(house, 180)
    connection = await house.connection(workspace)
    assert connection.state == ConnectionState.ACTIVE
    assert house.now - connection.refreshed_at <= timedelta(days=7)
    assert (await house.sync(workspace)).error is None


async def test_a_disconnect_in_xero_is_noticed_within_a_day_although_no_sync_runs(
    house: House, acme: Organisation
) -> None:
    workspace = await house.synced(acme)
    house.xero.revoke(acme)
    house.line.calls.clear()
    await days_pass(house, 1)
    assert (await house.connection(workspace)).state == ConnectionState.RECONNECT_NEEDED
    [told] = [notice for notice in await house.told(workspace) if isinstance(notice, Trouble)]
    assert told.error == "DisconnectedInXero"
    assert not [path for path in house.line.paths() if "api.xro" in path], "a look costs none of the day's calls"
    await days_pass(house, 3)
    [again] = [notice for notice in await house.told(workspace) if isinstance(notice, Trouble)]
    assert again.failures == told.failures, "what is known is not told again"


async def test_a_dead_permission_is_noticed_by_a_look_too(cottage: House) -> None:
    acme = cottage.xero.add_organisation("Acme")
    workspace = await cottage.synced(acme)
    cottage.xero.kill_refresh_tokens()
    await days_pass(cottage, 1)
    assert (await cottage.connection(workspace)).state == ConnectionState.RECONNECT_NEEDED


@pytest.mark.parametrize("kind", ["token-500", "500", "reset"])
async def test_a_look_that_xero_does_not_answer_proves_nothing(cottage: House, kind: str) -> None:
    acme = cottage.xero.add_organisation("Acme")
    workspace = await cottage.synced(acme)
    cottage.xero.break_next(kind, times=None, path=None if kind.startswith("token") else "/connections")
    await days_pass(cottage, 1)
    connection = await cottage.connection(workspace)
    assert connection.state == ConnectionState.ACTIVE
    assert connection.look_at == cottage.now + timedelta(hours=1)


@pytest.mark.slow
async def test_who_connected_hears_of_an_end_three_times_and_the_channel_does_not(cottage: House) -> None:
    """Xero's log-in is out of order for two months: nothing renews the permission."""
    acme = cottage.xero.add_organisation("Acme")
    workspace = await cottage.synced(acme)
    cottage.xero.break_next("token-500", times=None)
    await days_pass(cottage, 70)
    told = [m for m in await cottage.messages(workspace) if m.card.startswith("ending:")]
    assert [int(m.card.rsplit(":", 1)[1]) for m in told] == sorted(RUNGS, reverse=True)
    assert {m.to_user for m in told} == {"U1"}
    assert all(isinstance(n, Expiring) for n in await cottage.told(workspace) if "Expiring" in type(n).__name__)


async def broken_off(house: House, tokens: Tokens) -> None:
    """The process dies after Xero has answered and before the new pair is saved."""
    house.line.cut_power(at=1, answered=True)
    with pytest.raises(PowerCut):
        await tokens.renew()


async def test_a_refresh_that_a_crash_broke_off_is_taken_up_within_the_grace(house: House, acme: Organisation) -> None:
    """Without it the connection would be lost: the next sync may come when Xero takes the old token no more."""
    workspace = await house.connect(acme)
    await broken_off(house, house.tokens(await house.connection(workspace)))
    house.pass_time(minutes=1)
    await Keeping(house.syncing).mend()
    house.pass_time(hours=2)
    await house.tokens(await house.connection(workspace)).renew()
    assert (await house.connection(workspace)).state == ConnectionState.ACTIVE


async def test_after_the_grace_a_broken_off_refresh_is_lost_and_that_is_why_it_is_taken_up(cottage: House) -> None:
    workspace = await cottage.synced(cottage.xero.add_organisation("Acme"))
    await broken_off(cottage, cottage.tokens(await cottage.connection(workspace)))
    cottage.pass_time(hours=2)
    assert (await cottage.sync(workspace)).error == "PermissionEnded"


async def test_a_late_request_that_replaced_the_saved_pair_costs_nothing(migrated_sqlite_url: str) -> None:
    """A request that was on its way for long reaches Xero after ours, which then takes back the pair we saved."""
    async with open_house(migrated_sqlite_url, switches=Switches(first_pair_survives=False)) as house:
        workspace = await house.synced(house.xero.add_organisation("Acme"))
        connection = await house.connection(workspace)
        late = house.vault.open(connection.refresh_token_sealed, place=f"connection:{connection.id}:refresh_token")
        await house.tokens(connection).renew()
        await house.login.refresh(late, now=house.now)
        house.pass_time(minutes=26)
        await house.tokens(connection).renew()
        assert (await house.sync(workspace)).error is None


async def test_a_sync_that_fails_after_somebody_has_connected_again_says_nothing(
    house: House, acme: Organisation
) -> None:
    """It was under way when the organisation was lost, and ends when it is ours again."""
    workspace = await house.synced(acme)
    house.xero.revoke(acme)

    async def meanwhile(request: object) -> None:
        house.line.after = None
        house.pass_time(seconds=5)
        await house.connect(acme, workspace_id=workspace)

    house.line.after = meanwhile
    await house.sync(workspace)
    assert (await house.connection(workspace)).state == ConnectionState.ACTIVE
    assert not [notice for notice in await house.told(workspace) if isinstance(notice, Trouble)]


@pytest.mark.slow
async def test_who_connected_hears_when_xero_sends_no_webhooks_any_more(cottage: House) -> None:
    acme = cottage.xero.add_organisation("Acme")
    workspace = await cottage.synced(acme)
    async with cottage.database.unscoped() as unscoped:
        await unscoped.webhook_feed(new_at=cottage.now)
    deaf, hearing = Keeping(cottage.syncing), Keeping(cottage.syncing, webhooks=True)
    for _ in range(35):
        cottage.pass_time(days=1)
        await deaf.look()
    assert not await warnings(cottage, workspace)
    async with cottage.database.unscoped() as unscoped:
        feed = await unscoped.webhook_feed()
        assert feed is not None
        feed.heard_at = cottage.now
    for _ in range(35):
        cottage.pass_time(days=1)
        await hearing.look()
    assert await warnings(cottage, workspace) == [(WEBHOOKS, "U1")] * len(RUNGS)


@pytest.mark.slow
async def test_who_connected_hears_when_the_sealing_key_is_a_year_old(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    keeping = Keeping(house.syncing)
    await keeping.look()
    house.pass_time(days=1)
    await keeping.look()
    for _ in range(60):
        house.pass_time(days=6.1)
        await keeping.look()
    house.pass_time(days=1)
    assert {what for what, _to in await warnings(house, workspace)} == {KEY}


async def warnings(house: House, workspace: UUID) -> list[tuple[str, str | None]]:
    return [(m.card.split(":")[2], m.to_user) for m in await house.messages(workspace) if m.card.startswith("ending:")]
