"""Whether the books agree: what Xero says is outstanding against what the mirror holds. Pure."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from core.counting import Count

NAMED = 5
"""Differing invoices that are named; of the others only the number is told."""


Totals = Mapping[str, tuple[int, Decimal]]
"""Number and sum by currency."""


class Sum(msgspec.Struct, frozen=True):
    """What is outstanding in one currency."""

    currency: str
    invoices: int
    amount: Decimal


class Agreement(msgspec.Struct, frozen=True):
    """What came of comparing, at a moment. `theirs` is what Xero counts, in all; `differing` are invoice numbers, five
    at most, and `more` how many others. `unreadable` ones are known to Xero only, because they could not be understood.
    """

    at: datetime
    agree: bool
    ours: list[Sum]
    theirs: int
    differing: list[str] = []
    more: int = 0
    unreadable: int = 0

    @property
    def invoices(self) -> int:
        return sum(each.invoices for each in self.ours)


def compare(
    count: Count, ours: Totals, seen: Totals, *, items: int | None, strays: list[str], now: datetime
) -> Agreement:
    """`ours` is all that is outstanding in the mirror, `seen` what of it this reading has seen. `items` is Xero's own
    number of outstanding invoices; `strays` are the numbers of those that only one side calls outstanding."""
    theirs = {currency: (its.invoices, its.amount) for currency, its in count.outstanding.items() if its.invoices}
    counted = items is None or items == count.invoices + len(count.unreadable)
    agree = theirs == dict(seen) and counted and not strays
    return Agreement(
        at=now,
        agree=agree,
        ours=[Sum(currency, *ours[currency]) for currency in sorted(ours, key=lambda each: (-ours[each][0], each))],
        theirs=count.invoices if items is None else items,
        differing=[] if agree else strays[:NAMED],
        more=0 if agree else max(len(strays) - NAMED, 0),
        unreadable=len(count.unreadable),
    )


def encode(agreement: Agreement) -> str:
    return msgspec.json.encode(agreement).decode()


def decode(text: str | None) -> Agreement | None:
    return msgspec.json.decode(text, type=Agreement) if text else None
