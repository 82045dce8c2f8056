"""Where to read on in a list of Xero's that is ordered by its records' changes. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

A_SECOND = timedelta(seconds=1)
SLACK = timedelta(seconds=5)
"""How far Xero's clocks may lie apart: that which stamps a record, and that which stamps an answer."""


class Position(NamedTuple):
    """Where to read on: everything changed since `since` (None: from the beginning), page by page.

    With `back`, pages read before are read again, down to the first; after that comes `then` (None: the end).
    """

    since: datetime | None
    page: int = 1
    back: bool = False
    then: datetime | None = None


def onward(at: Position, moments: Sequence[datetime], *, last: bool) -> Position | None:
    """Return where to read on after a page whose records changed at these moments; None when all has been read.

    A record that changes while we read moves to the end and pulls all later ones forward, across page borders: page
    numbers would skip some. So we go on from the last moment seen, and by page number only where a page does not get
    us further, because Xero lets us ask by whole seconds. What was read by number is read again from its last page
    to its first: what slips forward meanwhile is still ahead of us then.
    """
    if at.back:
        return at._replace(page=at.page - 1) if at.page > 1 else _from(at.then)
    reached = None if last else further(at, moments)
    if reached is None and not last:
        return Position(at.since, at.page + 1)
    return Position(at.since, at.page - 1, back=True, then=reached) if at.page > 1 else _from(reached)


def _from(moment: datetime | None) -> Position | None:
    return None if moment is None else Position(moment)


def further(at: Position, moments: Sequence[datetime]) -> datetime | None:
    """Return the moment since which to ask after this page, or None where that would bring the same page again."""
    if not moments or whole_second(min(moments)) == whole_second(max(moments)):
        return None
    # A second less: of the last second seen, more may follow.
    reached = whole_second(max(moments)) - A_SECOND
    return reached if at.since is None or reached > whole_second(at.since) else None


def whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
