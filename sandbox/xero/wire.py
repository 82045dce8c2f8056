"""How Xero writes JSON: CRLF, two blanks of indent, `\\/Date(ms+0000)\\/`, decimals as they stand.

Source: recorded traffic of xero-python, xero.md section 4.1.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1)
MILLISECOND = timedelta(milliseconds=1)
INDENT = "  "


class Literal(str):
    """A piece of JSON that is written already."""

    __slots__ = ()


def text(value: str) -> Literal:
    """A JSON string; a slash stays as it is, only dates escape theirs."""
    return Literal(encode_basestring(value))


@lru_cache(maxsize=16384)
def moment(value: datetime) -> Literal:
    """`"\\/Date(ms+0000)\\/"` of an aware moment."""
    return Literal(f'"\\/Date({(value - EPOCH) // MILLISECOND}+0000)\\/"')


def bare_moment(value: datetime) -> Literal:
    """`"\\/Date(ms)\\/"`, the form of the envelope's DateTimeUTC."""
    return Literal(f'"\\/Date({(value - EPOCH) // MILLISECOND})\\/"')


@lru_cache(maxsize=16384)
def moment_string(value: datetime) -> Literal:
    """`UpdatedDateUTCString`: ISO, seconds, Z."""
    return Literal(f'"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"')


@lru_cache(maxsize=16384)
def day(value: date) -> Literal:
    """A calendar date, as midnight UTC."""
    return Literal(f'"\\/Date({(value - EPOCH_DAY).days * 86_400_000}+0000)\\/"')


@lru_cache(maxsize=16384)
def day_string(value: date) -> Literal:
    return Literal(f'"{value.isoformat()}T00:00:00"')


def render(value: Any, depth: int = 0) -> str:
    """Any plain value as Xero lays it out; floats are refused, they are not money."""
    match value:
        case Literal():
            return value
        case str():
            return encode_basestring(value)
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case int() | Decimal():
            return str(value)
        case Mapping():
            return fields({str(key): Literal(render(item, depth + 1)) for key, item in value.items()}, depth)
        case Iterable():
            return array([render(item, depth + 1) for item in value], depth)
    raise TypeError(f"{type(value).__name__} has no place on the wire")


def fields(pairs: Mapping[str, str], depth: int) -> str:
    """An object of written values; `depth` is that of the object itself."""
    return _frame(tuple(pairs), depth) % tuple(pairs.values()) if pairs else "{}"


@lru_cache(maxsize=512)
def _frame(names: tuple[str, ...], depth: int) -> str:
    """The object with a hole for each value: thousands of records share the same names."""
    inner = "\r\n" + INDENT * (depth + 1)
    body = ("," + inner).join(encode_basestring(name).replace("%", "%%") + ": %s" for name in names)
    return f"{{{inner}{body}\r\n{INDENT * depth}}}"


def array(items: list[str], depth: int) -> str:
    if not items:
        return "[]"
    inner = "\r\n" + INDENT * (depth + 1)
    return f"[{inner}{(',' + inner).join(items)}\r\n{INDENT * depth}]"


def envelope(
    name: str, items: list[bytes], *, request_id: str, provider: str, now: datetime, paging: Mapping[str, int] | None
) -> bytes:
    """The outer object around records that were written at depth 2."""
    head = {
        "Id": text(request_id),
        "Status": '"OK"',
        "ProviderName": text(provider),
        "DateTimeUTC": bare_moment(now),
    }
    if paging is not None:
        head["pagination"] = render(paging, 1)
    opened = fields(head, 0).removesuffix("\r\n}").encode()
    if not items:
        return opened + f',\r\n  "{name}": []\r\n}}'.encode()
    return b"".join(
        (opened, f',\r\n  "{name}": [\r\n    '.encode(), b",\r\n    ".join(items), b"\r\n  ]\r\n}"),
    )
