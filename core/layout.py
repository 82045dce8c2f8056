"""Laying out a page of invoices that are new to the mirror: from Xero's bytes to columns as SQLite's driver takes them.

Done by a process of its own (core/apart.py), which needs little more than this: no database, no HTTP. What it is asked
and what it answers has its length in front; no answer at all means: look at this one yourself.
"""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, BinaryIO

import msgspec

from core import columns
from core.changes import newest_of_each
from core.columns import Columns
from core.counting import Outstanding, outstanding_in
from core.errors import XeroError
from core.legible import without_nul
from core.xero import wire
from core.xero.answers import unpacked
from storage.exact import as_day, as_hex, as_text, as_units

LENGTH = 8
"""Bytes in front of each message, which say how long it is."""
NICE = 10
"""Whoever waits for an answer goes before what is read for later."""
REMEMBERED = 4096
NOT_UNDERSTOOD = (XeroError, ValueError, OverflowError)
"""What laying out a page raises."""
TURNED: Mapping[str, Callable[[Any], Any]] = {
    "invoice_id": as_hex,
    "contact_id": lru_cache(REMEMBERED)(as_hex),
    **dict.fromkeys(("total", "amount_due", "amount_paid", "amount_credited"), as_units),
    **dict.fromkeys(("issued_on", "due_on", "fully_paid_on", "expected_payment_on"), lru_cache(REMEMBERED)(as_day)),
    "updated_at": lru_cache(REMEMBERED)(as_text),
}
"""What turns the columns of an invoice for the driver; the others go as they are. A test holds them to the table."""


class Layout(msgspec.Struct, array_like=True):
    """A page of invoices laid out: what `wire.Page` tells of it, each record once, and what is outstanding of them.

    `set_aside`: record, label and reason of each that could not be understood.
    """

    told_at: datetime | None
    pages: int | None
    items: int | None
    length: int
    set_aside: list[tuple[str, str, str]]
    moments: list[datetime]
    held: dict[str, Outstanding]
    columns: dict[str, list[str | int | None]]

    @property
    def ids(self) -> list[str]:
        """The invoices' ids as people and Xero write them."""
        return [dashed(str(id)) for id in self.columns.get("invoice_id", ())]

    @property
    def owners(self) -> Iterator[str]:
        """Whose invoices these are, by their ids as SQLite has them; some more than once."""
        return (id for id in self.columns.get("contact_id", ()) if isinstance(id, str))


def lay_out(body: bytes) -> Layout:
    """Lay out the page of an answer as it came, packed or not.

    Raise XeroUnreadable for no answer of Xero's, and ValueError for what only the careful way can tell more of.
    """
    text = unpacked(body)
    try:
        page, found = columns.read(text)
    except columns.Odd:
        page = wire.read_invoices(without_nul(text))
        found = by_rows(page)
    return Layout(
        told_at=page.told_at,
        pages=page.pages,
        items=page.items,
        length=page.length,
        set_aside=[(each.record, each.label, each.reason) for each in page.set_aside],
        moments=found.moments,
        held=found.held,
        columns=found.columns,
    )


def by_rows(page: wire.Page) -> Columns:
    """The same row by row, for a page of which anything may be odd."""
    rows = newest_of_each(page.rows, "invoice_id")
    turned: dict[str, list[Any]] = {}
    for name in rows[0] if rows else ():
        values, turn = map(itemgetter(name), rows), TURNED.get(name)
        turned[name] = list(values if turn is None else map(turn, values))
    return Columns(turned, list(page.moments), outstanding_in(rows))


def dashed(id: str) -> str:
    """An id as people and Xero write it, from SQLite's way."""
    return f"{id[:8]}-{id[8:12]}-{id[12:16]}-{id[16:20]}-{id[20:]}"


def answer(body: bytes) -> bytes:
    try:
        return msgspec.msgpack.encode(lay_out(body))
    except NOT_UNDERSTOOD:
        return b""


def with_length(message: bytes) -> bytes:
    return len(message).to_bytes(LENGTH, "big") + message


def serve(asked: BinaryIO, answered: BinaryIO) -> None:
    """Answer until nobody asks any more."""
    while len(head := asked.read(LENGTH)) == LENGTH:
        answered.write(with_length(answer(asked.read(int.from_bytes(head, "big")))))
        answered.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us ends us
    os.nice(NICE)
    gc.disable()  # nothing here holds itself, and looking for it takes a tenth of the time
    serve(sys.stdin.buffer, sys.stdout.buffer)
