"""How single records look, and what changes do to them."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from sandbox.xero import BooksError, Person, Switches
from sandbox.xero.webhooks import sign
from tests.sandbox.xero.visitor import Visitor


@pytest.fixture
async def visitor() -> Visitor:
    made = Visitor()
    await made.connect()
    return made


async def raw(visitor, query=None):
    return (await visitor.get("/api.xro/2.0/Invoices", query or {"page": "1"})).text


async def test_dates_are_escaped_midnights_and_the_envelope_has_no_offset(visitor):
    visitor.acme.add_invoice(
        visitor.acme.add_contact("A"),
        number="1",
        total=Decimal(1),
        issued_on=date(2026, 10, 14),
        due_on=date(2026, 11, 13),
    )
    text = await raw(visitor)
    assert r'"Date": "\/Date(1791936000000+0000)\/"' in text
    assert '"DueDateString": "2026-11-13T00:00:00"' in text
    assert re.search(r'"DateTimeUTC": "\\/Date\(\d+\)\\/"', text)
    assert '\r\n  "Invoices": [' in text


async def test_a_change_has_the_clocks_moment_to_the_millisecond(visitor):
    visitor.clock.now = datetime(2026, 11, 13, 10, 3, 7, 340_900, tzinfo=UTC)
    visitor.an_invoice()
    [found] = await visitor.invoices()
    assert found["UpdatedDateUTC"] == "/Date(1794564187340+0000)/"
    assert found["UpdatedDateUTCString"] == "2026-11-13T10:03:07Z"


async def test_amounts_are_numbers_with_two_exact_decimals(visitor):
    visitor.an_invoice(total="148062.70")
    text = await raw(visitor)
    assert '"Total": 148062.70,' in text
    assert '"AmountPaid": 0.00,' in text
    assert '"CurrencyRate": 1.000000,' in text


async def test_money_is_never_a_float_and_never_finer_than_a_cent(visitor):
    with pytest.raises(TypeError):
        visitor.acme.pay(visitor.an_invoice(), 1.5)
    with pytest.raises(ValueError, match="two decimals"):
        visitor.an_invoice(total="1.005")


async def test_a_part_payment_leaves_the_rest_due(visitor):
    invoice = visitor.an_invoice(total="100.00")
    visitor.acme.pay(invoice, Decimal("33.33"))
    [found] = await visitor.invoices({"page": "1"})
    assert (found["Status"], found["AmountDue"], found["AmountPaid"]) == (
        "AUTHORISED",
        Decimal("66.67"),
        Decimal("33.33"),
    )
    assert found["Payments"][0]["Amount"] == Decimal("33.33")
    assert "FullyPaidOnDate" not in found


async def test_the_last_payment_makes_it_paid_on_the_payments_date(visitor):
    visitor.acme.pay(visitor.an_invoice(), on=date(2026, 11, 13))
    [found] = await visitor.invoices()
    assert (found["Status"], found["AmountDue"]) == ("PAID", Decimal("0.00"))
    assert found["FullyPaidOnDate"] == "/Date(1794528000000+0000)/"


async def test_an_invoice_can_be_paid_by_credit_alone(visitor):
    visitor.acme.credit(visitor.an_invoice(total="541.25"))
    [found] = await visitor.invoices({"page": "1"})
    assert (found["Status"], found["AmountPaid"], found["AmountCredited"]) == (
        "PAID",
        Decimal("0.00"),
        Decimal("541.25"),
    )
    assert found["CreditNotes"][0]["AppliedAmount"] == Decimal("541.25")
    assert found["Payments"] == []


async def test_removing_a_payment_opens_the_invoice_again(visitor):
    invoice = visitor.an_invoice()
    visitor.acme.pay(invoice)
    visitor.clock.forward(minutes=1)
    visitor.acme.unpay(invoice)
    [found] = await visitor.invoices()
    assert (found["Status"], found["AmountDue"]) == ("AUTHORISED", Decimal("100.00"))
    assert found["UpdatedDateUTCString"] == "2026-11-20T12:01:00Z"
    assert "FullyPaidOnDate" not in found


@pytest.mark.parametrize("act", ["void", "delete", "pay", "credit"])
async def test_what_xero_forbids_is_refused_in_one_sentence(visitor, act):
    invoice = visitor.an_invoice()
    visitor.acme.pay(invoice)
    with pytest.raises(BooksError, match=r"^Invoice INV-1 is PAID and cannot be \w+\.$"):
        getattr(visitor.acme, act)(invoice)


async def test_nobody_pays_more_than_is_due(visitor):
    with pytest.raises(BooksError, match="only 100"):
        visitor.acme.pay(visitor.an_invoice(), Decimal("100.01"))


async def test_a_due_date_moves_the_mark_unless_part_paid_or_silent(visitor):
    plain, part_paid, quiet = (visitor.an_invoice(number) for number in ("PLAIN", "PART", "QUIET"))
    visitor.acme.pay(part_paid, Decimal("1.00"))
    visitor.clock.forward(minutes=1)
    visitor.acme.change_due_date(plain, date(2027, 1, 1))
    visitor.acme.change_due_date(part_paid, date(2027, 1, 1))
    visitor.acme.change_due_date(quiet, date(2027, 1, 1), silent=True)
    found = {each["InvoiceNumber"]: each for each in await visitor.invoices()}
    assert {each["DueDateString"] for each in found.values()} == {"2027-01-01T00:00:00"}
    moved = {number for number, each in found.items() if each["UpdatedDateUTCString"] == "2026-11-20T12:01:00Z"}
    assert moved == {"PLAIN"}


async def test_lists_name_the_contact_and_a_single_invoice_has_the_address(visitor):
    invoice = visitor.an_invoice()
    [listed] = await visitor.invoices({"page": "1"})
    answer = await visitor.get(f"/api.xro/2.0/Invoices/{invoice.id}")
    [single] = answer.json()["Invoices"]
    assert "EmailAddress" not in listed["Contact"]
    assert single["Contact"]["EmailAddress"] == "books@example.com"
    assert single["Contact"]["IsCustomer"] is True
    assert single["LineItems"]


async def test_an_invoice_is_found_by_its_number_too(visitor):
    visitor.an_invoice("INV-77")
    answer = await visitor.get("/api.xro/2.0/Invoices/INV-77")
    assert answer.json()["Invoices"][0]["InvoiceNumber"] == "INV-77"


async def test_summary_only_omits_payments_lines_and_attachments(visitor):
    visitor.acme.pay(visitor.an_invoice(), Decimal("1.00"))
    [found] = await visitor.invoices({"summaryOnly": "true"})
    assert not {"Payments", "LineItems", "HasAttachments", "CISDeduction"} & set(found)
    assert {"AmountDue", "Status", "DueDate", "Contact", "CreditNotes", "UpdatedDateUTC"} <= set(found)


async def test_what_summary_only_leaves_is_a_switch():
    visitor = Visitor(switches=Switches(summary_keys="emptied", summary_keeps_credits=False))
    await visitor.connect()
    visitor.acme.pay(visitor.an_invoice(), Decimal("1.00"))
    [found] = await visitor.invoices({"summaryOnly": "true"})
    assert (found["Payments"], found["LineItems"]) == ([], [])
    assert "CreditNotes" not in found


async def test_contacts_in_summary_lose_persons_and_kind_but_keep_the_address(visitor):
    visitor.acme.add_contact("A", "a@example.com", [Person("M", "O", "m@example.com")])
    [found] = await visitor.contacts({"summaryOnly": "true", "page": "1"})
    assert not {"Addresses", "Balances", "ContactGroups", "ContactPersons", "IsCustomer", "IsSupplier"} & set(found)
    assert found["EmailAddress"] == "a@example.com"


async def test_a_contact_becomes_a_customer_and_owes_without_moving_its_mark(visitor):
    contact = visitor.acme.add_contact("A")
    visitor.clock.forward(minutes=1)
    visitor.an_invoice(contact=contact, due_in=-3, total="12.30")
    [found] = await visitor.contacts()
    assert found["IsCustomer"] is True
    assert found["UpdatedDateUTC"] == "/Date(1795176000000+0000)/"
    answer = await visitor.get(f"/api.xro/2.0/Contacts/{contact.id}")
    assert '"Outstanding": 12.30' in answer.text
    assert '"Overdue": 12.30' in answer.text


async def test_no_due_date_means_no_due_date_fields(visitor):
    today = visitor.clock.now.date()
    visitor.acme.add_invoice(visitor.acme.add_contact("A"), number="1", total=Decimal(1), issued_on=today, due_on=None)
    [found] = await visitor.invoices()
    assert not {"DueDate", "DueDateString"} & set(found)


async def test_raw_records_say_what_they_are_told_to(visitor):
    visitor.acme.add_raw_invoice(
        {"100% Odd": 1, "Total": "a lot", "DueDate": "/Date(oops)/", "Status": None, "InvoiceID": ...}
    )
    [found] = await visitor.invoices()
    assert (found["Total"], found["DueDate"], found["Status"]) == ("a lot", "/Date(oops)/", None)
    assert found["100% Odd"] == 1
    assert "InvoiceID" not in found


async def test_names_travel_as_they_are(visitor):
    name = 'Łódź "Quoted" \\ <b> & 東京 100% /Date(1)/ ☕'
    visitor.an_invoice(contact=visitor.acme.add_contact(name))
    [found] = await visitor.invoices()
    assert found["Contact"]["Name"] == name


async def test_a_foreign_invoice_has_its_currency_and_rate(visitor):
    visitor.an_invoice(currency="EUR")
    [found] = await visitor.invoices()
    assert (found["CurrencyCode"], found["CurrencyRate"]) == ("EUR", Decimal("1.170000"))


async def test_the_payment_link_exists_for_approved_sales_invoices_only(visitor):
    open_one, draft = visitor.an_invoice(), visitor.an_invoice("D", status="DRAFT")
    good = await visitor.get(f"/api.xro/2.0/Invoices/{open_one.id}/OnlineInvoice")
    assert good.json()["OnlineInvoices"][0]["OnlineInvoiceUrl"].startswith("https://in.xero.com/")
    assert (await visitor.get(f"/api.xro/2.0/Invoices/{draft.id}/OnlineInvoice")).status_code == 400


async def test_a_scheduled_change_lands_at_its_own_moment_however_far_the_clock_jumps(visitor):
    invoice = visitor.an_invoice()
    start = visitor.clock.now
    visitor.acme.schedule(start + timedelta(hours=2), lambda: visitor.acme.pay(invoice))
    visitor.acme.schedule(start + timedelta(hours=1), lambda: visitor.acme.change_due_date(invoice, date(2027, 1, 1)))
    visitor.clock.forward(minutes=90)
    await visitor.connect()
    [found] = await visitor.invoices()
    assert (found["Status"], found["UpdatedDateUTCString"]) == ("AUTHORISED", "2026-11-20T13:00:00Z")
    visitor.clock.forward(days=3)
    assert visitor.acme.outstanding() == []
    await visitor.connect()
    [found] = await visitor.invoices()
    assert (found["Status"], found["UpdatedDateUTCString"]) == ("PAID", "2026-11-20T14:00:00Z")


async def test_a_webhook_tells_of_each_change_and_is_signed(visitor):
    invoice = visitor.an_invoice()
    visitor.acme.pay(invoice)
    delivery = visitor.xero.webhooks.take("key")
    assert b'"eventCategory": "INVOICE", "eventType": "UPDATE"' in delivery.body
    assert len(delivery.signature) == 44
    assert visitor.xero.webhooks.take("key") is None


async def test_webhooks_are_silent_about_organisations_that_are_not_connected(visitor):
    visitor.xero.revoke(visitor.acme)
    visitor.an_invoice()
    assert visitor.xero.webhooks.take("key") is None


async def test_the_webhook_ping_is_empty_and_signed_rightly_or_wrongly(visitor):
    right, wrong = (visitor.xero.webhooks.intent_to_receive("key", good=good) for good in (True, False))
    assert sign(right.body, "key") == right
    assert sign(wrong.body, "key") != wrong
    assert b'"events": [], "firstEventSequence": 0, "lastEventSequence": 0' in right.body
