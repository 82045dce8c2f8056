"""Records of one kind, in Xero's own order, with the last selections remembered."""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator
from datetime import datetime
from typing import Generic, Protocol, TypeVar

REMEMBERED = 16


class Record(Protocol):
    id: str
    updated_at: datetime


R = TypeVar("R", bound=Record)


def rank(record: Record) -> tuple[datetime, str]:
    """UpdatedDateUTC, then the id: the order every list ends with."""
    return record.updated_at, record.id


class Shelf(Generic[R]):
    """Kept sorted lazily: a change costs nothing until somebody reads."""

    def __init__(self) -> None:
        self.by_id: dict[str, R] = {}
        self._ordered: list[R] = []
        self._moved: dict[str, R] = {}
        self._selections: dict[Hashable, list[R]] = {}

    def __len__(self) -> int:
        return len(self.by_id)

    def __iter__(self) -> Iterator[R]:
        return iter(self.by_id.values())

    def put(self, record: R) -> None:
        """Add a record, or note that it changed."""
        self.by_id[record.id] = record
        self._moved[record.id] = record
        if self._selections:
            self._selections.clear()

    def remove(self, record: R) -> None:
        self.by_id.pop(record.id, None)
        self._moved[record.id] = record
        self._selections.clear()

    def ordered(self) -> list[R]:
        if self._moved:
            moved = self._moved
            stay = [record for record in self._ordered if record.id not in moved]
            back = sorted((record for key, record in moved.items() if key in self.by_id), key=rank)
            in_place = not stay or not back or rank(stay[-1]) < rank(back[0])
            self._ordered = stay + back
            if not in_place:
                self._ordered.sort(key=rank)
            self._moved = {}
        return self._ordered

    def since(self, moment: datetime | None) -> list[R]:
        """Records changed after `moment`, in order; all of them for None."""
        ordered = self.ordered()
        if moment is None:
            return ordered
        return ordered[bisect_right(ordered, moment, key=lambda record: record.updated_at) :]

    def select(self, key: Hashable, choose: Callable[[], list[R]]) -> list[R]:
        """What `choose` finds, found once until the next change: page 2 asks the same as page 1."""
        if key not in self._selections:
            if len(self._selections) >= REMEMBERED:
                self._selections.clear()
            self._selections[key] = choose()
        return self._selections[key]
