"""Whatever the facts: a letter that the gate lets through is one that everybody would want to have gone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from core.reminders.facts import HoldFact, HoldReason, InvoiceNow, LetterFacts, LineFacts
from core.reminders.gate import Send, Why, Withhold, may_send
from tests.core.reminders.builders import NOW, OTHER, TODAY, a_letter, a_line, invoice_now, policy

DAYS = st.sampled_from([TODAY + timedelta(days=n) for n in (-60, -20, -10, -8, -1, 0, 1, 4, 30)])
MONEY = st.sampled_from([Decimal(n) for n in ("-1", "0", "0.01", "50", "119.99", "120", "500")])
STEPS = st.sampled_from([-3, 0, 7, 14, 3])
MOMENTS = st.sampled_from([NOW + timedelta(minutes=n) for n in (-1000, -361, -360, -6, -5, -1, 0, 1)])
HOLDS = st.lists(st.builds(HoldFact, st.sampled_from(HoldReason), st.none() | DAYS), max_size=2).map(tuple)


def maybe(strategy):
    return st.none() | strategy


INVOICE_FIELDS = {
    "type": st.sampled_from(["ACCPAY", None]),
    "status": st.sampled_from(["PAID", "VOIDED", "NEW", None]),
    "currency": st.sampled_from(["EUR", "QQQ", None]),
    "contact_id": st.sampled_from([OTHER, None]),
    "due_on": maybe(DAYS),
    "total": maybe(MONEY),
    "amount_due": maybe(MONEY),
    "amount_paid": maybe(MONEY),
    "amount_credited": maybe(MONEY),
    "fully_paid_on": maybe(DAYS),
    "expected_payment_on": maybe(DAYS),
}
LINE_FIELDS = {
    "step": STEPS,
    "planned_due_on": maybe(DAYS),
    "sent": st.frozensets(STEPS, max_size=2),
    "holds": HOLDS,
}
LETTER_FIELDS = {
    "day": DAYS,
    "connection_state": st.sampled_from(["reconnect_needed", None]),
    "last_success_at": maybe(MOMENTS),
    "read_at": maybe(MOMENTS),
    "contact_status": st.sampled_from(["ARCHIVED", "GDPRREQUEST", None]),
    "recipients": st.sampled_from([(), ("a@example.com",)]),
    "unsubscribed": st.sampled_from([False, True, None]),
    "unapplied": maybe(st.dictionaries(st.sampled_from(["GBP", "EUR"]), MONEY)),
    "calls_left": maybe(st.integers(0, 1000)),
    "holds": HOLDS,
    "letter_days": st.lists(DAYS, max_size=3).map(tuple),
    "last_hour": st.integers(0, 80),
}


@st.composite
def letters(draw):
    """A letter that may go, with up to two things changed in it, in its invoice and in what was planned."""

    def some(fields):
        names = draw(st.lists(st.sampled_from(sorted(fields)), max_size=2, unique=True))
        return {name: draw(fields[name]) for name in names}

    due_on, step = draw(st.sampled_from([(TODAY, 0), (TODAY - timedelta(days=11), 7), (TODAY - timedelta(60), 14)]))
    now = invoice_now(**({"due_on": due_on} | some(INVOICE_FIELDS)))
    line = a_line(now=now, **({"step": step, "planned_due_on": due_on} | some(LINE_FIELDS)))
    return a_letter(line, **some(LETTER_FIELDS))


LETTERS = letters()
TAKEN_BY_NONE = {Why.UNAPPLIED}
"""With the credit unknown nobody can say any more that it covers the balance."""
ONE_THING = [
    {"connection_state": "disconnected"},
    {"last_success_at": None},
    {"read_at": None},
    {"recipients": ()},
    {"unsubscribed": None},
    {"unapplied": None},
    {"calls_left": None},
    {"contact_status": None},
    {"lines": ()},
]


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(LETTERS, st.sampled_from([True, True, True, False]), st.just(NOW) | MOMENTS)
def test_what_goes_is_owed_asked_afresh_wanted_and_due(letter, started, now):
    went = isinstance(may_send(letter, policy(started=started), now), Send)
    event("went" if went else "held")
    if not went:
        return
    assert started
    assert letter.connection_state == "active"
    assert letter.recipients
    assert letter.unsubscribed is False
    assert now - timedelta(minutes=5) <= letter.read_at <= now
    assert letter.day == now.date()
    assert 9 <= now.hour < 17
    assert letter.day not in letter.letter_days
    for one in letter.lines:
        assert one.now.status == "AUTHORISED"
        assert one.now.type == "ACCREC"
        assert one.now.amount_due > 0
        assert one.now.amount_due == one.now.total - one.now.amount_paid - one.now.amount_credited
        assert one.now.due_on == one.planned_due_on
        assert one.step not in one.sent
        assert one.step > max(one.sent, default=-99)
        assert letter.unapplied.get(one.now.currency, 0) < one.now.amount_due
        assert all(hold.until_on and hold.until_on < now.date() for hold in (*one.holds, *letter.holds))


@settings(max_examples=200, deadline=None)
@given(LETTERS, st.sampled_from(ONE_THING))
def test_taking_a_fact_away_never_opens_the_gate(letter, less):
    before = may_send(letter, policy(), NOW)
    after = may_send(LetterFacts(**(vars(letter) | less)), policy(), NOW)
    assert isinstance(after, Withhold)
    if isinstance(before, Withhold) and "lines" not in less:
        assert {reason.why for reason in before.reasons} - {reason.why for reason in after.reasons} <= TAKEN_BY_NONE


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2 * 365 * 24 * 60))
def test_a_good_letter_goes_exactly_while_a_slot_is_open(minutes):
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    rules = policy(zone="UTC")
    day = now.date()
    letter = a_letter(day=day, read_at=now, last_success_at=now)
    letter = LetterFacts(**(vars(letter) | {"lines": tuple(due_today(line, day) for line in letter.lines)}))
    workday = day.weekday() < 5 and not rules.send_times.calendar.is_holiday(day)
    assert isinstance(may_send(letter, rules, now), Send) == (workday and 9 <= now.hour < 17)


def due_today(line: LineFacts, day: date) -> LineFacts:
    now = InvoiceNow(**(vars(line.now) | {"due_on": day}))
    return LineFacts(**(vars(line) | {"now": now, "planned_due_on": day}))
