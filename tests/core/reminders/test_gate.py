"""Each clause of the gate, one test each; `make mutants` sees that none could be missing unnoticed."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from core.reminders.facts import HoldFact, HoldReason
from core.reminders.gate import Reason, Send, Why, Withhold, may_send
from tests.core.reminders.builders import (
    CUSTOMER,
    DAY,
    HOUR,
    INVOICE,
    MINUTE,
    NOW,
    OTHER,
    TODAY,
    a_letter,
    a_line,
    invoice_now,
    policy,
)

SECOND = timedelta(seconds=1)


def reasons(facts, rules=None, now=NOW) -> list[Reason]:
    """Sorted by name; empty for a letter that may go."""
    found = may_send(facts, rules or policy(), now)
    return [] if isinstance(found, Send) else sorted(found.reasons, key=lambda reason: reason.why)


def whole(*whys: Why) -> list[Reason]:
    return [Reason(why) for why in sorted(whys)]


def line(*whys: Why) -> list[Reason]:
    return [Reason(why, INVOICE) for why in sorted(whys)]


def about(**changed):
    """The reasons for a letter whose invoice, asked afresh, looks like this."""
    return reasons(a_letter(a_line(now=invoice_now(**changed))))


def test_a_letter_nothing_speaks_against_goes():
    assert may_send(a_letter(), policy(), NOW) == Send()


def test_nothing_goes_before_somebody_started_reminders():
    assert reasons(a_letter(), policy(started=False)) == whole(Why.NOT_STARTED)


@pytest.mark.parametrize("state", ["reconnect_needed", "disconnected", "something new", None])
def test_nothing_goes_without_an_active_connection(state):
    assert reasons(a_letter(connection_state=state)) == whole(Why.NOT_CONNECTED)


def test_books_are_good_for_six_hours_and_not_longer():
    assert reasons(a_letter(last_success_at=NOW - 6 * HOUR)) == []
    assert reasons(a_letter(last_success_at=NOW - 6 * HOUR - SECOND)) == whole(Why.BOOKS_OLD)


def test_books_never_synced_or_synced_in_the_future_are_not_trusted():
    assert reasons(a_letter(last_success_at=None)) == whole(Why.BOOKS_OLD)
    assert reasons(a_letter(last_success_at=NOW + SECOND)) == whole(Why.BOOKS_OLD)


def test_what_xero_said_is_good_for_five_minutes_and_not_longer():
    assert reasons(a_letter(read_at=NOW - 5 * MINUTE)) == []
    assert reasons(a_letter(read_at=NOW - 5 * MINUTE - SECOND)) == whole(Why.NOT_FRESH)


def test_a_letter_about_invoices_xero_was_not_asked_about_does_not_go():
    assert reasons(a_letter(read_at=None)) == whole(Why.NOT_FRESH)
    assert reasons(a_letter(read_at=NOW + SECOND)) == whole(Why.NOT_FRESH)


def test_a_reserve_of_the_days_calls_is_left_alone():
    assert reasons(a_letter(calls_left=10, calls_kept=10)) == []
    assert reasons(a_letter(calls_left=9, calls_kept=10)) == whole(Why.QUOTA)
    assert reasons(a_letter(calls_left=None)) == whole(Why.QUOTA)


def test_a_letter_goes_only_while_its_slot_is_open():
    assert reasons(a_letter(read_at=NOW - 31 * MINUTE), now=NOW - 31 * MINUTE) == whole(Why.OUTSIDE_WINDOW)
    late = NOW.replace(hour=17, minute=0)
    assert reasons(a_letter(read_at=late, last_success_at=late), now=late) == whole(Why.OUTSIDE_WINDOW)


def test_a_letter_of_yesterdays_slot_does_not_go_today():
    assert reasons(a_letter(day=TODAY - DAY)) == whole(Why.OUTSIDE_WINDOW)


def test_the_workspaces_cap_an_hour_is_kept():
    assert reasons(a_letter(last_hour=59)) == []
    assert reasons(a_letter(last_hour=60)) == whole(Why.HOUR_FULL)


def test_a_customer_gets_one_letter_a_day():
    assert reasons(a_letter(letter_days=(TODAY,))) == whole(Why.LETTER_TODAY)


def test_a_customer_gets_two_letters_a_week():
    assert reasons(a_letter(letter_days=(TODAY - 6 * DAY,))) == []
    assert reasons(a_letter(letter_days=(TODAY - 6 * DAY, TODAY - DAY))) == whole(Why.WEEK_FULL)
    assert reasons(a_letter(letter_days=(TODAY - 7 * DAY, TODAY - DAY))) == []
    assert reasons(a_letter(letter_days=(TODAY - DAY, TODAY))) == whole(Why.LETTER_TODAY, Why.WEEK_FULL)
    assert reasons(a_letter(letter_days=(TODAY + DAY, TODAY + 2 * DAY))) == []


def test_a_customer_without_a_working_address_gets_nothing():
    assert reasons(a_letter(recipients=())) == whole(Why.NO_RECIPIENT)


@pytest.mark.parametrize("known", [True, None])
def test_who_unsubscribed_or_may_have_gets_nothing(known):
    assert reasons(a_letter(unsubscribed=known)) == whole(Why.UNSUBSCRIBED)


@pytest.mark.parametrize("status", ["GDPRREQUEST", "SOMETHING", "UNKNOWN", None])
def test_customers_who_may_not_be_written_to_get_nothing(status):
    assert reasons(a_letter(contact_status=status)) == whole(Why.NOT_WRITABLE)


def test_an_archived_customer_who_owes_is_written_to():
    assert reasons(a_letter(contact_status="ARCHIVED")) == []


def test_a_letter_about_nothing_does_not_go():
    assert reasons(replace(a_letter(), lines=())) == whole(Why.EMPTY)


@pytest.mark.parametrize(
    ("reason", "why"),
    [(HoldReason.DISPUTED, Why.DISPUTED), (HoldReason.PROMISED, Why.PROMISED), (HoldReason.OTHER, Why.HELD)],
)
def test_a_hold_on_customer_or_invoice_keeps_the_letter_back_through_its_last_day(reason, why):
    through = (HoldFact(reason, TODAY),)
    over = (HoldFact(reason, TODAY - DAY),)
    assert reasons(a_letter(holds=through)) == whole(why)
    assert reasons(a_letter(a_line(holds=through))) == line(why)
    assert reasons(a_letter(a_line(holds=over), holds=over)) == []
    assert reasons(a_letter(holds=(HoldFact(reason),))) == whole(why)


def test_an_invoice_xero_did_not_show_is_not_chased():
    assert reasons(a_letter(a_line(now=None))) == line(Why.UNKNOWN)


@pytest.mark.parametrize("kind", ["ACCPAY", "SOMETHING", None])
def test_only_sales_invoices_are_chased(kind):
    assert about(type=kind) == line(Why.NOT_SALES)


@pytest.mark.parametrize("status", ["PAID", "VOIDED", "DELETED", "DRAFT", "SUBMITTED", "NEVER SEEN", None])
def test_only_approved_invoices_are_chased(status):
    assert about(status=status) == line(Why.NOT_OUTSTANDING)


def test_an_invoice_of_another_customer_does_not_ride_along():
    assert about(contact_id=OTHER) == line(Why.OTHER_CUSTOMER)
    assert about(contact_id=None) == line(Why.OTHER_CUSTOMER)


@pytest.mark.parametrize("code", ["XXX", "gbp", "", None])
def test_a_currency_nobody_knows_is_not_chased(code):
    assert about(currency=code) == line(Why.ODD_CURRENCY)


def test_an_unknown_amount_is_not_chased():
    assert about(amount_due=None) == line(Why.UNKNOWN)


def test_a_settled_invoice_is_not_chased_even_if_its_status_lags():
    assert about(amount_due=Decimal(0), amount_paid=Decimal(120)) == line(Why.SETTLED)
    assert about(amount_due=Decimal(-5), amount_paid=Decimal(125)) == line(Why.BELOW_MINIMUM, Why.SETTLED)


def test_a_part_paid_invoice_is_chased_for_its_rest():
    assert about(amount_due=Decimal("0.01"), amount_paid=Decimal("119.99")) == []


def test_an_invoice_below_the_minimum_of_its_currency_is_left_alone():
    assert reasons(a_letter(), policy(minimums={"GBP": Decimal("120.00")})) == []
    assert reasons(a_letter(), policy(minimums={"GBP": Decimal("120.01")})) == line(Why.BELOW_MINIMUM)
    assert reasons(a_letter(), policy(minimums={"EUR": Decimal("500")})) == []


@pytest.mark.parametrize(
    "odd",
    [
        {"amount_due": Decimal(119)},
        {"total": None},
        {"amount_paid": None},
        {"amount_credited": None},
        {"amount_credited": Decimal(1)},
        {"amount_paid": Decimal(1)},
        {"fully_paid_on": TODAY},
    ],
)
def test_amounts_that_contradict_each_other_are_not_believed(odd):
    assert about(**odd) == line(Why.CONTRADICTORY)


def test_credit_that_nobody_could_look_up_keeps_the_letter_back():
    assert reasons(a_letter(unapplied=None)) == line(Why.UNAPPLIED_UNKNOWN)


def test_unapplied_credit_that_covers_the_balance_keeps_the_letter_back():
    assert reasons(a_letter(unapplied={"GBP": Decimal("120.00")})) == line(Why.UNAPPLIED)
    assert reasons(a_letter(unapplied={"GBP": Decimal("119.99")})) == []
    assert reasons(a_letter(unapplied={"EUR": Decimal("500")})) == []


def test_credit_that_somebody_has_seen_and_waved_through_does_not_until_it_grows():
    credit = {"GBP": Decimal("150.00")}
    assert reasons(a_letter(unapplied=credit, allowed=credit)) == []
    assert reasons(a_letter(unapplied={"GBP": Decimal("150.01")}, allowed=credit)) == line(Why.UNAPPLIED)


def test_an_invoice_without_a_due_date_is_never_chased():
    assert about(due_on=None) == line(Why.NO_DUE_DATE)


def test_a_due_date_that_moved_since_the_plan_keeps_the_letter_back():
    assert reasons(a_letter(a_line(planned_due_on=TODAY - DAY))) == line(Why.DUE_DATE_MOVED)
    assert reasons(a_letter(a_line(planned_due_on=None))) == line(Why.DUE_DATE_MOVED)


def test_no_step_goes_twice():
    assert reasons(a_letter(a_line(sent=frozenset({0})))) == line(Why.STEP_NOT_DUE, Why.STEP_SENT)


def test_no_step_goes_after_a_later_one():
    assert reasons(a_letter(a_line(sent=frozenset({7})))) == line(Why.STEP_NOT_DUE)


def test_a_step_whose_day_has_not_come_waits():
    soon = date(2026, 11, 25)
    assert reasons(a_letter(a_line(now=invoice_now(due_on=soon), planned_due_on=soon))) == line(Why.STEP_NOT_DUE)


def test_a_step_that_a_later_one_has_overtaken_does_not_go():
    old = TODAY - 60 * DAY
    late = a_line(now=invoice_now(due_on=old), planned_due_on=old)
    assert reasons(a_letter(late)) == line(Why.STEP_NOT_DUE)
    assert reasons(a_letter(replace(late, step=14))) == []


def test_a_step_that_the_rules_no_longer_have_does_not_go():
    assert reasons(a_letter(), policy(steps=())) == line(Why.STEP_NOT_DUE)


def test_what_the_customer_promised_in_xero_is_waited_for():
    assert about(expected_payment_on=TODAY) == line(Why.PROMISED)
    assert about(expected_payment_on=TODAY - DAY) == []


def test_all_that_speaks_against_a_letter_is_named_with_the_invoice_it_is_about():
    second = UUID(int=43)
    lines = (a_line(now=invoice_now(status="PAID")), replace(a_line(), invoice_id=second, now=None))
    found = may_send(a_letter(*lines, recipients=()), policy(), NOW)
    assert isinstance(found, Withhold)
    assert found.reasons == (
        Reason(Why.NO_RECIPIENT),
        Reason(Why.NOT_OUTSTANDING, INVOICE),
        Reason(Why.UNKNOWN, second),
    )
    assert CUSTOMER not in {reason.invoice_id for reason in found.reasons}


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(TypeError):
        may_send(a_letter(), policy(), NOW.replace(tzinfo=None))
