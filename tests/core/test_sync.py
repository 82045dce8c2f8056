"""First syncs, deltas, and what is left of them in the mirror. On both databases."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import httpx
import pytest

from core.notices import SyncTold
from sandbox.xero import Organisation, Person, demo_ledger
from storage.models import RunState, Trigger
from tests.core.house import House, outstanding, owing

INVOICES, CONTACTS = "/api.xro/2.0/Invoices", "/api.xro/2.0/Contacts"


async def counts(house: House, workspace: UUID) -> tuple[int, int, int]:
    run = await house.run(workspace)
    assert run.state == RunState.SUCCEEDED, run.error
    return run.added, run.changed, run.settled


async def contacts(house: House, workspace: UUID) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    async with house.looking(workspace) as store:
        return {each.name: (each.email, each.status, tuple(each.people)) for each in await store.contacts.all()}


async def complaints(house: House, workspace: UUID) -> dict[str, str]:
    async with house.looking(workspace) as store:
        return {each.record: each.reason for each in (await store.set_aside.first(100)).records}


async def test_a_first_sync_mirrors_what_is_outstanding_and_nothing_else(house: House) -> None:
    harbour, _star = demo_ledger(house.xero)
    workspace = await house.synced(harbour)
    assert await house.mirror(workspace) == outstanding(harbour)
    async with house.looking(workspace) as store:
        assert {each.status for each in await store.invoices.outstanding()} == {"AUTHORISED"}
    assert await counts(house, workspace) == (len(harbour.outstanding()), 0, 0)


async def test_an_invoice_that_has_waited_for_years_is_mirrored_too(house: House, acme: Organisation) -> None:
    acme.schedule(house.now - timedelta(days=4000), lambda: owing(acme, "OLD", issued_on=date(2015, 1, 1)))
    acme.settle()
    workspace = await house.synced(acme)
    assert await house.mirror(workspace) == outstanding(acme) != {}


async def test_a_first_sync_learns_the_organisations_name_currency_and_zone(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    connection = await house.connection(workspace)
    assert (connection.tenant_name, connection.base_currency) == ("Acme", "EUR")
    assert (connection.timezone, connection.short_code) == ("Europe/Berlin", acme.short_code)


async def test_customers_come_in_full_with_the_people_who_want_mail(house: House, acme: Organisation) -> None:
    people = (Person("Mia", "Otto", "mia@example.com"), Person("Jo", "Not", "jo@example.com", include=False))
    owing(acme, contact=acme.add_contact("Quayside", "books@example.com", people))
    acme.add_contact("Owes nothing", "nobody@example.com")
    workspace = await house.synced(acme)
    assert await contacts(house, workspace) == {"Quayside": ("books@example.com", "ACTIVE", ("mia@example.com",))}


@pytest.mark.parametrize(
    ("customers", "others", "calls"),
    [
        (40, 0, ["ids"]),
        (130, 0, ["page"]),
        (41, 3500, ["page", "ids", "ids"]),
        (130, 2500, ["page", "page", "page"]),
    ],
    ids=["few", "many", "few among many", "many among many"],
)
async def test_customers_are_read_in_the_way_that_takes_fewer_calls(
    cottage: House, customers: int, others: int, calls: list[str]
) -> None:
    """How many pages there are is known after the first one."""
    acme = cottage.xero.add_organisation("Acme")
    for index in range(others):
        acme.add_contact(f"Other {index}")
    cottage.pass_time(days=1)
    for index in range(customers):
        owing(acme, f"INV-{index}")
    workspace = await cottage.synced(acme)
    asked = [call.url.params for call in cottage.line.calls if call.url.path == CONTACTS]
    assert ["ids" if "IDs" in params else "page" for params in asked] == calls
    assert len(await contacts(cottage, workspace)) == customers


async def test_an_archived_customer_who_still_owes_is_mirrored(house: House, acme: Organisation) -> None:
    gone = acme.add_contact("Gone", "gone@example.com")
    owing(acme, contact=gone)
    acme.archive(gone)
    workspace = await house.synced(acme)
    assert await contacts(house, workspace) == {"Gone": ("gone@example.com", "ARCHIVED", ())}


async def test_a_customer_whom_xero_does_not_show_is_asked_for_once(house: House, acme: Organisation) -> None:
    ghost = acme.add_contact("Ghost")
    owing(acme, contact=ghost)
    acme.contacts.remove(ghost)
    workspace = await house.synced(acme)
    house.line.calls.clear()
    await house.sync(workspace)
    assert not [call for call in house.line.calls if call.url.params.get("IDs")]


async def test_a_delta_sees_paid_part_paid_voided_and_reopened(house: House, acme: Organisation) -> None:
    paid, part, void, again = (owing(acme, number) for number in ("PAID", "PART", "VOID", "AGAIN"))
    acme.pay(again)
    workspace = await house.synced(acme)
    house.pass_time(minutes=20)
    acme.pay(paid)
    acme.pay(part, Decimal(30))
    acme.void(void)
    acme.unpay(again)
    owing(acme, "NEW")
    await house.sync(workspace)
    assert await house.mirror(workspace) == outstanding(acme)
    assert await counts(house, workspace) == (2, 2, 1), "added: new and re-opened; changed: part paid and voided"


async def test_a_credited_invoice_counts_as_settled(house: House, acme: Organisation) -> None:
    invoice = owing(acme)
    workspace = await house.synced(acme)
    house.pass_time(minutes=20)
    acme.credit(invoice)
    await house.sync(workspace)
    assert await counts(house, workspace) == (0, 0, 1)


async def test_what_changes_during_the_first_load_is_seen_by_the_next_sync(house: House, acme: Organisation) -> None:
    first, second = owing(acme, "1"), owing(acme, "2")

    def pay_meanwhile(request: httpx.Request) -> None:
        if request.url.path == CONTACTS:
            house.pass_time(seconds=1)
            house.line.after = None
            acme.pay(first)
            acme.approve(owing(acme, "3", contact=second.contact, status="DRAFT"))

    house.line.after = pay_meanwhile
    workspace = await house.synced(acme)
    house.pass_time(minutes=20)
    await house.sync(workspace)
    assert await house.mirror(workspace) == outstanding(acme)


async def test_a_delta_in_which_nothing_changed_costs_two_calls(house: House, acme: Organisation) -> None:
    owing(acme)
    workspace = await house.synced(acme)
    house.pass_time(minutes=20)
    house.line.calls.clear()
    run = await house.sync(workspace)
    assert house.line.paths() == [f"GET {INVOICES}", f"GET {CONTACTS}"]
    assert run.calls == 2


async def test_the_new_address_of_a_customer_comes_with_the_next_delta(house: House, acme: Organisation) -> None:
    customer, other = acme.add_contact("Quayside", "old@example.com"), acme.add_contact("Stranger", "x@example.com")
    owing(acme, contact=customer)
    workspace = await house.synced(acme)
    house.pass_time(minutes=20)
    acme.set_email(customer, "new@example.com")
    acme.set_email(other, "y@example.com")
    await house.sync(workspace)
    assert await contacts(house, workspace) == {"Quayside": ("new@example.com", "ACTIVE", ())}


async def test_a_customer_of_a_new_invoice_is_fetched_though_it_did_not_change(
    house: House, acme: Organisation
) -> None:
    quiet = acme.add_contact("Quiet", "quiet@example.com")
    workspace = await house.synced(acme)
    house.pass_time(days=30)
    owing(acme, contact=quiet)
    await house.sync(workspace)
    assert await contacts(house, workspace) == {"Quiet": ("quiet@example.com", "ACTIVE", ())}


async def test_a_due_date_that_moved_without_a_trace_is_stored_when_it_is_read(
    house: House, acme: Organisation
) -> None:
    invoice = owing(acme)
    workspace = await house.synced(acme)
    acme.change_due_date(invoice, date(2027, 1, 31), silent=True)
    await house.sync(workspace)
    async with house.looking(workspace) as store:
        [row] = await store.invoices.outstanding()
    assert row.due_on == date(2027, 1, 31)
    assert await counts(house, workspace) == (0, 1, 0)


async def test_two_invoices_with_the_same_stamp_are_both_kept(house: House, acme: Organisation) -> None:
    assert owing(acme, "1").updated_at == owing(acme, "2").updated_at
    workspace = await house.synced(acme)
    assert len(await house.mirror(workspace)) == 2


async def test_bills_are_passed_over(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    house.pass_time(minutes=20)
    owing(acme, "BILL", type="ACCPAY")
    await house.sync(workspace)
    assert await house.mirror(workspace) == {}


async def test_a_page_that_cannot_be_unpacked_is_asked_for_once_more(house: House, acme: Organisation) -> None:
    owing(acme)
    workspace = await house.connect(acme)
    house.xero.break_next("garbled", times=1, path=INVOICES)
    await house.sync(workspace)
    assert await house.mirror(workspace) == outstanding(acme)


async def test_where_no_page_can_be_unpacked_the_sync_fails_and_the_next_one_has_all(
    house: House, acme: Organisation
) -> None:
    owing(acme)
    workspace = await house.connect(acme)
    house.xero.break_next("garbled", times=2, path=INVOICES)
    await house.sync(workspace)
    run = await house.run(workspace)
    assert (run.state, run.error) == ("failed", "XeroUnavailable")
    await house.sync(workspace)
    assert await house.mirror(workspace) == outstanding(acme)


async def test_a_broken_record_is_set_aside_and_the_rest_of_its_page_kept(house: House, acme: Organisation) -> None:
    owing(acme, "GOOD")
    bad = acme.add_raw_invoice({"DueDate": "next week"})
    workspace = await house.synced(acme)
    mirrored = outstanding(acme)
    del mirrored[bad.id]
    assert await house.mirror(workspace) == mirrored
    assert await complaints(house, workspace) == {bad.id: "a date is written in a way we do not know"}
    assert (await house.run(workspace)).set_aside == 1


async def test_a_record_that_turns_unreadable_does_not_wipe_what_was_known(house: House, acme: Organisation) -> None:
    invoice = owing(acme, total="55.00")
    workspace = await house.synced(acme)
    before = await house.mirror(workspace)
    house.pass_time(minutes=20)
    invoice.odd = {"AmountDue": "much"}
    acme.pay(invoice, Decimal(5))
    await house.sync(workspace)
    assert await house.mirror(workspace) == before
    assert list(await complaints(house, workspace)) == [invoice.id]


async def test_a_complaint_ends_when_its_record_is_understood(house: House, acme: Organisation) -> None:
    bad = acme.add_raw_invoice({"CurrencyCode": "?"})
    workspace = await house.synced(acme)
    assert await complaints(house, workspace)
    house.pass_time(minutes=20)
    bad.odd = {}
    acme.pay(bad, Decimal(1))
    await house.sync(workspace)
    assert await complaints(house, workspace) == {}
    assert await house.mirror(workspace) == outstanding(acme)


async def test_a_complaint_ends_though_xero_wrote_the_id_in_capitals(house: House, acme: Organisation) -> None:
    bad = acme.add_raw_invoice({"CurrencyCode": "?"})
    bad.odd = {"CurrencyCode": "?", "InvoiceID": bad.id.upper()}
    workspace = await house.synced(acme)
    house.pass_time(minutes=20)
    bad.odd = {}
    acme.pay(bad, Decimal(1))
    await house.sync(workspace)
    assert await complaints(house, workspace) == {}


async def test_a_customer_who_cannot_be_read_is_set_aside_and_asked_for_once(house: House, acme: Organisation) -> None:
    odd = acme.add_contact("Odd", UpdatedDateUTC="yesterday")
    owing(acme, contact=odd)
    workspace = await house.synced(acme)
    assert list(await complaints(house, workspace)) == [odd.id]
    house.pass_time(minutes=20)
    house.line.calls.clear()
    await house.sync(workspace)
    assert len(house.line.calls) == 2
    odd.odd = {}
    acme.set_email(odd, "odd@example.com")
    await house.sync(workspace)
    assert await complaints(house, workspace) == {}
    assert await contacts(house, workspace) == {"Odd": ("odd@example.com", "ACTIVE", ())}


async def test_nobody_hears_of_an_odd_contact_who_is_no_customer(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    house.pass_time(minutes=20)
    acme.add_contact("Odd supplier", UpdatedDateUTC="yesterday")
    await house.sync(workspace)
    assert await complaints(house, workspace) == {}


async def test_a_stamp_from_the_future_does_not_blind_later_syncs(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    acme.add_raw_invoice({"UpdatedDateUTC": "/Date(253402300799000+0000)/"})
    await house.sync(workspace)
    house.pass_time(minutes=20)
    later = owing(acme, "LATER")
    await house.sync(workspace)
    assert later.id in await house.mirror(workspace)


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0, 400, 1], ids=["one moment", "two seconds", "a few seconds"])
async def test_more_records_than_a_page_holds_in_hardly_any_time(cottage: House, spread: int) -> None:
    """2,500 invoices at one moment; in two seconds; in two and a half."""
    crowd = cottage.xero.add_organisation("Crowd")
    customer = crowd.add_contact("One", "one@example.com")
    at = cottage.now - timedelta(days=30)
    for index in range(2500):
        stamp = at + timedelta(milliseconds=index if spread == 1 else (index % 2) * 1000 + spread)
        crowd.schedule(stamp, lambda index=index: owing(crowd, f"C-{index}", contact=customer))  # type: ignore[misc]
    crowd.settle()
    workspace = await cottage.synced(crowd)
    assert await cottage.mirror(workspace) == outstanding(crowd)
    run = await cottage.run(workspace)
    assert (run.added, run.page) == (2500, run.page_count)


@pytest.mark.slow
async def test_invoices_that_slip_over_a_page_border_while_they_are_read_are_not_lost(cottage: House) -> None:
    """2,500 of one moment; while the second page is fetched, forty of the first are changed and move to the end."""
    crowd = cottage.xero.add_organisation("Crowd")
    customer = crowd.add_contact("One", "one@example.com")
    made = [owing(crowd, f"C-{index}", contact=customer) for index in range(2500)]
    by_rank = sorted(made, key=lambda each: each.id)

    def shift(request: httpx.Request) -> None:
        if request.url.params.get("page") == "2":
            cottage.line.before = None
            cottage.pass_time(seconds=5)
            for invoice in by_rank[:40]:
                crowd.pay(invoice, Decimal(1))

    cottage.pass_time(days=1)
    cottage.line.before = shift
    workspace = await cottage.synced(crowd)
    assert set(await cottage.mirror(workspace)) == set(outstanding(crowd))
    cottage.pass_time(minutes=20)
    await cottage.sync(workspace)
    assert await cottage.mirror(workspace) == outstanding(crowd)


async def test_progress_only_grows_and_ends_at_its_last_page(cottage: House) -> None:
    crowd = cottage.xero.add_organisation("Crowd")
    customer = crowd.add_contact("One", "one@example.com")
    for index in range(3200):
        at = cottage.now - timedelta(days=1, seconds=-index)
        crowd.schedule(at, lambda index=index: owing(crowd, f"C-{index}", contact=customer))  # type: ignore[misc]
    crowd.settle()
    seen: list[tuple[int, int]] = []
    workspace = await cottage.connect(crowd)

    async def look(_request: httpx.Request) -> None:
        run = await cottage.run(workspace)
        seen.append((run.page, run.page_count))

    cottage.line.before = look
    await cottage.engine.drain()
    run = await cottage.run(workspace)
    seen.append((run.page, run.page_count))
    assert all(page <= pages for page, pages in seen)
    assert [page for page, _pages in seen] == sorted(page for page, _pages in seen)
    assert seen[-1] == (4, 4)


async def test_a_first_sync_tells_where_it_stands_and_ends_with_the_books(house: House, acme: Organisation) -> None:
    owing(acme, total="120.50", due_on=date(2026, 11, 1))
    workspace = await house.connect(acme)
    [told] = [notice for notice in await house.told(workspace) if isinstance(notice, SyncTold)]
    assert (told.state, told.trigger) == (RunState.QUEUED, Trigger.INITIAL)
    await house.engine.drain()
    [told] = [notice for notice in await house.told(workspace) if isinstance(notice, SyncTold)]
    assert (told.state, told.first, told.added) == (RunState.SUCCEEDED, True, 1)
    assert told.books is not None
    [amount] = told.books.amounts
    assert (amount.amount, amount.overdue_invoices, told.books.customers) == (Decimal("120.50"), 1, 1)


async def test_a_second_request_is_answered_with_the_sync_under_way(house: House, acme: Organisation) -> None:
    workspace = await house.synced(acme)
    first = await house.syncing.request(workspace, by="U1", now=house.now)
    second = await house.syncing.request(workspace, by="U2", now=house.now)
    assert (first.already, second.already) == (False, True)
    assert second.run.id == first.run.id
    assert house.engine.waiting == [first.run.id]


async def test_a_page_is_stored_when_nobody_waits_for_a_quick_answer(
    house: House, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    owing(acme)
    workspace = await house.connect(acme)
    monkeypatch.setattr("core.reading.GIVES_WAY_SECONDS", 60.0)
    with house.syncing.lull.disturbed():
        syncing = asyncio.create_task(house.engine.drain())
        await asyncio.wait([syncing], timeout=0.2)
        assert await house.mirror(workspace) == {}
    await syncing
    assert await house.mirror(workspace) == outstanding(acme)


async def test_where_somebody_always_waits_for_an_answer_syncs_go_on(house: House, acme: Organisation) -> None:
    owing(acme)
    with house.syncing.lull.disturbed():
        workspace = await house.synced(acme)
    assert await house.mirror(workspace) == outstanding(acme) != {}
