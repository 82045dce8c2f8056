"""Tables of plain text: columns aligned, for people and for `less`; scripts take `--json`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

GAP = "  "
UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest entry; nothing is cut off."""
    every = [list(head), *[[plain(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in every) for column in range(len(head))]
    return "\n".join(
        GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in every
    )


def plain(text: str) -> str:
    """Without what a terminal would obey: names come from Xero, and anybody may have written them."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def ago(moment: datetime | None, *, now: datetime) -> str:
    """`3 min ago`, `in 12 s`; a dash where there is no such moment."""
    if moment is None:
        return "-"
    away = moment - now
    words = length(abs(away))
    return f"in {words}" if away > timedelta(0) else f"{words} ago"


def length(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    size, unit = next(((size, unit) for size, unit in UNITS if seconds >= size), UNITS[-1])
    return f"{seconds // size} {unit}"
