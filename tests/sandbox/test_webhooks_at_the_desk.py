"""Somebody pays at the Xero desk: Xero's webhook tells Solido, which looks, without a sync that anybody asked for."""

import asyncio
from decimal import Decimal

import pytest
from sqlmodel import col, select

from sandbox.desk import Desk
from sandbox.webhook_levers import act
from sandbox.xero.acts import act as at_the_desk
from storage.mirror_models import Invoice
from storage.models import SyncRun, Trigger

FIRST, SECOND = "INV-1014", "INV-1012"


async def pay(desk: Desk, *numbers: str) -> None:
    harbour = desk.xero.organisation("Harbour Lane Ltd")
    for number in numbers:
        invoice = next(one for one in harbour.invoices if one.number == number)
        at_the_desk(desk.xero, {"action": "pay", "tenant_id": harbour.tenant_id, "invoice_id": invoice.id})


async def owed(desk: Desk) -> set[str]:
    """What of the two is outstanding, as far as Solido knows."""
    async with desk.solido.database.unscoped() as unscoped:
        rows = select(Invoice.number).where(
            col(Invoice.number).in_((FIRST, SECOND)), col(Invoice.amount_due) > Decimal(0)
        )
        return set((await unscoped.session.exec(rows)).all())


async def triggers(desk: Desk) -> list[str]:
    async with desk.solido.database.unscoped() as unscoped:
        runs = select(SyncRun.trigger).order_by(col(SyncRun.queued_at))
        return list((await unscoped.session.exec(runs)).all())


async def until_owed(desk: Desk, *numbers: str) -> None:
    async with asyncio.timeout(30):
        while await owed(desk) != set(numbers):  # noqa: ASYNC110  # a database tells nobody
            await asyncio.sleep(0.05)


async def test_a_payment_is_known_in_seconds_without_a_sync_that_anybody_asked_for(connected: Desk):
    assert await owed(connected) == {FIRST, SECOND}
    await pay(connected, FIRST)
    await until_owed(connected, SECOND)
    assert await triggers(connected) == [Trigger.INITIAL, Trigger.WEBHOOK]
    assert connected.courier.delivered == 1
    assert any("/xero/webhooks" in entry.line()["path"] for entry in connected.hood.entries)
    status = await connected.slack.command("status")
    await connected.slack.until(lambda: status.message or status.later)
    assert "in 27 invoices" in (status.message or status.later[-1]).text


async def test_a_lost_webhook_is_made_good_by_the_next_automatic_sync(connected: Desk):
    act(connected.courier, {"action": "break", "kind": "lose"})
    await pay(connected, FIRST)
    async with asyncio.timeout(10):
        while not connected.courier.lost:  # noqa: ASYNC110  # the courier tells nobody
            await asyncio.sleep(0.05)
    await connected.settled()
    assert await owed(connected) == {FIRST, SECOND}, "nobody told Solido"
    await connected.forward(20 * 60)
    assert await owed(connected) == {SECOND}
    assert await triggers(connected) == [Trigger.INITIAL, Trigger.SCHEDULED]


async def test_a_webhook_that_comes_twice_is_looked_into_once(connected: Desk):
    act(connected.courier, {"action": "break", "kind": "twice"})
    await pay(connected, FIRST)
    await until_owed(connected, SECOND)
    await connected.forward(120)
    assert connected.courier.delivered == 2
    assert await triggers(connected) == [Trigger.INITIAL, Trigger.WEBHOOK]


async def test_webhooks_in_the_wrong_order_bring_all_that_they_tell(connected: Desk):
    act(connected.courier, {"action": "break", "kind": "disorder"})
    await pay(connected, FIRST, SECOND)
    await until_owed(connected)
    assert connected.courier.delivered == 2
    await connected.forward(600)
    assert await owed(connected) == set()


@pytest.mark.parametrize("kind", ["lose", "twice", "disorder"])
async def test_the_lever_says_that_it_is_set(desk: Desk, kind: str):
    assert act(desk.courier, {"action": "break", "kind": kind}).endswith(": set.")
