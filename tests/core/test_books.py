"""The books at a glance: summed up once, and anew as soon as anything has changed them. On both databases."""

from decimal import Decimal
from uuid import UUID

import pytest

from core import progress
from core.census import Census
from core.notices import Books
from core.status import status
from sandbox.xero import Organisation
from sandbox.xero.unallocated import CREDIT_NOTE
from storage.invoices import Invoices
from storage.store import WorkspaceStore
from tests.core.house import House, owing


async def books(house: House, workspace: UUID) -> Books:
    async with house.database.reading(workspace) as store:
        connection = await store.connections.latest()
        assert connection is not None
        return await progress.books(store, connection, now=house.now)


async def test_what_a_sync_finds_is_in_the_next_look(house: House, acme: Organisation) -> None:
    invoice = owing(acme, "INV-1", "100.00")
    owing(acme, "INV-2", "20.00")
    workspace = await house.synced(acme)
    assert [(each.invoices, each.amount) for each in (await books(house, workspace)).amounts] == [(2, Decimal(120))]
    acme.pay(invoice)
    await house.sync(workspace)
    assert [(each.invoices, each.amount) for each in (await books(house, workspace)).amounts] == [(1, Decimal(20))]


async def test_what_is_found_out_before_a_letter_is_in_the_next_look_too(house: House, acme: Organisation) -> None:
    """Sending stores what Xero says and touches the workspace, in one transaction."""
    owing(acme, "INV-1", "100.00")
    workspace = await house.synced(acme)
    assert (await books(house, workspace)).invoices == 1
    house.pass_time(minutes=1)
    async with house.database.workspace(workspace) as store:
        [invoice] = await store.invoices.everything()
        paid = invoice.model_dump(exclude={"workspace_id", "confirmed_by"}) | {
            "status": "PAID",
            "amount_due": Decimal(0),
        }
        await store.invoices.put([paid])
        store.touch(house.now)
    assert (await books(house, workspace)).invoices == 0


async def test_while_a_sync_stores_pages_books_are_summed_up_once_a_second_and_anew_at_its_end(
    house: House, acme: Organisation
) -> None:
    owing(acme, "INV-1", "100.00")
    workspace = await house.synced(acme)
    assert (await books(house, workspace)).invoices == 1
    house.pass_time(minutes=1)
    await house.syncing.request(workspace, by="U1", now=house.now)
    assert (await books(house, workspace)).invoices == 1
    house.pass_time(seconds=0.5)
    async with house.database.workspace(workspace) as store:
        [invoice] = await store.invoices.everything()
        row = invoice.model_dump(exclude={"workspace_id", "confirmed_by"})
        await store.invoices.put([row | {"invoice_id": UUID(int=1), "contact_id": None}])
        store.touch(house.now)
    assert (await books(house, workspace)).invoices == 1
    house.pass_time(seconds=1)
    assert (await books(house, workspace)).invoices == 2
    async with house.database.workspace(workspace) as store:
        await store.invoices.gone([UUID(int=1)], confirmed_by=UUID(int=2))
        store.touch(house.now)
    await house.engine.drain()
    assert (await books(house, workspace)).invoices == 1


async def test_a_sync_that_ends_tells_the_books_as_they_are_whoever_looked_a_moment_before(
    house: House, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    owing(acme, "INV-1", "100.00")
    workspace = await house.synced(acme)
    owing(acme, "INV-2", "20.00")
    told = []

    async def somebody_looks(self: Census) -> None:
        await books(house, workspace)
        await take(self)

    async def tell(store: WorkspaceStore, run_id: UUID, *, summed: Books | None = None, **_how: object) -> None:
        told.append(summed)

    take = Census.take
    monkeypatch.setattr(Census, "take", somebody_looks)
    monkeypatch.setattr(progress, "tell", tell)
    house.pass_time(minutes=1)
    await house.syncing.request(workspace, by="U1", now=house.now, full=True)
    await house.engine.drain()
    assert [summed.invoices for summed in told if summed] == [2]


async def test_what_is_overdue_is_summed_up_anew_each_day(house: House, acme: Organisation) -> None:
    owing(acme, "INV-1", "100.00")
    workspace = await house.synced(acme)
    assert (await books(house, workspace)).amounts[0].overdue_invoices == 0
    house.pass_time(days=20)
    assert (await books(house, workspace)).amounts[0].overdue_invoices == 1


async def test_while_nothing_changes_nothing_is_summed_up_again(
    house: House, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    owing(acme)
    workspace = await house.synced(acme)
    found = await books(house, workspace)
    monkeypatch.delattr(Invoices, "totals")
    assert await books(house, workspace) == found


async def test_one_workspace_never_sees_what_another_one_holds(house: House) -> None:
    organisations = [house.xero.add_organisation(name) for name in ("One", "Other")]
    workspaces = []
    for number, organisation in enumerate(organisations, 1):
        owing(organisation, "INV-1", f"{number}00.00")
        workspaces.append(await house.synced(organisation))
    sums = [(await books(house, workspace)).amounts[0].amount for workspace in workspaces]
    assert sums == [Decimal(100), Decimal(200)]


async def test_many_workspaces_do_not_fill_the_memory(
    house: House, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    owing(acme)
    workspace = await house.synced(acme)
    monkeypatch.setattr(progress, "MOST_KNOWN", 2)
    monkeypatch.setattr(progress, "_known", {})
    for _day in range(5):
        house.pass_time(days=1)
        await books(house, workspace)
    assert len(progress._known) == 2


async def test_status_tells_of_credit_only_of_those_who_owe(house: House, acme: Organisation) -> None:
    owes = owing(acme, "INV-1").contact
    paid = owing(acme, "INV-2")
    for contact in (owes, paid.contact):
        acme.add_unallocated(contact, Decimal("30.00"), CREDIT_NOTE)
    workspace = await house.synced(acme)
    house.pass_time(minutes=5)
    await house.syncing.request(workspace, by="U1", now=house.now, full=True)
    await house.engine.drain()
    acme.pay(paid)
    await house.sync(workspace)
    found = await status(house.database, workspace, now=house.now)
    assert [rest.contact_id for rest in found.unapplied] == [UUID(owes.id)]
