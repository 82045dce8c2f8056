"""The gate before a letter that thanks for a payment: each test changes one fact of one that may go."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core.reminders.facts import HoldFact, HoldReason
from core.reminders.gate import Send, Why, may_send
from core.reminders.rules import THANKS
from tests.core.reminders.builders import DAY, INVOICE, NOW, OTHER, TODAY, a_letter, a_line, invoice_now, policy

MONDAY, FRIDAY, SATURDAY = TODAY - DAY, TODAY - 4 * DAY, TODAY - 3 * DAY
PAID = invoice_now(
    status="PAID", amount_due=Decimal(0), amount_paid=Decimal(120), fully_paid_on=MONDAY, due_on=TODAY - 20 * DAY
)


def whys(now=PAID, *, sent=frozenset({7}), thank=True, letter=None, **line):
    facts = letter or a_letter(a_line(step=THANKS.days, now=now, sent=sent, **line))
    found = may_send(facts, policy(thank=thank), NOW)
    return [] if isinstance(found, Send) else [reason.why for reason in found.reasons]


def test_the_day_after_the_payment_thanks_may_go():
    assert whys() == []


def test_only_where_the_rules_want_it():
    assert whys(thank=False) == [Why.NO_THANKS]


@pytest.mark.parametrize("changed", [
    {"status": "AUTHORISED"}, {"status": "VOIDED"}, {"status": None}, {"amount_due": Decimal("0.01")},
    {"amount_due": None}, {"amount_paid": Decimal(0)}, {"amount_paid": None}, {"amount_paid": Decimal(-1)},
], ids=str)  # fmt: skip
def test_only_for_what_is_paid_and_not_merely_credited(changed):
    assert whys(replace(PAID, **changed)) == [Why.NOT_PAID]


@pytest.mark.parametrize("on", [None, TODAY, FRIDAY, TODAY + DAY])
def test_only_on_the_first_send_day_after_the_payment(on):
    assert whys(replace(PAID, fully_paid_on=on)) == [Why.STEP_NOT_DUE]


def test_after_a_weekend_it_is_monday():
    monday = NOW - timedelta(days=1)
    for on in (FRIDAY, SATURDAY):
        line = a_line(step=THANKS.days, now=replace(PAID, fully_paid_on=on), sent=frozenset({7}))
        letter = a_letter(line, day=MONDAY, last_success_at=monday, read_at=monday)
        assert may_send(letter, policy(thank=True), monday) == Send()


def test_only_once_and_only_to_who_had_been_reminded():
    assert whys(sent=frozenset({7, THANKS.days})) == [Why.STEP_SENT]
    assert whys(sent=frozenset()) == [Why.STEP_NOT_DUE]


def test_what_is_odd_gets_no_thanks():
    assert whys(replace(PAID, currency="QQQ")) == [Why.ODD_CURRENCY]
    assert whys(replace(PAID, due_on=None)) == [Why.NO_DUE_DATE]
    assert whys(replace(PAID, type="ACCPAY")) == [Why.NOT_SALES]
    assert whys(replace(PAID, contact_id=OTHER)) == [Why.OTHER_CUSTOMER]
    assert whys(None) == [Why.UNKNOWN]


def test_a_hold_holds_thanks_too():
    assert whys(holds=(HoldFact(HoldReason.DISPUTED),)) == [Why.DISPUTED]
    line = a_line(step=THANKS.days, now=PAID, sent=frozenset({7}))
    assert whys(letter=a_letter(line, letter_days=(TODAY,))) == [Why.LETTER_TODAY]


def test_a_reminder_asks_nothing_of_the_rules_for_thanks():
    assert whys(letter=a_letter(a_line(invoice_id=INVOICE)), thank=False) == []
