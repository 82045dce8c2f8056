"""Which records a list holds, in which order, page by page."""

from datetime import timedelta
from decimal import Decimal

import pytest

from sandbox.xero import Person, Switches
from tests.sandbox.xero.visitor import ALL_SALES, Visitor, decoded, numbers

INVOICES = "/api.xro/2.0/Invoices"


@pytest.fixture
async def visitor() -> Visitor:
    """Connected, with five invoices a second apart: INV-0 is the oldest."""
    made = Visitor()
    await made.connect()
    fill(made)
    return made


def fill(visitor: Visitor) -> None:
    owner = visitor.acme.add_contact("Quayside Books", "books@example.com")
    for index in range(5):
        visitor.clock.forward(seconds=1)
        visitor.an_invoice(f"INV-{index}", f"{index + 1}0.00", contact=owner)


def named(visitor: Visitor, number: str):
    return next(each for each in visitor.acme.invoices if each.number == number)


async def test_pages_follow_each_other_without_gap_or_repeat(visitor):
    pages = [decoded(await visitor.get(INVOICES, {"page": str(page), "pageSize": "2"})) for page in (1, 2, 3, 4)]
    assert [numbers(page["Invoices"]) for page in pages] == [["INV-0", "INV-1"], ["INV-2", "INV-3"], ["INV-4"], []]
    assert pages[0]["pagination"] == {"page": 1, "pageSize": 2, "pageCount": 3, "itemCount": 5}


@pytest.mark.parametrize(("asked", "given"), [("0", 1), ("5000", 1000), ("x", 100)])
async def test_a_page_size_out_of_range_is_clamped(visitor, asked, given):
    answer = decoded(await visitor.get(INVOICES, {"page": "1", "pageSize": asked}))
    assert answer["pagination"]["pageSize"] == given


async def test_a_hundred_is_the_usual_page_and_page_underscore_size_means_nothing(visitor):
    answer = decoded(await visitor.get(INVOICES, {"page": "1", "page_size": "2"}))
    assert answer["pagination"]["pageSize"] == 100
    assert len(answer["Invoices"]) == 5


async def test_unpaged_lists_have_neither_pagination_nor_line_items(visitor):
    answer = decoded(await visitor.get(INVOICES))
    assert "pagination" not in answer
    assert all(each["LineItems"] == [] for each in answer["Invoices"])
    assert all(each["LineItems"] for each in await visitor.invoices({"page": "1"}))


@pytest.mark.parametrize("query", [{"summaryOnly": "true"}, {"Statuses": "AUTHORISED"}])
async def test_summary_and_statuses_force_paging(visitor, query):
    assert "pagination" in decoded(await visitor.get(INVOICES, query))


async def test_the_order_is_when_records_changed_then_their_id(visitor):
    visitor.clock.forward(seconds=1)
    visitor.acme.pay(named(visitor, "INV-1"), Decimal("1.00"))
    assert numbers(await visitor.invoices()) == ["INV-0", "INV-2", "INV-3", "INV-4", "INV-1"]
    for index in range(20):
        visitor.an_invoice(f"TIE-{index}")
    ties = [each["InvoiceID"] for each in await visitor.invoices() if each["InvoiceNumber"].startswith("TIE")]
    assert ties == sorted(ties)


async def test_a_silent_change_keeps_its_place_in_the_order(visitor):
    await visitor.invoices()
    visitor.acme.change_due_date(named(visitor, "INV-1"), visitor.clock.now.date(), silent=True)
    assert numbers(await visitor.invoices()) == ["INV-0", "INV-1", "INV-2", "INV-3", "INV-4"]


async def test_the_same_question_after_a_change_gets_the_new_answer(visitor):
    query = {"Statuses": "AUTHORISED"}
    assert len(await visitor.invoices(query)) == 5
    visitor.acme.void(named(visitor, "INV-1"))
    assert len(await visitor.invoices(query)) == 4
    visitor.acme.forget(named(visitor, "INV-2"))
    assert numbers(await visitor.invoices(query)) == ["INV-0", "INV-3", "INV-4"]


