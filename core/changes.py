"""What a record from Xero changes in the mirror. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, auto
from typing import Any, Protocol
from uuid import UUID


class Known(Protocol):
    """What the mirror holds of an invoice."""

    @property
    def updated_at(self) -> datetime: ...
    @property
    def status(self) -> str: ...
    @property
    def amount_due(self) -> Decimal: ...
    @property
    def due_on(self) -> date | None: ...


class Change(Enum):
    NONE = auto()
    ADDED = auto()
    CHANGED = auto()
    SETTLED = auto()


def is_outstanding(status: str, amount_due: Decimal | int) -> bool:
    return status == "AUTHORISED" and amount_due > 0


def change(known: Known | None, row: Mapping[str, Any]) -> Change:
    """Compare what the mirror holds with what Xero says now, from the view of who is waiting for money."""
    owes = is_outstanding(row["status"], row["amount_due"])
    if known is None:
        return Change.ADDED if owes else Change.NONE
    if known.updated_at > row["updated_at"]:
        return Change.NONE
    owed = is_outstanding(known.status, known.amount_due)
    if owed and not owes:
        return Change.SETTLED if row["status"] in ("PAID", "AUTHORISED") else Change.CHANGED
    if owes and not owed:
        return Change.ADDED
    if not owes:
        return Change.NONE
    same = (known.amount_due, known.due_on, known.updated_at) == (row["amount_due"], row["due_on"], row["updated_at"])
    return Change.NONE if same else Change.CHANGED


def newest_of_each(rows: Sequence[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Return the rows with the last word on each record; a record may come twice when pages shift."""
    latest: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        latest[row[key]] = row
    return list(latest.values())
