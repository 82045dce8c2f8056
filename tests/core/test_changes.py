"""What a record changes in the mirror."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from core.changes import Change, change, is_outstanding, newest_of_each
from storage.invoices import Known

T0 = datetime(2026, 11, 20, 12, tzinfo=UTC)
DUE = date(2026, 12, 4)


def known(status: str = "AUTHORISED", due: int = 100, *, at: datetime = T0, due_on: date = DUE) -> Known:
    return Known(at, status, Decimal(due), due_on)


def row(status: str = "AUTHORISED", due: int = 100, *, at: datetime = T0, due_on: date = DUE) -> dict[str, Any]:
    return {"status": status, "amount_due": Decimal(due), "due_on": due_on, "updated_at": at}


LATER = T0 + timedelta(hours=1)


@pytest.mark.parametrize(
    ("before", "now", "means"),
    [
        (None, row(), Change.ADDED),
        (None, row("PAID", 0), Change.NONE),
        (None, row("DRAFT"), Change.NONE),
        (known(), row(), Change.NONE),
        (known(), row(due=40, at=LATER), Change.CHANGED),
        (known(), row(at=LATER), Change.CHANGED),
        (known(), row(due_on=date(2027, 1, 1)), Change.CHANGED),
        (known(), row("PAID", 0, at=LATER), Change.SETTLED),
        (known(), row("AUTHORISED", 0, at=LATER), Change.SETTLED),
        (known(), row("VOIDED", 0, at=LATER), Change.CHANGED),
        (known(), row("A NEW STATUS", 0, at=LATER), Change.CHANGED),
        (known("PAID", 0), row(at=LATER), Change.ADDED),
        (known("DRAFT"), row(at=LATER), Change.ADDED),
        (known("PAID", 0), row("PAID", 0, at=LATER), Change.NONE),
        (known("DRAFT"), row("SUBMITTED", at=LATER), Change.NONE),
        (known(at=LATER), row("PAID", 0), Change.NONE),
    ],
)
def test_a_change_is_seen_as_those_see_it_who_wait_for_money(
    before: Known | None, now: dict[str, Any], means: Change
) -> None:
    assert change(before, now) is means


def test_outstanding_is_approved_with_something_due() -> None:
    assert is_outstanding("AUTHORISED", Decimal("0.01"))
    assert not is_outstanding("AUTHORISED", Decimal(0))
    assert not is_outstanding("AUTHORISED", Decimal(-5))
    assert not is_outstanding("PAID", Decimal(5))


def test_the_last_word_on_a_record_that_came_twice_counts() -> None:
    one, other = UUID(int=1), UUID(int=2)
    rows = [{"id": one, "said": 1}, {"id": other, "said": 2}, {"id": one, "said": 3}]
    assert newest_of_each(rows, "id") == [{"id": one, "said": 3}, {"id": other, "said": 2}]
