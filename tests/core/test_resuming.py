"""Syncs that break off: a crash anywhere, another worker taking over, a disconnect in the middle."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from core.errors import Superseded
from core.notices import SyncTold
from sandbox.xero import Organisation
from storage.models import ConnectionState, Resource, RunState, Trigger
from tests.builders import a_contact_row
from tests.core.house import House, PowerCut, outstanding, owing

pytestmark = pytest.mark.slow

INVOICES, CONTACTS = "/api.xro/2.0/Invoices", "/api.xro/2.0/Contacts"


def a_long_ledger(house: House, invoices: int = 2300, customers: int = 60) -> Organisation:
    """Three pages of invoices a second apart, and customers that take two calls by ids."""
    acme = house.xero.add_organisation("Acme")
    people = [acme.add_contact(f"Customer {index}", f"c{index}@example.com") for index in range(customers)]
    for index in range(invoices):
        acme.schedule(
            house.now - timedelta(days=2, seconds=-index),
            lambda index=index: owing(acme, f"C-{index}", contact=people[index % customers]),  # type: ignore[misc]
        )
    acme.settle()
    return acme


async def drained(house: House) -> None:
    """Drain, starting again after each power cut as a new process would."""
    while house.engine.waiting:
        try:
            await house.engine.drain()
        except PowerCut:
            house.pass_time(minutes=1)


@pytest.mark.parametrize("answered", [False, True], ids=["before a call", "after its answer"])
async def test_a_first_sync_survives_a_crash_at_every_call(cottage: House, answered: bool) -> None:
    acme = a_long_ledger(cottage)
    workspace = await cottage.connect(acme)
    cuts = 0
    while cottage.engine.waiting:
        cottage.line.cut_power(at=4, answered=answered)
        try:
            await cottage.engine.drain()
        except PowerCut:
            cuts += 1
            assert cuts < 30, "each attempt has to get further than the one before"
    run = await cottage.run(workspace)
    assert (run.state, run.attempt) == (RunState.SUCCEEDED, cuts + 1)
    assert await cottage.mirror(workspace) == outstanding(acme)
    assert run.added == 2300, "what was read twice is counted once"
    async with cottage.looking(workspace) as store:
        assert await store.contacts.count() == 60


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
async def test_a_crash_with_changes_before_the_restart_loses_nothing(house: House, at: int) -> None:
    acme = a_long_ledger(house, invoices=2100, customers=41)
    workspace = await house.connect(acme)
    house.line.cut_power(at=at)
    with pytest.raises(PowerCut):
        await house.engine.drain()
    house.pass_time(hours=3)
    for invoice in acme.outstanding()[::97]:
        acme.pay(invoice, Decimal("0.50"))
    for invoice in acme.outstanding()[::83]:
        acme.pay(invoice)
    await drained(house)
    await house.sync(workspace)
    assert await house.mirror(workspace) == outstanding(acme)


@pytest.mark.parametrize("answered", [False, True], ids=["before the call", "after its answer"])
@pytest.mark.parametrize("page", [1, 2, 3])
async def test_a_first_sync_cut_off_among_pages_of_contacts_still_reads_all(
    cottage: House, page: int, answered: bool
) -> None:
    """The next page is on its way while one is stored."""
    acme = a_long_ledger(cottage, invoices=2300, customers=2300)
    workspace = await cottage.connect(acme)
    cottage.line.cut_power(at=4 + page, answered=answered)  # organisation, three pages of invoices
    with pytest.raises(PowerCut):
        await cottage.engine.drain()
    assert cottage.line.calls[-1].url.path == CONTACTS
    await drained(cottage)
    assert await cottage.mirror(workspace) == outstanding(acme)
    async with cottage.looking(workspace) as store:
        assert await store.contacts.count() == 2300
    run = await cottage.run(workspace)
    assert (run.state, run.added) == (RunState.SUCCEEDED, 2300)
    assert run.contacts >= 2300


async def test_a_restart_goes_on_from_the_cursor(house: House) -> None:
    acme = a_long_ledger(house)
    workspace = await house.connect(acme)
    house.line.cut_power(at=4)  # organisation, two pages, then this
    with pytest.raises(PowerCut):
        await house.engine.drain()
    assert len(await house.mirror(workspace)) >= 1900
    house.line.calls.clear()
    await house.engine.drain()
    pages = [call for call in house.line.calls if call.url.path == INVOICES and call.url.params["pageSize"] == "1000"]
    asked = [page.headers.get("If-Modified-Since") for page in pages]
    assert asked
    assert all(asked), "nothing is read from the beginning again"


async def test_a_task_that_is_cancelled_leaves_the_run_to_be_taken_up_again(house: House) -> None:
    """As at a SIGTERM: the engine cancels, the next start goes on."""
    acme = a_long_ledger(house, invoices=1100)
    workspace = await house.connect(acme)
    reached = asyncio.Event()

    async def hang(request: httpx.Request) -> None:
        if request.url.path == CONTACTS:
            house.line.before = None
            reached.set()
            await asyncio.sleep(60)

    house.line.before = hang
    task = asyncio.create_task(house.engine.drain())
    await asyncio.wait_for(reached.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await house.run(workspace)).state == RunState.RUNNING
    await house.engine.drain()
    assert (await house.run(workspace)).state == RunState.SUCCEEDED
    assert await house.mirror(workspace) == outstanding(acme)


async def test_a_stale_attempt_writes_nothing(house: House, acme: Organisation) -> None:
    """A worker thaws after another has taken its run over: neither rows nor cursor nor progress are its to write."""
    first = owing(acme, "1")
    workspace = await house.connect(acme)
    [run_id] = house.engine.waiting
    frozen, thaw = asyncio.Event(), asyncio.Event()

    async def freeze(request: httpx.Request) -> None:
        if request.url.path == INVOICES:
            house.line.after = None
            frozen.set()
            await thaw.wait()

    house.line.after = freeze
    zombie = asyncio.create_task(house.syncing.run(run_id))
    await asyncio.wait_for(frozen.wait(), 10)
    house.pass_time(seconds=10)
    acme.pay(first)
    owing(acme, "2")
    await house.engine.drain()
    after = (await house.run(workspace), await house.mirror(workspace), await house.told(workspace))
    thaw.set()
    await zombie
    assert after == (await house.run(workspace), await house.mirror(workspace), await house.told(workspace))
    assert after[0].state == RunState.SUCCEEDED
    assert after[0].attempt == 2


async def test_a_stale_attempt_does_not_end_the_run_of_the_one_that_took_over(house: House, acme: Organisation) -> None:
    workspace = await house.connect(acme)
    [run_id] = house.engine.waiting

    async def take_over(_request: httpx.Request) -> None:
        house.line.after = None
        async with house.database.workspace(workspace) as store:
            await store.runs.start(run_id, now=house.now)

    house.line.after = take_over
    await house.syncing.run(run_id)
    run = await house.run(workspace)
    assert (run.state, run.attempt, run.finished_at) == (RunState.RUNNING, 2, None)


async def test_a_run_that_is_over_is_not_run_again(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    house.line.calls.clear()
    await house.syncing.run((await house.run(workspace)).id)
    assert house.line.calls == []


async def test_a_disconnect_stops_a_sync_in_the_middle(house: House) -> None:
    acme = a_long_ledger(house)
    workspace = await house.connect(acme)
    pages = 0

    async def disconnect(request: httpx.Request) -> None:
        nonlocal pages
        pages += request.url.path == INVOICES
        if pages == 2:
            house.line.after = None
            await house.connecting.disconnect(workspace, by="U2", now=house.now)

    house.line.after = disconnect
    await house.engine.drain()
    run = await house.run(workspace)
    assert (run.state, run.error) == (RunState.FAILED, Superseded.__name__)
    stored = len(await house.mirror(workspace))
    assert stored in (0, 1000), "the page that came after the disconnect is not stored; the one before may just be"
    assert house.line.paths()[-1] == f"GET {INVOICES}", "and nothing is asked any more"
    [told] = [notice for notice in await house.told(workspace) if isinstance(notice, SyncTold)]
    assert told.state == RunState.FAILED, "nobody watches a sync that has been stopped"


async def test_a_run_left_over_by_a_disconnect_does_not_block_the_next_connection(
    house: House, acme: Organisation
) -> None:
    """A run queued at the very moment of the disconnect finds no permission any more; it ends."""
    workspace = await house.synced(acme)
    connection = await house.connection(workspace)
    house.pass_time(seconds=1)
    await house.connecting.disconnect(workspace, by="U1", now=house.now)
    async with house.database.workspace(workspace) as store:
        await house.syncing.queue(store, connection, Trigger.MANUAL, by="U1", now=house.now)
    house.line.calls.clear()
    await house.engine.drain()
    run = await house.run(workspace)
    assert (run.state, run.error) == (RunState.FAILED, Superseded.__name__)
    assert house.line.calls == []
    house.pass_time(seconds=1)
    await house.connect(acme, workspace_id=workspace)
    await house.engine.drain()
    assert (await house.connection(workspace)).state == ConnectionState.ACTIVE
    assert (await house.run(workspace)).state == RunState.SUCCEEDED


async def test_an_unforeseen_mistake_ends_the_run_and_says_so(cottage: House) -> None:
    acme = cottage.xero.add_organisation("Acme")
    workspace = await cottage.connect(acme)

    def stumble(_request: httpx.Request) -> None:
        raise ZeroDivisionError

    cottage.line.before = stumble
    await cottage.engine.drain()
    run = await cottage.run(workspace)
    assert (run.state, run.error) == (RunState.FAILED, "Unexpected")


async def test_a_page_being_stored_and_a_disconnect_do_not_wait_for_each_other(
    house: House, acme: Organisation
) -> None:
    """The page's rows hold on to the key of the connection; then the disconnect takes the run, and then the page."""
    workspace = await house.connect(acme)
    connection, run = await house.connection(workspace), await house.run(workspace)
    async with house.database.workspace(workspace) as store:
        attempt = await store.runs.start(run.id, now=house.now)
    assert attempt == 1
    reader = house.syncing._reader(run, connection, attempt)
    with suppress(Superseded):
        async with reader.step(Resource.CONTACTS) as store:
            await store.contacts.put([a_contact_row(connection.id)])
            leaving = asyncio.create_task(house.connecting.disconnect(workspace, by="U2", now=house.now))
            await asyncio.sleep(0.5)
    assert await leaving == "Acme"
    assert (await house.run(workspace)).error == Superseded.__name__
