"""What a record from Xero changes in the mirror. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from typing import Any, NamedTuple
from uuid import UUID

from storage.invoices import Known

A_SECOND = timedelta(seconds=1)


class Change(Enum):
    NONE = auto()
    ADDED = auto()
    CHANGED = auto()
    SETTLED = auto()


class Position(NamedTuple):
    """Where to read on: everything changed since `since` (None: from the beginning), page by page."""

    since: datetime | None
    page: int = 1


def is_outstanding(status: str, amount_due: Decimal) -> bool:
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


def onward(at: Position, rows: Sequence[Mapping[str, Any]]) -> Position:
    """Return where to read on after a full page, ordered by when each record changed.

    A record that changes while we read moves to the end and pulls all later ones forward, across page borders: page
    numbers would skip some. So we go on from the last moment seen, and by page number only among records that changed
    in one and the same second, which is as finely as Xero lets us ask, or where that would lead us back.
    """
    moments = [row["updated_at"] for row in rows if row["updated_at"] is not None]
    if not moments:
        return Position(at.since, at.page + 1)
    first, last = whole_second(min(moments)), whole_second(max(moments))
    back = at.since is not None and last - A_SECOND <= at.since
    return Position(at.since, at.page + 1) if last == first or back else Position(last - A_SECOND)


def whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
