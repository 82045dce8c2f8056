"""Every odd record has its place. Xero's side is emulated; on both databases."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from core.agreement import decode
from sandbox.xero import Invoice, Organisation, Person
from storage.mirror_models import Contact
from tests.core.house import House, outstanding, owing

pytestmark = pytest.mark.slow

Act = Callable[[Organisation, Invoice], Any]


async def settled(house: House, workspace: UUID) -> None:
    """A delta, and then a full reading that finds nothing to mend and books that agree."""
    house.pass_time(minutes=1)
    await house.sync(workspace)
    house.pass_time(minutes=1)
    asked = await house.syncing.request(workspace, by="U1", now=house.now, full=True)
    await house.engine.drain()
    run = await house.run(workspace, asked.run.id)
    found = decode(run.agreement)
    assert found is not None
    assert (found.agree, run.mended, run.gone) == (True, 0, 0)


ACTS: dict[str, Act] = {
    "voided": lambda acme, it: acme.void(it),
    "paid": lambda acme, it: acme.pay(it),
    "part-paid": lambda acme, it: acme.pay(it, Decimal("0.01")),
    "credited": lambda acme, it: acme.credit(it),
    "part-credited": lambda acme, it: acme.credit(it, Decimal("40.00")),
    "re-opened": lambda acme, it: (acme.pay(it), acme.unpay(it)),
    "re-dated": lambda acme, it: acme.change_due_date(it, date(2030, 1, 1)),
    "undated": lambda acme, it: acme.change_due_date(it, None),
}


@pytest.mark.parametrize("act", ACTS)
async def test_what_bookkeepers_do_reaches_the_mirror(house: House, acme: Organisation, act: str) -> None:
    invoice, _other = owing(acme, "INV-1"), owing(acme, "INV-2")
    workspace = await house.synced(acme)
    house.pass_time(minutes=1)
    ACTS[act](acme, invoice)
    await settled(house, workspace)
    assert await house.mirror(workspace) == outstanding(acme)
    async with house.looking(workspace) as store:
        row = await store.invoices.get(UUID(invoice.id))
    assert row is not None
    assert (row.status, row.amount_due, row.due_on) == (invoice.status, invoice.due, invoice.due_on)
    assert (row.amount_paid, row.amount_credited) == (invoice.paid, invoice.credited)


async def test_a_settled_invoice_that_is_opened_again_is_outstanding_again(house: House, acme: Organisation) -> None:
    invoice = owing(acme)
    workspace = await house.synced(acme)
    for act in (acme.pay, acme.unpay):
        house.pass_time(minutes=1)
        act(invoice)
        await house.sync(workspace)
        assert await house.mirror(workspace) == outstanding(acme)


async def test_a_deleted_draft_never_counts(house: House, acme: Organisation) -> None:
    draft = owing(acme, "DRAFT-1", status="DRAFT")
    workspace = await house.synced(acme)
    house.pass_time(minutes=1)
    acme.delete(draft)
    await settled(house, workspace)
    assert await house.mirror(workspace) == {}


@pytest.mark.parametrize("total", ["0.00", "-35.00"])
async def test_nothing_and_less_than_nothing_are_not_outstanding(house: House, acme: Organisation, total: str) -> None:
    owing(acme, "INV-1", total)
    workspace = await house.synced(acme)
    await settled(house, workspace)
    assert await house.mirror(workspace) == {}


async def test_currencies_stay_apart(house: House, acme: Organisation) -> None:
    for number, currency in enumerate(("EUR", "USD", "JPY", "USD")):
        owing(acme, f"INV-{number}", "10.00", currency=currency)
    workspace = await house.synced(acme)
    await settled(house, workspace)
    found = decode((await house.run(workspace)).agreement)
    assert found is not None
    assert [(each.currency, each.invoices) for each in found.ours] == [("USD", 2), ("EUR", 1), ("JPY", 1)]


@pytest.mark.parametrize("day", [date(1970, 1, 1), date(1969, 12, 31), date(9999, 12, 31), None])
async def test_any_day_of_the_calendar_may_be_the_due_date(house: House, acme: Organisation, day: date | None) -> None:
    invoice = owing(acme, due_on=day)
    workspace = await house.synced(acme)
    await settled(house, workspace)
    async with house.looking(workspace) as store:
        row = await store.invoices.get(UUID(invoice.id))
        [total] = await store.invoices.totals(today=date(2026, 11, 20))
    assert row is not None
    assert row.due_on == day
    assert total.overdue_invoices == (day is not None and day.year < 2000)


@pytest.mark.parametrize("said", [..., None, {}, {"ContactID": ""}], ids=["left out", "null", "empty", "without id"])
async def test_an_invoice_of_nobody_is_kept(house: House, acme: Organisation, said: Any) -> None:
    acme.add_raw_invoice({"Contact": said})
    workspace = await house.synced(acme)
    await settled(house, workspace)
    async with house.looking(workspace) as store:
        [row] = await store.invoices.outstanding()
        assert row.contact_id is None
        assert await store.contacts.count() == 0


async def test_a_change_that_claims_to_lie_in_the_year_9999_stops_nothing(house: House, acme: Organisation) -> None:
    acme.add_raw_invoice({"UpdatedDateUTC": "/Date(253402214400000+0000)/"})
    workspace = await house.synced(acme)
    house.pass_time(minutes=10)
    owing(acme, "INV-AFTER")
    await house.sync(workspace)
    assert "INV-AFTER" in {number for number, _due, _currency in (await house.mirror(workspace)).values()}


async def contact_of(house: House, workspace: UUID, contact_id: str) -> Contact:
    async with house.looking(workspace) as store:
        return (await store.contacts.known([UUID(contact_id)]))[UUID(contact_id)]


async def test_several_addresses_in_one_field_are_kept_as_they_are(house: House, acme: Organisation) -> None:
    both = "one@example.com, two@example.com"
    contact = acme.add_contact("Two Mailboxes", both, [Person("Mia", "Otto", "mia@example.com")])
    owing(acme, contact=contact)
    workspace = await house.synced(acme)
    row = await contact_of(house, workspace, contact.id)
    assert (row.email, row.people) == (both, ["mia@example.com"])


@pytest.mark.parametrize("act", ["archive", "ask_to_be_forgotten"])
async def test_a_customer_who_is_archived_or_asked_to_be_forgotten_is_known_as_such(
    house: House, acme: Organisation, act: str
) -> None:
    contact = owing(acme).contact
    workspace = await house.synced(acme)
    house.pass_time(minutes=1)
    getattr(acme, act)(contact)
    await settled(house, workspace)
    assert (await contact_of(house, workspace, contact.id)).status == contact.status
    assert contact.status in ("ARCHIVED", "GDPRREQUEST")


async def test_the_invoices_of_merged_contacts_are_the_winners(house: House, acme: Organisation) -> None:
    first, second = owing(acme, "INV-1"), owing(acme, "INV-2")
    loser, winner = first.contact, second.contact
    workspace = await house.synced(acme)
    house.pass_time(minutes=1)
    acme.merge(loser, winner)
    await settled(house, workspace)
    async with house.looking(workspace) as store:
        assert {row.contact_id for row in await store.invoices.outstanding()} == {UUID(winner.id)}
    assert (await contact_of(house, workspace, loser.id)).status == "ARCHIVED"