async def test_another_order_may_be_asked_for(visitor):
    asked = ALL_SALES | {"order": "InvoiceNumber DESC"}
    assert numbers(await visitor.invoices(asked)) == ["INV-4", "INV-3", "INV-2", "INV-1", "INV-0"]


async def test_modified_since_gives_only_what_changed_later(visitor):
    since = f"{visitor.clock.now - timedelta(seconds=2):%Y-%m-%dT%H:%M:%S}"
    assert numbers(await visitor.invoices(If_Modified_Since=since)) == ["INV-3", "INV-4"]


async def test_with_no_change_the_answer_is_200_and_empty(visitor):
    answer = await visitor.get(INVOICES, ALL_SALES, If_Modified_Since="2030-01-01T00:00:00")
    assert (answer.status_code, answer.json()["Invoices"]) == (200, [])
    assert answer.json()["pagination"]["itemCount"] == 0


@pytest.mark.parametrize(
    "value",
    [
        "Fri, 20 Nov 2026 12:00:00 GMT",
        "2026-11-20T12:00:00Z",
        "2026-11-20T12:00:00.123",
        "20/11/2026",
        "2026-13-40T99:00:00",
    ],
)
async def test_other_forms_of_modified_since_are_refused_in_strict_mode(visitor, value):
    assert (await visitor.get(INVOICES, ALL_SALES, If_Modified_Since=value)).status_code == 400


@pytest.mark.parametrize(
    "value", ["Fri, 20 Nov 2026 12:00:03 GMT", "2026-11-20T12:00:03Z", "2026-11-20T13:00:03+01:00"]
)
async def test_a_lenient_xero_reads_other_forms(value):
    visitor = Visitor(switches=Switches(strict_modified_since=False))
    await visitor.connect()
    fill(visitor)
    assert numbers(await visitor.invoices(If_Modified_Since=value)) == ["INV-3", "INV-4"]
    assert len(await visitor.invoices(If_Modified_Since="yesterday")) == 5


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ('Type=="ACCREC"', 6),
        ('Type=="ACCPAY"', 1),
        ('Type=="ACCREC" AND AmountDue>0', 5),
        ('Type=="ACCREC"&&AmountDue>=30', 3),
        ('InvoiceNumber == "INV-2"', 1),
        ('Status=="PAID"', 1),
        ("DueDate >= DateTime(2026,12,05)", 1),
        ('Contact.Name=="Quayside Books" and AmountDue < 30.5', 4),
    ],
)
async def test_the_optimised_filters_are_served(visitor, where, found):
    visitor.an_invoice("BILL", type="ACCPAY", due_in=40)
    visitor.an_invoice("DONE", status="PAID")
    assert len(await visitor.invoices({"where": where, "page": "1"})) == found


@pytest.mark.parametrize(
    "where",
    [
        'Type!="ACCREC"',
        'Type=="ACCREC" OR Type=="ACCPAY"',
        'Contact.Name.Contains("Q")',
        'Nonsense=="1"',
        'Type=="ACCREC" AND',
        'Type>"A"',
        "AmountDue==true",
        'AmountDue>"0"',
        "DueDate>DateTime(2026,2,31)",
        '"',
    ],
)
async def test_other_filters_are_refused(visitor, where):
    answer = await visitor.get(INVOICES, {"where": where, "page": "1"})
    assert (answer.status_code, answer.json()["Type"]) == (400, "QueryParseException")


