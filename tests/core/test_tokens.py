"""A usable access token, refreshed by one at a time; the permission itself is never lost. On both databases."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from core import errors, tokens
from core.sealed_places import of_connection
from core.tokens import Tokens, fresh_enough
from core.vault import CannotOpen
from sandbox.xero import Organisation
from storage.models import Connection
from tests.core.house import NOON, House, PowerCut

REFRESH = "POST /connect/token"


async def connected(house: House, acme: Organisation) -> Tokens:
    workspace = await house.connect(acme)
    house.line.calls.clear()
    return house.tokens(await house.connection(workspace))


async def row(house: House, it: Tokens) -> Connection:
    return await house.connection(it._workspace_id)


def refreshes(house: House) -> int:
    return house.line.paths().count(REFRESH)


def test_fresh_enough_means_good_for_five_more_minutes() -> None:
    assert fresh_enough(NOON + timedelta(minutes=5, seconds=1), now=NOON)
    assert not fresh_enough(NOON + timedelta(minutes=5), now=NOON)


async def test_a_token_is_used_until_it_is_nearly_over(house: House, acme: Organisation) -> None:
    it = await connected(house, acme)
    first = await it.access_token()
    house.pass_time(minutes=24)
    assert await it.access_token() == first
    assert refreshes(house) == 0
    house.pass_time(minutes=1)
    second = await it.access_token()
    assert second != first
    assert refreshes(house) == 1
    assert house.xero.identity.access_tokens[second].expires_at > house.now + timedelta(minutes=5)


async def test_a_token_that_xero_refused_is_not_given_again(house: House, acme: Organisation) -> None:
    it = await connected(house, acme)
    first = await it.access_token()
    second = await it.access_token(refused=first)
    assert second != first
    assert await it.access_token(refused=first) == second
    assert refreshes(house) == 1


async def test_a_new_pair_is_saved_before_it_is_used(house: House, acme: Organisation) -> None:
    it = await connected(house, acme)
    house.pass_time(minutes=26)
    access = await it.access_token()
    saved = await row(house, it)
    assert saved.access_token_sealed is not None
    assert saved.refresh_token_sealed is not None
    assert house.vault.open(saved.access_token_sealed, place=of_connection(saved.id, "access_token")) == access
    refresh = house.vault.open(saved.refresh_token_sealed, place=of_connection(saved.id, "refresh_token"))
    assert house.xero.identity.refresh_tokens[refresh].first_used_at is None, "the newest one, never used"
    assert (saved.token_version, saved.refresh_lease_until) == (2, None)


async def test_many_who_need_a_token_at_once_make_one_refresh(house: House, acme: Organisation) -> None:
    it = await connected(house, acme)
    connection = await row(house, it)
    house.pass_time(minutes=26)
    found = await asyncio.gather(*(house.tokens(connection).access_token() for _ in range(12)))
    assert len(set(found)) == 1
    assert refreshes(house) == 1
    assert (await row(house, it)).token_version == 2


async def test_months_of_refreshing_keep_the_permission(house: House, acme: Organisation) -> None:
    it = await connected(house, acme)
    for _ in range(10):
        house.pass_time(days=50)
        await it.access_token()
    assert (await row(house, it)).token_version == 11


async def test_a_crash_between_xeros_answer_and_our_saving_costs_nothing(house: House, acme: Organisation) -> None:
    """The old refresh token works for half an hour after its first use; the lease of the dead one runs out."""
    it = await connected(house, acme)
    house.pass_time(minutes=26)
    house.line.cut_power(at=1, answered=True)
    with pytest.raises(PowerCut):
        await it.access_token()
    assert (await row(house, it)).refresh_lease_until is not None
    house.pass_time(seconds=46)
    assert await it.access_token() in house.xero.identity.access_tokens
    assert (await row(house, it)).token_version == 2


async def test_while_somebody_holds_the_lease_nobody_else_asks(house: House, acme: Organisation) -> None:
    it = await connected(house, acme)
    connection = await row(house, it)
    house.pass_time(minutes=26)
    holding, go_on = asyncio.Event(), asyncio.Event()

    async def hold(_request: httpx.Request) -> None:
        holding.set()
        await go_on.wait()

    house.line.before = hold
    first = asyncio.create_task(it.access_token())
    await asyncio.wait_for(holding.wait(), 10)
    second = asyncio.create_task(house.tokens(connection).access_token())
    await asyncio.sleep(0.5)
    assert refreshes(house) == 1
    go_on.set()
    assert await first == await second
    assert refreshes(house) == 1


async def test_asking_ends_before_the_lease_does() -> None:
    """Else a second one would begin while the first still waits for its answer."""
    assert tokens.LONGEST_ASK_SECONDS < tokens.LEASE.total_seconds() < tokens.LONGEST_WAIT_SECONDS


async def test_a_refusal_is_not_believed_when_somebody_else_has_refreshed_meanwhile(
    house: House, acme: Organisation
) -> None:
    it = await connected(house, acme)
    connection = await row(house, it)
    house.pass_time(minutes=26)
    others: list[str] = []

    async def overtake(_request: httpx.Request) -> None:
        """Our lease has run out while our request was on its way; another process refreshes; then ours is refused."""
        house.line.before = None
        house.pass_time(seconds=46)
        others.append(await house.tokens(connection).access_token())
        house.xero.break_next("token-invalid_grant")

    house.line.before = overtake
    assert [await it.access_token()] == others
    assert (await row(house, it)).token_version == 2


async def test_a_refusal_is_believed_when_nothing_has_changed(house: House, acme: Organisation) -> None:
    it = await connected(house, acme)
    house.xero.kill_refresh_tokens()
    house.pass_time(minutes=26)
    with pytest.raises(errors.PermissionEnded):
        await it.access_token()
    assert refreshes(house) == 1
    assert (await row(house, it)).refresh_lease_until is None, "whoever comes next need not wait"


@pytest.mark.parametrize("kind", ["token-500", "reset", "html", "429-minute"])
async def test_while_xero_is_down_the_tokens_stay_as_they_are(house: House, acme: Organisation, kind: str) -> None:
    it = await connected(house, acme)
    before = await row(house, it)
    house.pass_time(minutes=26)
    house.xero.break_next(kind, path="/connect/token", times=None)
    with pytest.raises(errors.Passing):
        await it.access_token()
    after = await row(house, it)
    assert (after.refresh_token_sealed, after.token_version) == (before.refresh_token_sealed, before.token_version)
    house.xero.heal()
    assert await it.access_token() in house.xero.identity.access_tokens


async def test_a_wrong_client_secret_leaves_the_tokens_as_they_are(house: House, acme: Organisation) -> None:
    it = await connected(house, acme)
    before = await row(house, it)
    house.pass_time(minutes=26)
    house.xero.identity.client_id = "another app"
    with pytest.raises(errors.Misconfigured):
        await it.access_token()
    assert (await row(house, it)).refresh_token_sealed == before.refresh_token_sealed


async def test_tokens_of_one_connection_do_not_open_in_another(house: House, acme: Organisation) -> None:
    mine = await connected(house, acme)
    others = await connected(house, house.xero.add_organisation("Other"))
    stolen = await row(house, mine)
    async with house.database.workspace(others._workspace_id) as store:
        thief = await store.connections.latest()
        assert thief is not None
        thief.access_token_sealed, thief.refresh_token_sealed = stolen.access_token_sealed, stolen.refresh_token_sealed
    with pytest.raises(CannotOpen):
        await others.access_token()


async def test_after_a_disconnect_there_is_no_token_any_more(house: House, acme: Organisation) -> None:
    it = await connected(house, acme)
    await house.connecting.disconnect(it._workspace_id, by="U1", now=house.now)
    with pytest.raises(errors.Superseded):
        await it.access_token()
    assert refreshes(house) == 0


async def test_a_refresh_under_way_while_somebody_disconnects_is_not_used(house: House, acme: Organisation) -> None:
    it = await connected(house, acme)
    house.pass_time(minutes=26)

    async def disconnect(_request: httpx.Request) -> None:
        house.line.after = None
        await house.connecting.disconnect(it._workspace_id, by="U1", now=house.now)

    house.line.after = disconnect
    with pytest.raises(errors.Superseded):
        await it.access_token()
