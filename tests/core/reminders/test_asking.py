"""What Xero may answer about customers and their credit just before a letter goes; what is odd is not known."""

import json
from decimal import Decimal
from uuid import UUID

import pytest

from core.errors import Superseded, XeroUnavailable
from core.reminders import asking
from core.reminders.asking import AskedAfresh, pay_link
from tests.core.reminders.builders import CUSTOMER, INVOICE, NOW, OTHER


class Answers:
    """Xero, answering each path with what the test gives; an exception is raised."""

    def __init__(self, **by_name) -> None:
        self.by_name = by_name
        self.meter = type("Meter", (), {"day_left": 900})

    async def get(self, path: str, params=None) -> bytes:
        found = self.by_name.get(path.split("/")[-1], {path: []})
        if isinstance(found, Exception):
            raise found
        return found if isinstance(found, bytes) else json.dumps(found).encode()


def a_paper(owner: UUID = CUSTOMER, **changed) -> dict:
    paper = {"CurrencyCode": "GBP", "RemainingCredit": 50.0, "Type": "ACCRECCREDIT", "Status": "AUTHORISED"}
    return paper | {"Contact": {"ContactID": str(owner)}} | changed


async def credit_of(*papers: dict, **more):
    answers = Answers(CreditNotes={"CreditNotes": list(papers)} | more)
    return await AskedAfresh().of(answers, [CUSTOMER], payments=False)


async def test_what_a_customer_has_left_is_added_up_and_what_is_not_theirs_is_not():
    supplier, used = a_paper(Type="ACCPAYCREDIT"), a_paper(Status="PAID")
    assert await credit_of(a_paper(), a_paper(), a_paper(OTHER), supplier, used) == {CUSTOMER: {"GBP": Decimal(100)}}


@pytest.mark.parametrize("odd", [
    {"Type": "ACCRECSOMETHING"}, {"Status": "FROZEN"}, {"RemainingCredit": -1}, {"RemainingCredit": "NaN"},
    {"Contact": {}}, {"RemainingCredit": None}, {"CurrencyCode": None},
], ids=str)  # fmt: skip
async def test_a_paper_of_which_anything_is_odd_makes_all_credit_unknown(odd):
    assert await credit_of(a_paper(), a_paper(**odd)) is None


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b'{"Invoices": []}', b'{"CreditNotes": null}'])
async def test_an_answer_that_is_none_makes_credit_unknown(answer):
    assert await AskedAfresh().of(Answers(CreditNotes=answer), [CUSTOMER], payments=False) is None


async def test_a_full_page_that_does_not_say_whether_it_is_the_last_makes_credit_unknown(monkeypatch):
    monkeypatch.setattr(asking, "PAGE_SIZE", 2)
    assert await credit_of(a_paper(), a_paper()) is None
    assert await credit_of(a_paper(), a_paper(), pagination={"pageCount": 1}) == {CUSTOMER: {"GBP": Decimal(100)}}


@pytest.mark.parametrize(("times", "known"), [(0, False), (1, True), (2, False)])
async def test_a_customer_who_stands_in_the_answer_twice_is_not_known(times, known):
    contact = {"ContactID": str(CUSTOMER), "Name": "Quayside Books", "EmailAddress": "a@example.com",
               "ContactStatus": "ACTIVE", "UpdatedDateUTC": "/Date(1700000000000+0000)/"}  # fmt: skip
    answers = Answers(Contacts={"Contacts": [contact] * times}, Invoices={"Invoices": []})
    fresh = await asking.ask(
        answers, AskedAfresh(), [INVOICE], [CUSTOMER], payments=False, calls_kept=10, now=NOW
    )  # fmt: skip
    assert (CUSTOMER in fresh.customers) is known


@pytest.mark.parametrize("trouble", [XeroUnavailable("x"), Superseded("x"), b"<html>", {"OnlineInvoices": []}], ids=str)
async def test_a_pay_link_that_is_not_to_be_had_is_left_out(trouble):
    assert await pay_link(Answers(OnlineInvoice=trouble), INVOICE) == ""
