"""Reading all that is outstanding anew: what it finds, mends, counts and tells. On both databases."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from core.agreement import Agreement
from core.agreement import decode as decode_agreement
from core.notices import SyncTold
from sandbox.xero import Organisation
from storage.mirror_models import Contact, Invoice
from storage.models import Incident, RunState, SyncRun, Trigger
from tests.core.house import House, outstanding, owing

pytestmark = pytest.mark.slow


@dataclass
class Books:
    """A connected organisation whose first sync is done."""

    house: House
    acme: Organisation
    workspace: UUID

    async def full(self) -> SyncRun:
        """A full sync, asked for by a person, a little later."""
        self.house.pass_time(minutes=10)
        asked = await self.house.syncing.request(self.workspace, by="U1", now=self.house.now, full=True)
        await self.house.engine.drain()
        return await self.house.run(self.workspace, asked.run.id)

    async def agreement(self) -> Agreement:
        found = decode_agreement((await self.house.run(self.workspace)).agreement)
        assert found is not None
        return found

    async def alter(self, table: Any, **values: Any) -> None:
        async with self.house.database.workspace(self.workspace) as store:
            await store.session.exec(update(table).where(table.workspace_id == self.workspace).values(**values))

    async def drop(self, table: Any) -> None:
        async with self.house.database.workspace(self.workspace) as store:
            await store.session.exec(delete(table).where(table.workspace_id == self.workspace))

    async def rows(self, table: Any) -> list[Any]:
        async with self.house.database.unscoped() as unscoped:
            from_here = table.__table__.select().where(table.workspace_id == self.workspace)
            return list((await unscoped.session.exec(from_here)).all())


@pytest.fixture
async def books(house: House, acme: Organisation) -> Books:
    owing(acme, "INV-1", "120.50")
    owing(acme, "INV-2", "80.00")
    house.pass_time(hours=1)
    workspace = await house.synced(acme)
    house.pass_time(minutes=10)
    return Books(house, acme, workspace)


async def test_a_first_sync_says_that_the_books_agree(books: Books) -> None:
    found = await books.agreement()
    assert found.agree
    assert [(each.currency, each.invoices, each.amount) for each in found.ours] == [("EUR", 2, Decimal("200.50"))]
    [told] = [notice for notice in await books.house.told(books.workspace) if isinstance(notice, SyncTold)]
    assert told.agreement == found


async def test_a_quiet_automatic_sync_takes_two_calls_and_compares_nothing(books: Books) -> None:
    books.house.line.calls.clear()
    run = await books.house.sync(books.workspace)
    assert books.house.line.paths() == ["GET /api.xro/2.0/Invoices", "GET /api.xro/2.0/Contacts"]
    assert run.agreement is None


async def test_a_due_date_that_xero_did_not_announce_is_found(books: Books) -> None:
    invoice = books.acme.outstanding()[0]
    books.acme.change_due_date(invoice, date(2027, 1, 31), silent=True)
    quiet = await books.house.sync(books.workspace)
    run = await books.full()
    assert (quiet.changed, run.mended, run.changed) == (0, 1, 0)
    assert date(2027, 1, 31) in {row.due_on for row in await books.rows(Invoice)}


async def test_an_invoice_that_vanished_from_xero_is_outstanding_no_longer(books: Books) -> None:
    books.acme.forget(books.acme.outstanding()[0])
    run = await books.full()
    assert (run.gone, run.settled) == (1, 0)
    assert await books.house.mirror(books.workspace) == outstanding(books.acme)
    assert sorted(row.status for row in await books.rows(Invoice)) == ["AUTHORISED", "GONE"]
    assert (await books.agreement()).agree


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_due": Decimal(1)},
        {"due_on": None},
        {"status": "PAID"},
        {"currency": "USD"},
        {"number": "elsewhere"},
        {"contact_id": None},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
async def test_altered_rows_are_put_right(books: Books, wrong: dict[str, Any]) -> None:
    before = await books.rows(Invoice)
    await books.alter(Invoice, **wrong)
    run = await books.full()
    assert run.mended == 2
    assert [row[:-1] for row in await books.rows(Invoice)] == [row[:-1] for row in before]
    assert (await books.agreement()).agree


async def test_a_row_that_claims_to_be_newer_than_xero_is_put_right(books: Books) -> None:
    await books.alter(Invoice, updated_at=books.house.now + timedelta(days=400), amount_due=Decimal(5))
    run = await books.full()
    assert run.mended == 2
    assert await books.house.mirror(books.workspace) == outstanding(books.acme)


@pytest.mark.parametrize("table", [Invoice, Contact])
async def test_dropped_rows_come_back(books: Books, table: Any) -> None:
    await books.drop(table)
    run = await books.full()
    assert run.mended == 2
    assert await books.house.mirror(books.workspace) == outstanding(books.acme)
    assert len(await books.rows(Contact)) == 2


async def test_an_altered_contact_is_put_right(books: Books) -> None:
    await books.alter(Contact, email="elsewhere@example.com", people=["nobody@example.com"])
    run = await books.full()
    assert run.mended == 2
    assert {row.email for row in await books.rows(Contact)} == {"books@customer.example"}


async def test_what_changed_in_the_ordinary_way_is_not_called_put_right(books: Books) -> None:
    first, _second = books.acme.outstanding()
    books.acme.pay(first)
    owing(books.acme, "INV-3", "10.00")
    run = await books.full()
    assert (run.added, run.settled, run.mended, run.gone) == (1, 1, 0, 0)


async def test_a_full_sync_asked_for_by_a_person_tells_them(books: Books) -> None:
    run = await books.full()
    told = [notice for notice in await books.house.told(books.workspace) if isinstance(notice, SyncTold)]
    assert told[-1].run_id == run.id
    assert told[-1].agreement is not None


async def test_a_full_sync_during_another_sync_follows_it(books: Books) -> None:
    await books.house.syncing.request(books.workspace, by="U1", now=books.house.now)
    asked = await books.house.syncing.request(books.workspace, by="U1", now=books.house.now, full=True)
    assert asked.already
    await books.house.engine.drain()
    books.house.pass_time(seconds=5)
    await books.house.due.nightly()
    await books.house.engine.drain()
    assert (await books.house.run(books.workspace)).trigger == Trigger.RECONCILE


async def test_books_that_differ_for_good_are_named_and_alarm_once(books: Books) -> None:
    """Xero lists one invoice less than it knows by its id."""
    hidden = books.acme.outstanding()[0]
    books.acme.unlist(hidden)
    run = await books.full()
    found = await books.agreement()
    assert (run.state, found.agree, found.differing, found.theirs) == (RunState.SUCCEEDED, False, [hidden.number], 1)
    await books.full()
    [incident] = await books.rows(Incident)
    assert (incident.cause, incident.failures, incident.closed_at) == ("books_differ", 2, None)
    await books.house.sync(books.workspace)
    assert (await books.rows(Incident))[0].closed_at is None
    books.acme.unlist(hidden, unlisted=False)
    await books.full()
    assert (await books.rows(Incident))[0].closed_at == books.house.now


async def test_a_payment_in_the_middle_is_no_difference(books: Books) -> None:
    first = books.acme.outstanding()[0]
    calls = 0

    def pay_after_the_list(request: Any) -> None:
        nonlocal calls
        calls += "Statuses" in str(request.url)
        if calls == 1:
            calls += 1
            books.acme.pay(first)

    books.house.line.after = pay_after_the_list
    await books.full()
    found = await books.agreement()
    assert found.agree
    assert found.invoices == 1


async def test_a_record_that_cannot_be_read_is_named_and_does_not_make_the_books_differ(books: Books) -> None:
    books.acme.add_raw_invoice({"AmountDue": "a lot"})
    await books.full()
    found = await books.agreement()
    assert (found.agree, found.unreadable, found.invoices) == (True, 1, 2)
