"""The plan: who gets what when, what is held and why, and how old debts spread."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from core.reminders.facts import HoldFact, HoldReason
from core.reminders.gate import Why
from core.reminders.plan import Plan, plan
from tests.core.reminders.builders import DAY, HOUR, NOW, TODAY, a_customer, a_debt, policy

OLD = TODAY - 200 * DAY


def shown(made: Plan) -> list[tuple[str, date, list[tuple[str, int]]]]:
    return [
        (letter.customer.name, letter.day, [(line.debt.number, line.step.days) for line in letter.lines])
        for letter in made.letters
    ]


def test_one_letter_a_day_covers_all_invoices_of_a_customer():
    one = a_customer(a_debt(1), a_debt(2, due_on=OLD), a_debt(3, due_on=TODAY + 60 * DAY))
    made = plan([one], policy(), NOW, slots=1)
    assert shown(made) == [("Customer 7", TODAY, [("INV-0001", 0), ("INV-0002", 14)])]


def test_the_whole_ladder_of_an_invoice_lies_ahead():
    made = plan([a_customer(a_debt(due_on=date(2026, 11, 27)))], policy(), NOW, slots=30)
    assert [(letter.day, letter.lines[0].step.days) for letter in made.letters] == [
        (date(2026, 11, 24), -3),
        (date(2026, 11, 27), 0),
        (date(2026, 12, 8), 7),
        (date(2026, 12, 17), 14),
    ]


def test_a_third_letter_in_a_week_waits_until_the_week_is_over():
    debts = [a_debt(n, due_on=TODAY + n * DAY) for n in range(4)]
    made = plan([a_customer(*debts)], policy(steps=policy().rules.steps[1:2]), NOW, slots=8)
    assert [letter.day for letter in made.letters] == [TODAY, TODAY + DAY, TODAY + 7 * DAY]
    assert [line.debt.number for line in made.letters[2].lines] == ["INV-0002", "INV-0003"]


def test_the_cap_an_hour_spreads_many_customers_oldest_debts_first():
    many = [a_customer(a_debt(n, due_on=OLD + n * DAY), number=n) for n in range(40)]
    made = plan(many, policy(per_hour=2), NOW, slots=3)
    assert Counter(letter.day for letter in made.letters) == {TODAY: 15, TODAY + DAY: 16, TODAY + 2 * DAY: 9}
    assert [letter.customer.contact_id.int for letter in made.letters] == list(range(40))
    assert all(b.at - a.at == HOUR / 2 for a, b in pairwise(made.letters[:15]))


def test_letters_of_the_last_hour_count():
    many = [a_customer(a_debt(n, due_on=OLD), number=n) for n in range(40)]
    assert len(plan(many, policy(per_hour=2), NOW, slots=1, last_hour=2).letters) == 13


def test_what_is_held_is_listed_with_the_reason_and_its_last_day():
    until = TODAY + 3 * DAY
    debts = [
        a_debt(1, holds=(HoldFact(HoldReason.DISPUTED),)),
        a_debt(2, holds=(HoldFact(HoldReason.PROMISED, until),)),
        a_debt(3, expected_on=until),
        a_debt(4, due_on=None),
        a_debt(5, currency="QQQ"),
        a_debt(6, amount_due=Decimal("4.99")),
    ]
    made = plan([a_customer(*debts)], policy(minimums={"GBP": Decimal(5)}), NOW, slots=1)
    assert made.letters == []
    assert [(held.debt.number, held.why, held.until) for held in made.held] == [
        ("INV-0001", Why.DISPUTED, None),
        ("INV-0002", Why.PROMISED, until),
        ("INV-0003", Why.PROMISED, until),
        ("INV-0004", Why.NO_DUE_DATE, None),
        ("INV-0005", Why.ODD_CURRENCY, None),
        ("INV-0006", Why.BELOW_MINIMUM, None),
    ]


def test_a_broken_promise_goes_on_the_day_after():
    made = plan([a_customer(a_debt(expected_on=TODAY + DAY))], policy(), NOW)
    assert shown(made)[0] == ("Customer 7", TODAY + 2 * DAY, [("INV-0001", 0)])


def test_customers_who_cannot_be_written_to_are_listed():
    silent = a_customer(a_debt(1), number=1, recipients=())
    gone = a_customer(a_debt(2), number=2, unsubscribed=True)
    forgotten = a_customer(a_debt(3), number=3, status="GDPRREQUEST")
    held = a_customer(a_debt(4), number=4, holds=(HoldFact(HoldReason.OTHER, TODAY),))
    made = plan([silent, gone, forgotten, held], policy(), NOW)
    assert made.letters == []
    assert made.unreachable == [silent]
    assert [one.why for one in made.held] == [Why.NO_RECIPIENT, Why.UNSUBSCRIBED, Why.NOT_WRITABLE, Why.HELD]


def test_an_invoice_at_the_end_of_its_ladder_is_counted_and_left():
    made = plan([a_customer(a_debt(due_on=OLD, sent=frozenset({14})))], policy(), NOW)
    assert (made.letters, made.finished) == ([], 1)


CUSTOMERS = st.lists(
    st.builds(
        lambda dues, sent, days: (dues, sent, days),
        st.lists(st.integers(-40, 40), min_size=1, max_size=4),
        st.sampled_from([frozenset(), frozenset({-3}), frozenset({0}), frozenset({7})]),
        st.lists(st.integers(-9, 0), max_size=3),
    ),
    max_size=6,
)


@settings(max_examples=100, deadline=None)
@given(CUSTOMERS, st.integers(1, 5))
def test_no_plan_breaks_a_cap_or_repeats_a_step(spec, per_hour):
    customers = [
        a_customer(
            *(a_debt(100 * n + i, due_on=TODAY + timedelta(days=due), sent=sent) for i, due in enumerate(dues)),
            number=n,
            letter_days=tuple(TODAY + timedelta(days=day) for day in days),
        )
        for n, (dues, sent, days) in enumerate(spec)
    ]
    made = plan(customers, policy(per_hour=per_hour), NOW, slots=15)
    pairs = [(line.debt.number, line.step.days) for letter in made.letters for line in letter.lines]
    assert len(pairs) == len(set(pairs))
    assert all(line.step.days > max(line.debt.sent, default=-99) for x in made.letters for line in x.lines)
    for customer in customers:
        got = sorted(
            [*customer.letter_days, *(x.day for x in made.letters if x.customer.contact_id == customer.contact_id)]
        )
        new = [day for day in got if day >= TODAY]
        for day in {x.day for x in made.letters if x.customer.contact_id == customer.contact_id}:
            assert new.count(day) == 1
            assert sum(day - 7 * DAY < other <= day for other in got) <= 2
    for moment in [letter.at for letter in made.letters]:
        assert sum(moment <= letter.at < moment + HOUR for letter in made.letters) <= per_hour


def test_what_credit_would_cover_is_held_in_the_plan_unless_somebody_allowed_it():
    debts = a_debt(1, amount_due=Decimal(50)), a_debt(2, amount_due=Decimal(51))
    made = plan([a_customer(*debts, unapplied={"GBP": Decimal(50)})], policy(), NOW, slots=1)
    assert shown(made) == [("Customer 7", TODAY, [("INV-0002", 0)])]
    assert [(held.debt.number, held.why) for held in made.held] == [("INV-0001", Why.UNAPPLIED)]
    allowed = a_customer(*debts, unapplied={"GBP": Decimal(50)}, allowed={"GBP": Decimal(50)})
    assert len(plan([allowed], policy(), NOW, slots=1).letters[0].lines) == 2
    assert not plan([a_customer(*debts, unapplied={"EUR": Decimal(50)})], policy(), NOW, slots=1).held
