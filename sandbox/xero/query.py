"""The query parameters of Xero's lists: where, order, page, If-Modified-Since. Pure; no I/O."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

DEFAULT_PAGE, LARGEST_PAGE = 100, 1000
DOCUMENTED_SINCE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
CLAUSE = re.compile(
    r"""\s*(?P<field>[A-Za-z][\w.]*)\s*(?P<op>==|>=|<=|>|<)\s*
    (?: "(?P<text>[^"]*)" | guid\("(?P<guid>[^"]*)"\) | DateTime\((?P<day>[\d,\s]+)\) | (?P<number>-?\d+(?:\.\d+)?) )
    \s*(?P<more>AND\b|&&|$)""",
    re.VERBOSE | re.IGNORECASE,
)
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class QueryError(Exception):
    """Xero answers 400; `type` is the error envelope's Type."""

    def __init__(self, message: str, *, type: str = "QueryParseException", number: int = 16) -> None:
        super().__init__(message)
        self.type = type
        self.number = number


@dataclass(frozen=True, slots=True)
class Field:
    """A field `where` may name: how to read it, the kind of value, whether ranges are optimised."""

    read: Callable[[Any], Any]
    kind: type
    ranged: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    read: Callable[[Any], Any]
    compare: Callable[[Any, Any], bool]
    value: Any

    def __call__(self, record: Any) -> bool:
        found = self.read(record)
        return found is not None and self.compare(found, self.value)


@dataclass(frozen=True, slots=True)
class Page:
    number: int
    size: int


def parse_where(where: str, known: Mapping[str, Field]) -> list[Clause]:
    """The clauses joined by AND; raises QueryError for what Xero does not serve from an index."""
    tests: list[Clause] = []
    position = 0
    while position < len(where.rstrip()) or not tests:
        found = CLAUSE.match(where, position)
        if found is None:
            raise QueryError(f"Cannot read the where clause at position {position}")
        tests.append(_test(found, known))
        position = found.end()
        if not found["more"]:
            break
        if position >= len(where.rstrip()):
            raise QueryError("Expression expected")
    return tests


def _test(clause: re.Match[str], known: Mapping[str, Field]) -> Clause:
    field = known.get(clause["field"].lower())
    if field is None:
        raise QueryError(f"No optimised property or field '{clause['field']}' exists")
    if clause["op"] != "==" and not field.ranged:
        raise QueryError(f"Operator '{clause['op']}' is not optimised for '{clause['field']}'")
    value = _value(clause)
    if not isinstance(value, field.kind):
        raise QueryError(f"Operator '{clause['op']}' incompatible with operand types of '{clause['field']}'")
    return Clause(field.read, OPERATORS[clause["op"]], value)


def _value(clause: re.Match[str]) -> Any:
    if clause["number"] is not None:
        return Decimal(clause["number"])
    if clause["day"] is not None:
        try:
            year, month, day, *_ = (int(part) for part in clause["day"].split(","))
            return date(year, month, day)
        except ValueError:
            raise QueryError(f"DateTime({clause['day']}) is no date") from None
    return clause["guid"].lower() if clause["guid"] is not None else clause["text"]


def parse_order(order: str | None, known: Mapping[str, Callable[[Any], Any]]) -> tuple[str, bool] | None:
    """Field and whether it descends; None for the default, UpdatedDateUTC ascending."""
    if not order or not order.strip():
        return None
    name, _, direction = order.strip().partition(" ")
    direction = direction.strip().upper() or "ASC"
    if name.lower() not in known or direction not in ("ASC", "DESC"):
        raise QueryError(f"No property or field in order '{order}' exists")
    if name.lower() == "updateddateutc" and direction == "ASC":
        return None
    return name.lower(), direction == "DESC"


def parse_page(query: Mapping[str, str], *, forced: bool) -> Page | None:
    """None when the list is not paged. Values out of range are clamped, unreadable ones are the default."""
    if "page" not in query and "pagesize" not in query and not forced:
        return None
    number = max(1, _whole(query.get("page"), 1))
    size = min(LARGEST_PAGE, max(1, _whole(query.get("pagesize"), DEFAULT_PAGE)))
    return Page(number, size)


def _whole(value: str | None, default: int) -> int:
    try:
        return int(value) if value and len(value) < 12 else default
    except ValueError:
        return default


def paging(page: Page, total: int) -> dict[str, int]:
    return {"page": page.number, "pageSize": page.size, "pageCount": -(-total // page.size), "itemCount": total}


def cut(records: Sequence[Any], page: Page) -> Sequence[Any]:
    start = (page.number - 1) * page.size
    return records[start : start + page.size]


def parse_since(value: str | None, *, strict: bool) -> datetime | None:
    """If-Modified-Since as an aware UTC moment; a lenient Xero ignores what it cannot read."""
    if value is None or not value.strip():
        return None
    if DOCUMENTED_SINCE.fullmatch(value.strip()):
        try:
            return datetime.fromisoformat(value.strip()).replace(tzinfo=UTC)
        except ValueError:
            raise QueryError("If-Modified-Since is no moment", type="ValidationException", number=10) from None
    if strict:
        raise QueryError("If-Modified-Since must read yyyy-mm-ddThh:mm:ss, UTC", type="ValidationException", number=10)
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(value.strip())
        except (ValueError, TypeError):
            continue
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return None


def commas(value: str | None) -> tuple[str, ...]:
    """A comma-joined array parameter; blanks around an element do not count."""
    return tuple(part.strip() for part in (value or "").split(",") if part.strip())


def yes(value: str | None) -> bool:
    return (value or "").lower() == "true"
