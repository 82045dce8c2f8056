"""A whole day at a thousand calls: no daily 429, and the reserve stays. `make prove` has ten thousand open invoices."""

import os
from datetime import timedelta
from decimal import Decimal

import pytest

from core.notices import Trouble
from core.webhooks import Webhooks
from sandbox.xero import Invoice, Organisation, big_ledger
from storage.models import RunState, Trigger
from tests.core.house import House, outstanding

pytestmark = pytest.mark.prove

KEY = "webhook-key"
LIMIT, RESERVE = 1000, 100
PROVE = os.environ.get("SOLIDO_PROVE") == "1"
INVOICES, CUSTOMERS = (10_000, 500) if PROVE else (600, 30)
DAYS = [(False, 0, "without webhooks"), (True, 0, "with webhooks"), (True, 600, "beside another program")]
STEP = timedelta(minutes=5)


@pytest.mark.parametrize(
    ("webhooks", "others"),
    [pytest.param(webhooks, others, id=name) for webhooks, others, name in (DAYS if PROVE else DAYS[1:])],
)
async def test_a_day_goes_by_within_the_limit(cottage: House, webhooks: bool, others: int) -> None:
    house, lowest = cottage, LIMIT
    acme = big_ledger(house.xero, INVOICES, CUSTOMERS)
    house.pass_time(hours=1)
    workspace = await house.synced(acme)
    for _ in range(others):
        house.xero.limits.spend(acme.tenant_id)
    house.xero.limits.enforce = True
    house.xero.limits.minute = 10_000  # the minute is another test's
    invoices = acme.outstanding()
    hearing = Webhooks(house.database, KEY)
    for step in range(timedelta(days=1) // STEP):
        house.clock.forward(STEP)
        change_something(acme, invoices, step)
        letter = house.xero.webhooks.take(KEY) if webhooks else None
        if letter:
            await hearing.take(letter.body, now=house.now)
            house.pass_time(seconds=3)
        for tick in (house.due.webhooks, house.due.tick, house.due.nightly):
            await tick()
            await house.engine.drain()
        lowest = min(lowest, int(house.xero.limits.headers(acme.tenant_id)["X-DayLimit-Remaining"]))
    async with house.looking(workspace) as store:
        runs = await store.runs.latest(1000)
    assert {run.state for run in runs} == {RunState.SUCCEEDED}
    assert not [notice for notice in await house.told(workspace) if isinstance(notice, Trouble)]
    assert lowest >= RESERVE
    if not others:
        assert sum(run.trigger == Trigger.RECONCILE for run in runs) == 1
        assert sum(run.trigger == Trigger.SCHEDULED for run in runs) >= 90
        assert any(run.trigger == Trigger.WEBHOOK for run in runs) == webhooks
    house.pass_time(hours=1)
    await house.due.tick()
    await house.engine.drain()
    assert await house.mirror(workspace) == outstanding(acme)


def change_something(acme: Organisation, invoices: list[Invoice], step: int) -> None:
    """Every five minutes a payment, and now and then a bigger round of them."""
    payments = 30 if step % 50 == 0 else 1
    for invoice in invoices[step : step + payments]:
        if invoice.due:
            acme.pay(invoice, min(invoice.due, Decimal("1.00")))
