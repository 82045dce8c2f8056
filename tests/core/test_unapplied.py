"""What customers have left of credit notes, overpayments and prepayments."""

from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import update

from core.xero.oauth import READ_SCOPES
from sandbox.xero import Organisation
from sandbox.xero.unallocated import CREDIT_NOTE, KINDS, OVERPAYMENT, PREPAYMENT, Kind
from storage.models import Connection, Resource, RunState, Trigger
from storage.unapplied import Rest
from tests.core.house import House, owing


async def full(house: House, workspace: UUID) -> None:
    house.pass_time(minutes=5)
    await house.syncing.request(workspace, by="U1", now=house.now, full=True)
    await house.engine.drain()


async def rests(house: House, workspace: UUID) -> list[Rest]:
    async with house.looking(workspace) as store:
        return await store.unapplied.by_contact()


async def test_what_is_left_of_credit_is_told_per_customer_and_currency(house: House, acme: Organisation) -> None:
    contact = owing(acme).contact
    acme.add_unallocated(contact, Decimal("30.00"), CREDIT_NOTE)
    acme.add_unallocated(contact, Decimal("12.50"), OVERPAYMENT)
    acme.add_unallocated(contact, Decimal("5.00"), PREPAYMENT, currency="USD")
    workspace = await house.synced(acme)
    await full(house, workspace)
    assert await rests(house, workspace) == [
        Rest(UUID(contact.id), "EUR", Decimal("42.50")),
        Rest(UUID(contact.id), "USD", Decimal("5.00")),
    ]


async def test_credit_that_is_allocated_or_void_is_left_out(house: House, acme: Organisation) -> None:
    invoice = owing(acme, total="100.00")
    part, whole, void = (acme.add_unallocated(invoice.contact, Decimal(20)) for _ in range(3))
    workspace = await house.synced(acme)
    await full(house, workspace)
    acme.allocate(part, invoice, Decimal(15))
    acme.allocate(whole, invoice)
    acme.void_unallocated(void)
    await full(house, workspace)
    assert [rest.remaining for rest in await rests(house, workspace)] == [Decimal(5)]


async def test_credit_of_people_without_invoices_is_not_kept(house: House, acme: Organisation) -> None:
    acme.add_unallocated(acme.add_contact("Elsewhere"), Decimal(20))
    workspace = await house.synced(acme)
    await full(house, workspace)
    assert await rests(house, workspace) == []


async def test_the_first_automatic_sync_reads_credit_and_the_next_does_not(house: House, acme: Organisation) -> None:
    acme.add_unallocated(owing(acme).contact, Decimal(20))
    workspace = await house.synced(acme)
    calls = []
    for _ in range(2):
        house.pass_time(minutes=20)
        await house.due.tick()
        await house.engine.drain()
        calls.append((await house.run(workspace)).calls)
    assert calls == [5, 2]
    assert len(await rests(house, workspace)) == 1


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plural)
async def test_a_webhook_has_papers_of_its_kind_read_and_nothing_else(
    cottage: House, acme: Organisation, kind: Kind
) -> None:
    contact = owing(acme).contact
    workspace = await cottage.synced(acme)
    cottage.pass_time(minutes=1)
    cottage.xero.webhooks.waiting.clear()
    acme.add_unallocated(contact, Decimal(7), kind)
    event = cottage.xero.webhooks.waiting[-1]
    async with cottage.database.workspace(workspace) as store:
        connection = await store.connections.latest()
        assert connection is not None
        await store.webhook_events.put(
            connection.id, UUID(event["resourceId"]), kind.category, event["eventDateUtc"], now=cottage.now
        )
    cottage.pass_time(seconds=5)
    cottage.line.calls.clear()
    await cottage.due.webhooks()
    await cottage.engine.drain()
    assert (await cottage.run(workspace)).trigger == Trigger.WEBHOOK
    assert [path for path in cottage.line.paths() if "token" not in path] == [f"GET /api.xro/2.0/{kind.plural}"]
    assert [rest.remaining for rest in await rests(cottage, workspace)] == [Decimal(7)]


async def test_without_the_permission_only_over_and_prepayments_are_left_out(house: House, acme: Organisation) -> None:
    contact = owing(acme).contact
    acme.add_unallocated(contact, Decimal(3), CREDIT_NOTE)
    acme.add_unallocated(contact, Decimal(4), OVERPAYMENT)
    house.login._scopes = READ_SCOPES.replace("accounting.payments.read ", "")
    workspace = await house.synced(acme)
    await full(house, workspace)
    assert (await house.run(workspace)).state == RunState.SUCCEEDED
    assert (await house.connection(workspace)).lacks_payments
    assert [rest.remaining for rest in await rests(house, workspace)] == [Decimal(3)]
    house.line.calls.clear()
    await full(house, workspace)
    assert not [path for path in house.line.paths() if "payments" in path]


async def test_a_renewed_permission_is_tried_again(house: House, acme: Organisation) -> None:
    acme.add_unallocated(owing(acme).contact, Decimal(4), OVERPAYMENT)
    workspace = await house.synced(acme)
    async with house.database.workspace(workspace) as store:
        await store.session.exec(update(Connection).values(lacks_payments=True))
    house.pass_time(minutes=1)
    await house.connect(acme, workspace_id=workspace)
    await house.engine.drain()
    await full(house, workspace)
    assert [rest.remaining for rest in await rests(house, workspace)] == [Decimal(4)]


async def test_a_strangers_credit_is_not_seen(house: House, acme: Organisation) -> None:
    acme.add_unallocated(owing(acme).contact, Decimal(4))
    mine = await house.synced(acme)
    await full(house, mine)
    other = house.xero.add_organisation("Other")
    theirs = await house.synced(other)
    assert await rests(house, theirs) == []
    async with house.looking(mine) as store:
        assert not (await store.cursors.get((await house.connection(mine)).id, Resource.UNAPPLIED)).filling
