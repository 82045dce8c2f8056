"""From a link in Slack to a live connection, and every way in which that goes wrong. On both databases."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from core import errors
from core.connect import Arrival, Done
from core.errors import Superseded
from core.notices import Connected, ConnectFailed, Disconnected, Notice
from core.vault import hash_of
from sandbox.xero import Organisation, Switches
from storage.models import ConnectAttempt, Connection, ConnectionState, RunState, Trigger
from tests import builders
from tests.core.house import House, open_house, outstanding, owing


async def attempt(house: House, workspace: UUID) -> ConnectAttempt:
    async with house.looking(workspace) as store:
        return (await store.session.exec(select(ConnectAttempt))).one()


async def failure(house: House, workspace: UUID) -> str:
    [notice] = [each for each in await house.told(workspace) if isinstance(each, ConnectFailed)]
    [message] = [each for each in await house.messages(workspace) if each.card.startswith("connect-failed:")]
    assert message.to_user == "U1", "only the person who asked hears of it"
    return notice.error


async def nothing_is_connected(house: House, workspace: UUID) -> bool:
    async with house.looking(workspace) as store:
        return await store.connections.latest() is None


@pytest.fixture
async def workspace(house: House) -> UUID:
    return await builders.a_workspace(house.database)


# the way there


async def test_the_first_time_a_person_confirms_the_organisation(
    house: House, acme: Organisation, workspace: UUID
) -> None:
    url, browser = await house.link(workspace)
    came = await house.arrive(await house.consent(url, acme), browser)
    assert isinstance(came, Arrival)
    assert [tenant.tenant_name for tenant in came.tenants] == ["Acme"]
    assert await nothing_is_connected(house, workspace)
    done = await house.connecting.choose(state=came.state, browser=browser, tenant_id=acme.tenant_id, now=house.now)
    assert done.organisation == "Acme"
    connection = await house.connection(workspace)
    assert (connection.state, connection.connected_by) == (ConnectionState.ACTIVE, "U1")
    assert connection.xero_connection_id == house.xero.identity.connections[0].id
    run = await house.run(workspace)
    assert (run.trigger, run.state) == (Trigger.INITIAL, RunState.QUEUED)
    assert house.engine.waiting == [run.id]
    assert Connected("Acme", "U1", again=False) in await house.told(workspace)


async def test_neither_link_nor_state_nor_browser_nor_grant_can_be_read_from_the_database(
    house: House, acme: Organisation, workspace: UUID
) -> None:
    secret = await house.connecting.begin(workspace, by="U1", now=house.now)
    departure = await house.connecting.depart(secret, browser=None, now=house.now)
    query = await house.consent(departure.url, acme)
    await house.arrive(query, departure.browser_secret)
    kept = repr((await attempt(house, workspace)).model_dump())
    secrets = [secret, departure.browser_secret, query["state"], query["code"]]
    secrets += [*house.xero.identity.access_tokens, *house.xero.identity.refresh_tokens]
    assert not [each for each in secrets if each in kept]


async def test_a_finished_attempt_keeps_no_grant(house: House, acme: Organisation) -> None:
    workspace = await house.connect(acme)
    left = await attempt(house, workspace)
    assert (left.grant_sealed, left.verifier_sealed) == (None, None)


async def test_a_link_opens_once(house: House, workspace: UUID) -> None:
    secret = await house.connecting.begin(workspace, by="U1", now=house.now)
    await house.connecting.depart(secret, browser=None, now=house.now)
    with pytest.raises(errors.AttemptInvalid):
        await house.connecting.depart(secret, browser=None, now=house.now)


async def test_a_link_lives_fifteen_minutes(house: House, workspace: UUID) -> None:
    secret = await house.connecting.begin(workspace, by="U1", now=house.now)
    with pytest.raises(errors.AttemptInvalid):
        await house.connecting.depart(secret, browser=None, now=house.pass_time(minutes=15))


@pytest.mark.parametrize("link", ["", "guessed", hash_of("guessed")])
async def test_an_unknown_link_leads_nowhere(house: House, link: str) -> None:
    with pytest.raises(errors.AttemptInvalid):
        await house.connecting.depart(link, browser=None, now=house.now)


async def test_what_the_database_keeps_of_a_link_does_not_open_it(house: House, workspace: UUID) -> None:
    await house.connecting.begin(workspace, by="U1", now=house.now)
    with pytest.raises(errors.AttemptInvalid):
        await house.connecting.depart((await attempt(house, workspace)).link_hash, browser=None, now=house.now)


async def test_one_browser_may_have_two_links_open(house: House, acme: Organisation, workspace: UUID) -> None:
    url, browser = await house.link(workspace)
    other = await builders.a_workspace(house.database)
    secret = await house.connecting.begin(other, by="U1", now=house.now)
    departure = await house.connecting.depart(secret, browser=browser, now=house.now)
    assert departure.browser_secret == browser
    assert isinstance(await house.arrive(await house.consent(url, acme), browser), Arrival)


# the way back


@pytest.mark.parametrize("cookie", ["", "of another browser"])
async def test_another_browser_cannot_finish_and_spoils_nothing(
    house: House, acme: Organisation, workspace: UUID, cookie: str
) -> None:
    url, browser = await house.link(workspace)
    query = await house.consent(url, acme)
    with pytest.raises(errors.AttemptInvalid):
        await house.arrive(query, cookie)
    assert "POST /connect/token" not in house.line.paths()
    assert isinstance(await house.arrive(query, browser), Arrival), "the right one still can"


async def test_a_return_works_once(house: House, acme: Organisation, workspace: UUID) -> None:
    url, browser = await house.link(workspace)
    query = await house.consent(url, acme)
    await house.arrive(query, browser)
    with pytest.raises(errors.AttemptInvalid):
        await house.arrive(query, browser)


@pytest.mark.parametrize("state", ["", "guessed"])
async def test_an_unknown_state_is_refused(house: House, state: str) -> None:
    with pytest.raises(errors.AttemptInvalid):
        await house.arrive({"state": state, "code": "code"}, "browser")


async def test_a_return_after_the_links_life_is_too_late(house: House, acme: Organisation, workspace: UUID) -> None:
    url, browser = await house.link(workspace)
    query = await house.consent(url, acme)
    house.pass_time(minutes=16)
    with pytest.raises(errors.AttemptInvalid):
        await house.arrive(query, browser)


async def test_cancel_in_xero_connects_nothing(house: House, acme: Organisation, workspace: UUID) -> None:
    url, browser = await house.link(workspace)
    query = await house.consent(url, acme, deny=True)
    with pytest.raises(errors.ConsentDenied):
        await house.arrive(query, browser)
    assert await failure(house, workspace) == "ConsentDenied"
    assert await nothing_is_connected(house, workspace)


async def test_a_code_that_xero_refuses_connects_nothing(house: House, acme: Organisation, workspace: UUID) -> None:
    url, browser = await house.link(workspace)
    query = await house.consent(url, acme)
    house.pass_time(minutes=6)
    with pytest.raises(errors.CodeRefused):
        await house.arrive(query, browser)
    assert await failure(house, workspace) == "CodeRefused"


async def test_a_permission_without_an_organisation_connects_nothing(
    house: House, acme: Organisation, workspace: UUID
) -> None:
    url, browser = await house.link(workspace)
    query = await house.consent(url, acme)
    house.xero.revoke(acme)
    with pytest.raises(errors.NoOrganisation):
        await house.arrive(query, browser)
    assert await failure(house, workspace) == "NoOrganisation"


@pytest.mark.parametrize(
    ("kind", "path", "error"),
    [
        ("token-500", None, errors.XeroUnavailable),
        ("html", "/connect/token", errors.XeroUnreadable),
        ("500", "/connections", errors.XeroUnavailable),
        ("html", "/connections", errors.XeroUnreadable),
    ],
)
async def test_when_xero_fails_in_the_middle_the_person_hears_of_it(
    house: House, acme: Organisation, workspace: UUID, kind: str, path: str | None, error: type[errors.XeroError]
) -> None:
    url, browser = await house.link(workspace)
    query = await house.consent(url, acme)
    house.xero.break_next(kind, path=path, times=None)
    with pytest.raises(error):
        await house.arrive(query, browser)
    assert await failure(house, workspace) == error.__name__
    assert await nothing_is_connected(house, workspace)


# the choice


@pytest.fixture
async def bulk(migrated_url: str) -> AsyncIterator[House]:
    """Where one consent may cover several organisations."""
    async with open_house(migrated_url, bulk_connect=True) as opened:
        yield opened


async def test_of_several_organisations_the_person_chooses_one(bulk: House) -> None:
    acme, beta = bulk.xero.add_organisation("Acme"), bulk.xero.add_organisation("Beta")
    bulk.xero.add_organisation("Not consented")
    workspace = await builders.a_workspace(bulk.database)
    url, browser = await bulk.link(workspace)
    came = await bulk.arrive(await bulk.consent(url, acme, beta), browser)
    assert isinstance(came, Arrival)
    assert {tenant.tenant_name for tenant in came.tenants} == {"Acme", "Beta"}
    await bulk.connecting.choose(state=came.state, browser=browser, tenant_id=beta.tenant_id, now=bulk.now)
    assert (await bulk.connection(workspace)).tenant_name == "Beta"


@pytest.fixture
async def arrived(house: House, acme: Organisation, workspace: UUID) -> tuple[Arrival, str]:
    url, browser = await house.link(workspace)
    came = await house.arrive(await house.consent(url, acme), browser)
    assert isinstance(came, Arrival)
    return came, browser


async def test_only_what_was_consented_can_be_chosen(
    house: House, arrived: tuple[Arrival, str], workspace: UUID
) -> None:
    other = house.xero.add_organisation("Other")
    with pytest.raises(errors.AttemptInvalid):
        await house.connecting.choose(
            state=arrived[0].state, browser=arrived[1], tenant_id=other.tenant_id, now=house.now
        )
    assert await nothing_is_connected(house, workspace)


async def test_another_browser_cannot_choose(house: House, acme: Organisation, arrived: tuple[Arrival, str]) -> None:
    with pytest.raises(errors.AttemptInvalid):
        await house.connecting.choose(
            state=arrived[0].state, browser="another", tenant_id=acme.tenant_id, now=house.now
        )


async def test_a_choice_waits_fifteen_minutes(house: House, acme: Organisation, arrived: tuple[Arrival, str]) -> None:
    with pytest.raises(errors.AttemptInvalid):
        await house.connecting.choose(
            state=arrived[0].state, browser=arrived[1], tenant_id=acme.tenant_id, now=house.pass_time(minutes=15)
        )


async def test_a_choice_counts_once(house: House, acme: Organisation, arrived: tuple[Arrival, str]) -> None:
    chosen = {"state": arrived[0].state, "browser": arrived[1], "tenant_id": acme.tenant_id}
    await house.connecting.choose(**chosen, now=house.now)
    with pytest.raises(errors.AttemptInvalid):
        await house.connecting.choose(**chosen, now=house.now)
    assert len(house.engine.waiting) == 1


async def test_an_organisation_another_workspace_holds_is_refused_without_a_word_about_whose_it_is(
    house: House, acme: Organisation, workspace: UUID
) -> None:
    owner = await house.connect(acme)
    before = (await house.connection(owner)).model_dump()
    url, browser = await house.link(workspace)
    came = await house.arrive(await house.consent(url, acme), browser)
    assert isinstance(came, Arrival)
    with pytest.raises(errors.OrganisationTaken) as refused:
        await house.connecting.choose(state=came.state, browser=browser, tenant_id=acme.tenant_id, now=house.now)
    assert str(refused.value) == ""
    assert await failure(house, workspace) == "OrganisationTaken"
    assert await nothing_is_connected(house, workspace)
    assert len(house.engine.waiting) == 1, "only the owner's first sync"
    assert (await house.connection(owner)).model_dump() == before
    assert not [path for path in house.line.paths() if path.startswith("DELETE")], "it is the owner's at Xero"
    assert house.xero.is_connected(acme)
    async with house.looking(workspace) as store:
        mine = await store.attempts.get((await attempts_of(house, workspace))[0].id)
    assert mine is not None
    assert mine.grant_sealed is None


async def attempts_of(house: House, workspace: UUID) -> list[ConnectAttempt]:
    async with house.looking(workspace) as store:
        found = await store.session.exec(select(ConnectAttempt).where(ConnectAttempt.workspace_id == workspace))
        return list(found.all())


# again


@pytest.mark.parametrize("renews", [True, False], ids=["the filter lists it", "the filter leaves it out"])
async def test_a_reconnect_needs_no_choice_and_keeps_cursor_and_history(migrated_url: str, renews: bool) -> None:
    async with open_house(migrated_url, switches=Switches(reconsent_renews_event=renews)) as house:
        acme = house.xero.add_organisation("Acme")
        invoice = owing(acme)
        workspace = await house.synced(acme)
        before = await house.connection(workspace)
        house.xero.kill_refresh_tokens()
        house.pass_time(hours=1)
        await house.sync(workspace)
        assert (await house.connection(workspace)).state == ConnectionState.RECONNECT_NEEDED
        acme.pay(invoice)
        owing(acme, "NEW")
        house.pass_time(minutes=1)
        url, browser = await house.link(workspace)
        done = await house.arrive(await house.consent(url, acme), browser)
        assert isinstance(done, Done)
        house.line.calls.clear()
        await house.engine.drain()
        after = await house.connection(workspace)
        assert (after.id, after.state) == (before.id, ConnectionState.ACTIVE)
        asked = [call.headers.get("If-Modified-Since") for call in house.line.calls if "Invoices" in call.url.path]
        assert asked
        assert all(asked), "it goes on where it had stopped"
        assert await house.mirror(workspace) == outstanding(acme)
        assert [run.state for run in await house.runs(workspace)] == ["succeeded", "failed", "succeeded"]
        assert Connected("Acme", "U1", again=True) in await house.told(workspace)


async def test_a_reconnect_to_another_organisation_is_refused_and_changes_nothing(
    house: House, acme: Organisation
) -> None:
    other = house.xero.add_organisation("Other")
    workspace = await house.synced(acme)
    before = (await house.connection(workspace)).model_dump()
    url, browser = await house.link(workspace)
    with pytest.raises(errors.OtherOrganisation) as refused:
        await house.arrive(await house.consent(url, other), browser)
    assert (refused.value.expected, refused.value.chosen) == ("Acme", "Other")
    assert (await house.connection(workspace)).model_dump() == before
    assert await failure(house, workspace) == "OtherOrganisation"


async def test_a_reconnect_while_the_organisation_is_elsewhere_by_now_is_refused(
    house: House, acme: Organisation
) -> None:
    workspace = await house.synced(acme)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    await house.connect(acme)
    url, browser = await house.link(workspace)
    with pytest.raises(errors.OrganisationTaken):
        await house.arrive(await house.consent(url, acme), browser)
    assert (await house.connection(workspace)).state == ConnectionState.DISCONNECTED


# the end


async def removals(house: House) -> list[str]:
    return [path.removeprefix("DELETE /connections/") for path in house.line.paths() if path.startswith("DELETE")]


async def wiped(house: House, workspace: UUID) -> bool:
    row = await house.connection(workspace)
    return (row.access_token_sealed, row.refresh_token_sealed, row.farewell_at) == (None, None, None)


async def test_a_disconnect_tells_xero_once_and_forgets_the_tokens(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    connection = await house.connection(workspace)
    assert await house.connecting.disconnect(workspace, by="U2", now=house.now) == "Acme"
    await house.farewell.tick()
    await house.farewell.tick()
    assert await removals(house) == [connection.xero_connection_id]
    assert not house.xero.is_connected(acme)
    assert await wiped(house, workspace)
    assert Disconnected("Acme", "U2") in await house.told(workspace)


async def test_after_a_disconnect_nothing_is_asked_of_xero_any_more(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    await house.farewell.tick()
    house.line.calls.clear()
    for _ in range(5):
        house.pass_time(hours=1)
        await house.due.tick()
        await house.farewell.tick()
        await house.engine.drain()
    assert house.line.calls == []
    with pytest.raises(errors.NotConnected):
        await house.syncing.request(workspace, by="U1", now=house.now)


async def test_what_is_disconnected_cannot_be_disconnected_again(
    house: House, acme: Organisation, workspace: UUID
) -> None:
    with pytest.raises(errors.NotConnected):
        await house.connecting.disconnect(workspace, by="U1", now=house.now)
    mine = await house.synced(acme, workspace_id=workspace)
    await house.connecting.disconnect(mine, by="U1", now=house.now)
    with pytest.raises(errors.NotConnected):
        await house.connecting.disconnect(mine, by="U1", now=house.now)


async def test_a_disconnect_closes_what_troubled_the_connection(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    house.xero.kill_refresh_tokens()
    house.pass_time(hours=1)
    await house.sync(workspace)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    async with house.looking(workspace) as store:
        assert await store.incidents.open((await house.connection(workspace)).id) == []


async def test_a_disconnect_stops_the_sync_that_waits_and_its_message_says_so(house: House, acme: Organisation) -> None:
    workspace = await house.connect(acme)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    run = await house.run(workspace)
    assert (run.state, run.error) == (RunState.FAILED, Superseded.__name__)
    told = {type(notice).__name__: notice for notice in await house.told(workspace)}
    assert state_of(told["SyncTold"]) == RunState.FAILED


def state_of(notice: Notice) -> str:
    return getattr(notice, "state", "")


async def test_while_xero_is_down_the_goodbye_is_said_again_and_again(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    house.xero.break_next("500", path="/connections", times=None)
    for _ in range(3):
        await house.farewell.tick()
        house.pass_time(minutes=3)
    assert len(await removals(house)) == 3
    assert not await wiped(house, workspace)
    house.xero.heal()
    await house.farewell.tick()
    assert not house.xero.is_connected(acme)
    assert await wiped(house, workspace)


async def test_a_goodbye_that_needs_a_refresh_keeps_the_new_pair(house: House, acme: Organisation) -> None:
    """Xero's API is down for hours, its log-in is not: the pair of the first try would be forgotten by then."""
    workspace = await house.synced(acme)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    house.xero.break_next("500", path="/connections", times=None)
    for _ in range(6):
        house.pass_time(hours=1)
        await house.farewell.tick()
    house.xero.heal()
    house.pass_time(hours=1)
    await house.farewell.tick()
    assert not house.xero.is_connected(acme)
    assert await wiped(house, workspace)


