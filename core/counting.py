"""Counting what Xero has outstanding while its books are read in full, and telling drift from change. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from core.changes import is_outstanding as owes
from core.paging import SLACK

BESIDE = {"connection_id", "confirmed_by"}
"""Columns that are ours, not Xero's."""


class Outstanding(msgspec.Struct):
    """What is outstanding in one currency."""

    invoices: int = 0
    amount: Decimal = Decimal(0)


class Count(msgspec.Struct):
    """What Xero says is outstanding, by currency, as far as it has been read; kept with the run, to survive a crash.

    `follow_from`, `reached` and `again` as in a cursor. `items` is Xero's own number of invoices, `complete` whether
    all have been seen, `moved` whether the list may have changed meanwhile, `later` whether one was found changed
    since. `high` is the newest change seen, `unreadable` are records that could not be understood, `tries` how often it
    began anew. `first`: it is a first load.
    """

    first: bool = False
    tries: int = 0
    follow_from: datetime | None = None
    reached: datetime | None = None
    again: bool = False
    high: datetime | None = None
    items: int | None = None
    unreadable: list[str] = msgspec.field(default_factory=list)
    complete: bool = False
    moved: bool = False
    later: bool = False
    outstanding: dict[str, Outstanding] = msgspec.field(default_factory=dict, name="held")
    """As `held` in rows written before: a run begun by one program may be gone on with by another."""

    def encode(self) -> str:
        return msgspec.json.encode(self).decode()

    @property
    def invoices(self) -> int:
        return sum(its.invoices for its in self.outstanding.values())

    def note(self, known: Any, row: Mapping[str, Any], *, mark: UUID) -> None:
        """Count a record as Xero tells it now, instead of as it told it earlier in this reading."""
        seen = known is not None and known.confirmed_by == mark
        before = (known.currency, known.amount_due) if seen and owes(known.status, known.amount_due) else None
        now = (row["currency"], row["amount_due"]) if owes(row["status"], row["amount_due"]) else None
        if before != now:
            self._add(before, -1)
            self._add(now, 1)
            self.later = self.later or self.complete
        if not self.complete:
            self.high = max(self.high or row["updated_at"], row["updated_at"])

    def note_new(self, found: Mapping[str, Outstanding], moments: Sequence[datetime]) -> int:
        """Count what records hold of which none was counted before (`passes`); return how many are outstanding."""
        for currency, more in found.items():
            its = self.outstanding.setdefault(currency, Outstanding())
            its.invoices += more.invoices
            its.amount += more.amount
        self.high = max(moments, default=self.high)
        return sum(its.invoices for its in found.values())

    def _add(self, what: tuple[str, Decimal] | None, times: int) -> None:
        if what is not None:
            its = self.outstanding.setdefault(what[0], Outstanding())
            its.invoices += times
            its.amount += times * what[1]

    def passes(self, moments: Sequence[datetime]) -> bool:
        """Whether records that changed then all lie beyond what was counted and before what may have moved: none was
        here before."""
        if self.complete or self.moved or self.follow_from is None:
            return False
        high = self.high or datetime.min.replace(tzinfo=UTC)
        return not moments or (min(moments) > high and max(moments) < self.follow_from - SLACK)


def outstanding_in(rows: Sequence[Mapping[str, Any]]) -> dict[str, Outstanding]:
    """Return what these records hold that is outstanding, by currency."""
    amounts: defaultdict[str, list[Decimal]] = defaultdict(list)
    for row in rows:
        if owes(row["status"], row["amount_due"]):
            amounts[row["currency"]].append(row["amount_due"])
    return {currency: Outstanding(len(each), sum(each, Decimal(0))) for currency, each in amounts.items()}


def decode(text: str | None) -> Count | None:
    return msgspec.json.decode(text, type=Count) if text else None


def drifted(known: Any, row: Mapping[str, Any], *, mark: datetime) -> bool:
    """Whether the mirror was wrong about an invoice that Xero did not announce as changed: it lacks what it should
    have, or holds something else. `mark`: all that changed before should be in the mirror."""
    if known is None:
        return owes(row["status"], row["amount_due"]) and row["updated_at"] <= mark
    return differs(known, row) and (row["updated_at"] <= mark or row["updated_at"] <= known.updated_at)


def contact_drifted(known: Any, row: Mapping[str, Any], *, mark: datetime) -> bool:
    """The same of a contact that was there."""
    changed_at = row["updated_at"]
    announced = changed_at is not None and changed_at > mark and changed_at > (known.updated_at or mark)
    return differs(known, row) and not announced


def differs(known: Any, row: Mapping[str, Any]) -> bool:
    return any(getattr(known, name) != value for name, value in row.items() if name not in BESIDE)