async def test_ids_numbers_contacts_and_statuses_narrow_the_list(visitor):
    two = [named(visitor, "INV-1"), named(visitor, "INV-3")]
    other = visitor.an_invoice("OTHER", contact=visitor.acme.add_contact("Other"))
    by_ids = await visitor.invoices({"IDs": ",".join(each.id.upper() for each in two), "page": "1"})
    by_numbers = await visitor.invoices({"InvoiceNumbers": "INV-1, INV-3", "page": "1"})
    by_contact = await visitor.invoices({"ContactIDs": other.contact.id, "page": "1"})
    assert numbers(by_ids) == numbers(by_numbers) == ["INV-1", "INV-3"]
    assert numbers(by_contact) == ["OTHER"]
    visitor.acme.pay(two[0])
    assert "INV-1" not in numbers(await visitor.invoices({"Statuses": "AUTHORISED,DRAFT"}))
    assert numbers(await visitor.invoices({"Statuses": "PAID"})) == ["INV-1"]


async def test_voided_invoices_stay_in_an_unfiltered_delta(visitor):
    visitor.clock.forward(seconds=5)
    visitor.acme.void(named(visitor, "INV-0"))
    since = f"{visitor.clock.now - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"
    [found] = await visitor.invoices(If_Modified_Since=since)
    assert (found["InvoiceNumber"], found["Status"]) == ("INV-0", "VOIDED")


@pytest.mark.parametrize("listed", [True, False])
async def test_whether_deleted_invoices_are_listed_is_a_switch(listed):
    visitor = Visitor(switches=Switches(deleted_listed=listed))
    await visitor.connect()
    draft = visitor.an_invoice("GONE", status="DRAFT")
    visitor.acme.delete(draft)
    assert (numbers(await visitor.invoices()) == ["GONE"]) is listed
    assert (numbers(await visitor.invoices({"IDs": draft.id, "page": "1"})) == ["GONE"]) is listed


async def test_a_forgotten_invoice_leaves_no_trace(visitor):
    gone = named(visitor, "INV-2")
    visitor.acme.forget(gone)
    assert "INV-2" not in numbers(await visitor.invoices())
    assert await visitor.invoices({"IDs": gone.id, "page": "1"}) == []


async def test_archived_contacts_need_to_be_asked_for(visitor):
    old = visitor.acme.add_contact("Old Friend", "old@example.com")
    visitor.acme.archive(old)
    assert [each["Name"] for each in await visitor.contacts()] == ["Quayside Books"]
    assert len(await visitor.contacts({"includeArchived": "true", "page": "1"})) == 2
    assert await visitor.contacts({"IDs": old.id, "page": "1"}) == []


async def test_whether_ids_find_archived_contacts_is_a_switch():
    visitor = Visitor(switches=Switches(archived_by_ids=True))
    await visitor.connect()
    old = visitor.acme.add_contact("Old Friend", "old@example.com")
    visitor.acme.archive(old)
    assert len(await visitor.contacts({"IDs": old.id, "page": "1"})) == 1


async def test_contact_persons_come_in_paged_lists_only(visitor):
    visitor.acme.add_contact("Two People", persons=[Person("Mia", "Otto", "mia@example.com", include=False)])
    [_, unpaged] = await visitor.contacts({"includeArchived": "false"})
    [_, paged] = await visitor.contacts({"page": "1"})
    assert unpaged["ContactPersons"] == []
    assert paged["ContactPersons"] == [
        {"FirstName": "Mia", "LastName": "Otto", "EmailAddress": "mia@example.com", "IncludeInEmails": False}
    ]


async def test_filtering_contacts_by_what_is_not_indexed_is_refused(visitor):
    answer = await visitor.get("/api.xro/2.0/Contacts", {"where": "IsCustomer==true", "page": "1"})
    assert answer.status_code == 400


async def test_a_url_beyond_the_switched_length_is_refused():
    visitor = Visitor(switches=Switches(longest_url=200))
    await visitor.connect()
    assert (await visitor.get(INVOICES, {"IDs": "x" * 200})).status_code == 414
    assert (await visitor.get(INVOICES, {"IDs": "x"})).status_code == 200
