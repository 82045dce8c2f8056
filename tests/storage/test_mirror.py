"""Invoices and contacts as Xero tells them, many at a time."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
import pytest_asyncio

from storage.invoices import CurrencyTotal, Known
from tests.builders import NOW, a_connection, a_contact_row, a_workspace, an_invoice_row

pytestmark = pytest.mark.asyncio(loop_scope="session")

TODAY = date(2026, 3, 2)
MANY = 5_000


@pytest_asyncio.fixture(loop_scope="session")
async def acme(shared_database):
    return await a_connection(shared_database, await a_workspace(shared_database))


async def put(database, connection, *rows):
    async with database.workspace(connection.workspace_id) as store:
        await store.invoices.put(rows)


async def put_contacts(database, connection, *rows):
    async with database.workspace(connection.workspace_id) as store:
        await store.contacts.put(rows)


async def invoice(database, connection, invoice_id):
    async with database.reading(connection.workspace_id) as store:
        return await store.invoices.get(invoice_id)


@pytest.mark.parametrize(
    ("minutes", "wins"), [(1, True), (0, True), (-1, False)], ids=["newer", "of the same moment", "older"]
)
async def test_what_xero_says_wins_unless_something_newer_is_stored(shared_database, acme, minutes, wins):
    row = an_invoice_row(acme.id, number="INV-1")
    await put(shared_database, acme, row)
    await put(shared_database, acme, row | {"number": "INV-2", "updated_at": NOW + timedelta(minutes=minutes)})
    assert (await invoice(shared_database, acme, row["invoice_id"])).number == ("INV-2" if wins else "INV-1")


async def test_an_update_changes_every_column_that_xero_tells(shared_database, acme):
    row = an_invoice_row(acme.id)
    await put(shared_database, acme, row)
    news = an_invoice_row(
        acme.id,
        invoice_id=row["invoice_id"],
        number="INV-9",
        reference="PO 7",
        contact_name="Another",
        status="PAID",
        currency="NZD",
        total=Decimal("12.3456"),
        amount_due=Decimal("0.5"),
        amount_paid=Decimal("11"),
        amount_credited=Decimal("0.8456"),
        issued_on=date(2026, 1, 1),
        due_on=None,
        fully_paid_on=date(2026, 2, 2),
        expected_payment_on=date(2026, 2, 3),
        updated_at=NOW + timedelta(days=1),
    )
    await put(shared_database, acme, news)
    stored = await invoice(shared_database, acme, row["invoice_id"])
    assert stored.model_dump() == news | {"workspace_id": acme.workspace_id, "confirmed_by": None}


async def test_five_thousand_invoices_are_stored_and_stored_again(shared_database, acme):
    rows = [an_invoice_row(acme.id, amount_due="0.10") for _ in range(MANY)]
    await put(shared_database, acme, *rows)
    await put(shared_database, acme, *rows)
    async with shared_database.reading(acme.workspace_id) as store:
        [euros] = await store.invoices.totals(today=TODAY)
    assert (euros.invoices, euros.amount) == (MANY, Decimal("500.0000"))


async def test_the_last_word_wins_where_a_page_tells_an_invoice_twice(shared_database, acme):
    row = an_invoice_row(acme.id, number="first")
    await put(shared_database, acme, row, row | {"number": "second"})
    assert (await invoice(shared_database, acme, row["invoice_id"])).number == "second"


async def test_nothing_to_store_is_no_trouble(shared_database, acme):
    await put(shared_database, acme)
    await put_contacts(shared_database, acme)


async def test_the_same_xero_id_in_two_workspaces_is_two_invoices(shared_database, acme):
    other = await a_connection(shared_database, await a_workspace(shared_database))
    shared_id = uuid4()
    await put(shared_database, acme, an_invoice_row(acme.id, invoice_id=shared_id, number="ours"))
    await put(shared_database, other, an_invoice_row(other.id, invoice_id=shared_id, number="theirs"))
    assert (await invoice(shared_database, acme, shared_id)).number == "ours"
    assert (await invoice(shared_database, other, shared_id)).number == "theirs"


async def test_the_same_xero_id_in_two_workspaces_is_two_contacts(shared_database, acme):
    other = await a_connection(shared_database, await a_workspace(shared_database))
    shared_id = uuid4()
    await put_contacts(shared_database, acme, a_contact_row(acme.id, contact_id=shared_id, name="ours"))
    await put_contacts(shared_database, other, a_contact_row(other.id, contact_id=shared_id, name="theirs"))
    async with shared_database.reading(acme.workspace_id) as store:
        assert [contact.name for contact in await store.contacts.all()] == ["ours"]


async def test_outstanding_is_approved_and_not_settled_oldest_due_first(shared_database, acme):
    await put(
        shared_database,
        acme,
        an_invoice_row(acme.id, number="late", due_on=date(2026, 1, 5)),
        an_invoice_row(acme.id, number="later", due_on=date(2026, 2, 5)),
        an_invoice_row(acme.id, number="B of one day", due_on=date(2026, 1, 6)),
        an_invoice_row(acme.id, number="A of one day", due_on=date(2026, 1, 6)),
        an_invoice_row(acme.id, number="settled", amount_due="0"),
        an_invoice_row(acme.id, number="overpaid", amount_due="-0.0001"),
        *[an_invoice_row(acme.id, number=status, status=status) for status in ("DRAFT", "PAID", "VOIDED", "DELETED")],
    )
    async with shared_database.reading(acme.workspace_id) as store:
        found = [invoice.number for invoice in await store.invoices.outstanding()]
    assert found == ["late", "A of one day", "B of one day", "later"]


async def test_totals_are_per_currency_and_due_today_is_not_overdue(shared_database, acme):
    await put(
        shared_database,
        acme,
        an_invoice_row(acme.id, amount_due="10.00", due_on=TODAY - timedelta(days=1)),
        an_invoice_row(acme.id, amount_due="20.00", due_on=TODAY),
        an_invoice_row(acme.id, amount_due="30.00", due_on=None),
        an_invoice_row(acme.id, amount_due="5.0001", currency="USD", due_on=TODAY + timedelta(days=1)),
        an_invoice_row(acme.id, amount_due="7.00", status="VOIDED"),
    )
    async with shared_database.reading(acme.workspace_id) as store:
        found = await store.invoices.totals(today=TODAY)
    assert found == [
        CurrencyTotal("EUR", 3, Decimal("60"), 1, Decimal("10")),
        CurrencyTotal("USD", 1, Decimal("5.0001"), 0, Decimal("0")),
    ]


async def test_a_customer_who_owes_twice_is_one_customer(shared_database, acme):
    twice = uuid4()
    await put(
        shared_database,
        acme,
        an_invoice_row(acme.id, contact_id=twice),
        an_invoice_row(acme.id, contact_id=twice),
        an_invoice_row(acme.id),
        an_invoice_row(acme.id, amount_due="0"),
    )
    async with shared_database.reading(acme.workspace_id) as store:
        assert await store.invoices.customers() == 2


async def test_what_was_known_of_invoices_is_told_before_a_page_changes_them(shared_database, acme):
    row = an_invoice_row(acme.id, amount_due="8.50", due_on=date(2026, 2, 28))
    await put(shared_database, acme, row)
    async with shared_database.reading(acme.workspace_id) as store:
        known = await store.invoices.known([row["invoice_id"], uuid4()])
    assert known == {row["invoice_id"]: Known(NOW, "AUTHORISED", Decimal("8.50"), date(2026, 2, 28))}


async def test_a_whole_page_of_a_thousand_ids_can_be_asked_for(shared_database, acme):
    rows = [an_invoice_row(acme.id) for _ in range(1000)]
    await put(shared_database, acme, *rows)
    async with shared_database.reading(acme.workspace_id) as store:
        assert len(await store.invoices.known([row["invoice_id"] for row in rows])) == 1000
        assert len(await store.contacts.known_or_owed([row["contact_id"] for row in rows])) == 1000


async def test_contacts_that_matter_are_mirrored_or_owe(shared_database, acme):
    mirrored, owing, other = a_contact_row(acme.id), an_invoice_row(acme.id), uuid4()
    await put(shared_database, acme, owing)
    await put_contacts(shared_database, acme, mirrored)
    async with shared_database.reading(acme.workspace_id) as store:
        found = await store.contacts.known_or_owed([mirrored["contact_id"], owing["contact_id"], other])
    assert found == {mirrored["contact_id"], owing["contact_id"]}


async def test_owners_of_outstanding_invoices_are_missing_until_mirrored(shared_database, acme):
    known, missing = uuid4(), uuid4()
    await put(
        shared_database,
        acme,
        an_invoice_row(acme.id, contact_id=known),
        an_invoice_row(acme.id, contact_id=missing),
        an_invoice_row(acme.id, contact_id=missing),
        an_invoice_row(acme.id, contact_id=uuid4(), amount_due="0"),
        an_invoice_row(acme.id, contact_id=None),
    )
    await put_contacts(shared_database, acme, a_contact_row(acme.id, contact_id=known))
    async with shared_database.reading(acme.workspace_id) as store:
        assert await store.contacts.missing(10) == [missing]


async def test_a_contact_mirrored_next_door_is_still_missing_here(shared_database, acme):
    owing = uuid4()
    other = await a_connection(shared_database, await a_workspace(shared_database))
    await put_contacts(shared_database, other, a_contact_row(other.id, contact_id=owing))
    await put(shared_database, acme, an_invoice_row(acme.id, contact_id=owing))
    async with shared_database.reading(acme.workspace_id) as store:
        assert await store.contacts.missing(10) == [owing]


async def test_a_contact_becomes_what_xero_says_now(shared_database, acme):
    row = a_contact_row(acme.id, name="Old", people=[])
    await put_contacts(shared_database, acme, row)
    news = row | {"name": "Ünïcode & Söhne", "email": "", "people": ["a@x.example", "b@x.example"], "updated_at": None}
    await put_contacts(shared_database, acme, news)
    async with shared_database.reading(acme.workspace_id) as store:
        [contact] = await store.contacts.all()
    assert contact.model_dump() == news | {"workspace_id": acme.workspace_id}
