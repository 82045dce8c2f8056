"""The small checks of which the block validator is made.

A check takes a JSON value and the pointer to it, and yields what Slack would object to. Lengths are in characters.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One objection. `pointer` is a JSON pointer into the payload, e.g. `/blocks/0/text/text`."""

    pointer: str
    reason: str

    def __str__(self) -> str:
        return f"[ERROR] {self.reason} [json-pointer:{self.pointer}]"


Check = Callable[[Any, str], Iterator[Problem]]


def string(most: int, *, least: int = 1) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(at, "must be a string")
        elif len(value) < least:
            yield Problem(at, f"must be more than {least - 1} characters")
        elif len(value) > most:
            yield Problem(at, f"must be less than {most + 1} characters")

    return check


def boolean(value: Any, at: str) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield Problem(at, "must be a boolean")


def integer(least: int, most: int) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield Problem(at, "must be an integer")
        elif not least <= value <= most:
            yield Problem(at, f"must be between {least} and {most}")

    return check


def one_of(*allowed: str) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if value not in allowed:
            yield Problem(at, f"must be one of: {', '.join(allowed)}")

    return check


def matching(pattern: str, meaning: str) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            yield Problem(at, f"must be {meaning}")

    return check


def url(*, schemes: tuple[str, ...] = ("http", "https", "mailto", "slack")) -> Check:
    length = string(3000)

    def check(value: Any, at: str) -> Iterator[Problem]:
        yield from length(value, at)
        if isinstance(value, str) and not re.match(rf"(?:{'|'.join(schemes)}):\S+$", value):
            yield Problem(at, "invalid url")

    return check


def list_of(item: Check, most: int, *, least: int = 1) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(at, "must be an array")
            return
        if len(value) < least:
            yield Problem(at, f"no less than {least} items allowed")
        if len(value) > most:
            yield Problem(at, f"no more than {most} items allowed")
        for index, one in enumerate(value):
            yield from item(one, f"{at}/{index}")

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check], *rest: Check) -> Check:
    """An object with exactly these fields; `rest` are checks of the object as a whole."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(at, "must be an object")
            return
        for name in required:
            if name not in value:
                yield Problem(at, f"missing required field: {name}")
        for name, inner in value.items():
            field = required.get(name) or optional.get(name)
            if field is None:
                yield Problem(f"{at}/{name}", f"invalid additional property: {name}")
            else:
                yield from field(inner, f"{at}/{name}")
        for whole in rest:
            yield from whole(value, at)

    return check


def typed(table: Mapping[str, Check], noun: str) -> Check:
    """An object whose `type` chooses the check."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(at, "must be an object")
        elif not isinstance(value.get("type"), str) or value["type"] not in table:
            yield Problem(f"{at}/type", f"unsupported type of {noun}: {value.get('type')!r}")
        else:
            yield from table[value["type"]](value, at)

    return check


def exactly_one(*names: str) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if sum(name in value for name in names) != 1:
            yield Problem(at, f"must have exactly one of: {', '.join(names)}")

    return check


def at_least_one(*names: str) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not any(name in value for name in names):
            yield Problem(at, f"must have at least one of: {', '.join(names)}")

    return check


def duplicates(values: Iterable[tuple[str, Any]], noun: str) -> Iterator[Problem]:
    """Yield a problem for each value already seen; `values` are (pointer, value), None is not a value."""
    seen: set[Any] = set()
    for at, value in values:
        if not isinstance(value, str):
            continue
        if value in seen:
            yield Problem(at, f"`{noun}` must be unique: {value!r} appears twice")
        seen.add(value)