async def test_a_goodbye_whose_token_xero_takes_for_expired_is_said_with_another(
    house: House, acme: Organisation
) -> None:
    workspace = await house.synced(acme)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    house.xero.expire_access_tokens()
    await house.farewell.tick()
    assert not house.xero.is_connected(acme)
    assert await wiped(house, workspace)


async def test_after_a_day_the_goodbye_is_given_up(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    house.xero.break_next("500", path="/connections", times=None)
    house.pass_time(hours=23)
    await house.farewell.tick()
    assert not await wiped(house, workspace)
    house.pass_time(hours=2)
    await house.farewell.tick()
    assert await wiped(house, workspace)
    house.line.calls.clear()
    house.pass_time(hours=2)
    await house.farewell.tick()
    assert house.line.calls == []


async def test_a_permission_that_is_gone_already_needs_no_goodbye(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    house.xero.kill_refresh_tokens()
    house.pass_time(hours=1)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    await house.farewell.tick()
    assert await wiped(house, workspace)


async def test_a_goodbye_with_a_wrong_client_secret_does_not_count_as_said(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    house.pass_time(hours=1)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    house.xero.identity.client_id = "another app"
    await house.farewell.tick()
    assert not await wiped(house, workspace)
    house.xero.identity.client_id = "app"
    house.pass_time(minutes=5)
    await house.farewell.tick()
    assert not house.xero.is_connected(acme)


async def test_a_crash_between_disconnect_and_goodbye_loses_neither(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    async with house.database.unscoped() as unscoped:  # claimed by a process that died right then
        await unscoped.due.farewells(now=house.now, next_at=house.now + timedelta(minutes=2), limit=20)
    await house.farewell.tick()
    assert await removals(house) == []
    house.pass_time(minutes=2)
    await house.farewell.tick()
    assert not house.xero.is_connected(acme)
    assert await wiped(house, workspace)


async def test_one_goodbye_that_goes_wrong_holds_nobody_elses_back(house: House, acme: Organisation) -> None:
    broken, sound = await house.synced(acme), await house.synced(other := house.xero.add_organisation("Other"))
    for workspace in (broken, sound):
        await house.connecting.disconnect(workspace, by="U1", now=house.now)
    async with house.database.workspace(broken) as store:
        row = await store.connections.latest()
        assert row is not None
        row.access_token_sealed = row.refresh_token_sealed = b"of a key that was lost"
    await house.farewell.tick()
    assert not house.xero.is_connected(other)
    assert await wiped(house, sound)
    house.pass_time(days=2)
    await house.farewell.tick()
    assert await wiped(house, broken)


async def test_connected_again_before_the_goodbye_was_said_stays_connected(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    await house.connect(acme, workspace_id=workspace)
    for _ in range(3):
        await house.farewell.tick()
        house.pass_time(hours=1)
    assert await removals(house) == []
    assert house.xero.is_connected(acme)
    assert (await house.sync(workspace)).state == RunState.SUCCEEDED


async def test_no_goodbye_is_said_while_somebody_is_on_the_way_to_xero(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    url, browser = await house.link(workspace)
    await house.farewell.tick()
    query = await house.consent(url, acme)
    await house.farewell.tick()
    assert isinstance(await house.arrive(query, browser), Done)
    await house.farewell.tick()
    assert await removals(house) == []
    await house.engine.drain()
    assert (await house.run(workspace)).state == RunState.SUCCEEDED


async def test_whoever_turns_back_on_the_way_to_xero_only_delays_the_goodbye(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    await house.link(workspace)
    house.pass_time(minutes=15)
    await house.farewell.tick()
    assert not house.xero.is_connected(acme)
    assert await wiped(house, workspace)


async def test_connected_again_while_the_goodbye_is_about_to_be_said_stays_connected(
    house: House, acme: Organisation
) -> None:
    """The permission had to be refreshed for it; meanwhile somebody came back from Xero."""
    workspace = await house.synced(acme)
    url, browser = await house.link(workspace)
    house.pass_time(minutes=10)
    query = await house.consent(url, acme)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    house.xero.expire_access_tokens()
    async with house.database.workspace(workspace) as store:
        row = await store.connections.latest()
        assert row is not None
        row.access_expires_at = house.now

    async def come_back(_request: object) -> None:
        house.line.after = None
        await house.arrive(query, browser)

    house.line.after = come_back
    await house.farewell.tick()
    assert await removals(house) == []
    assert (await house.connection(workspace)).state == ConnectionState.ACTIVE
    assert not await wiped(house, workspace)
    assert (await house.sync(workspace)).state == RunState.SUCCEEDED


async def test_a_goodbye_does_not_take_the_organisation_from_the_workspace_that_has_it_now(
    house: House, acme: Organisation
) -> None:
    """The same person connects it in another channel before Xero has heard of the disconnect: one connection there."""
    first = await house.synced(acme)
    await house.connecting.disconnect(first, by="U1", now=house.now)
    second = await house.connect(acme)
    await house.farewell.tick()
    assert await removals(house) == []
    assert await wiped(house, first)
    await house.engine.drain()
    assert (await house.run(second)).state == RunState.SUCCEEDED


async def test_reconnecting_after_the_goodbye_takes_a_new_connection_at_xero(house: House, acme: Organisation) -> None:
    owing(acme)
    workspace = await house.synced(acme)
    before: Connection = await house.connection(workspace)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    await house.farewell.tick()
    house.pass_time(days=3)
    await house.connect(acme, workspace_id=workspace)
    await house.engine.drain()
    after = await house.connection(workspace)
    assert after.id == before.id
    assert after.xero_connection_id != before.xero_connection_id
    assert await house.mirror(workspace) == outstanding(acme)
