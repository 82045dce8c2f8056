"""Objects into JSON and back: identity, exact amounts and moments are kept, and nothing in a file can run.

Only dataclasses that are named beforehand are written or made. Objects in `named` are neither: they stand for
themselves, and are there already when the rest is read.
"""

import base64
import dataclasses
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

PLAIN = (str, int, float, bool, type(None))


class Unreadable(Exception):
    """What was kept is not what this program would have written."""


def label(each: type) -> str:
    """How a class is called in a file: two rooms may have a class of the same name."""
    return f"{each.__module__.removeprefix('sandbox.')}.{each.__qualname__}"


class Writer:
    """`left_out` are (class, field) that are not worth keeping: they get their default."""

    def __init__(
        self, classes: Iterable[type], named: Mapping[str, object], left_out: Collection[tuple[type, str]] = ()
    ) -> None:
        self._classes = {each: label(each) for each in classes}
        self._named = {id(each): name for name, each in named.items()}
        self._left_out = left_out
        self._seen: dict[int, int] = {}

    def pack(self, value: Any) -> Any:
        """As JSON's own types. TypeError for what cannot be kept."""
        if isinstance(value, PLAIN):
            return value
        if id(value) in self._named:
            return {"@": self._named[id(value)]}
        match value:
            case list():
                return [self.pack(each) for each in value]
            case Mapping():
                return {"d": [[self.pack(key), self.pack(each)] for key, each in value.items()]}
            case tuple() | set() | deque():
                return {type(value).__name__: [self.pack(each) for each in value]}
            case datetime() | date():
                return {type(value).__name__: value.isoformat()}
            case Decimal():
                return {"Decimal": str(value)}
            case bytes():
                return {"bytes": base64.b64encode(value).decode()}
        return {"...": 1} if value is ... else self._object(value)

    def _object(self, value: Any) -> Any:
        if id(value) in self._seen:
            return {"r": self._seen[id(value)]}
        name = self._classes.get(type(value))
        if name is None:
            raise TypeError(f"{type(value).__name__} cannot be kept")
        number = self._seen[id(value)] = len(self._seen)
        kept = [each.name for each in dataclasses.fields(value) if (type(value), each.name) not in self._left_out]
        return {"o": name, "n": number, "f": {each: self.pack(getattr(value, each)) for each in kept}}


class Reader:
    """The other way round, with the same classes and names. Every method raises Unreadable."""

    def __init__(self, classes: Iterable[type], named: Mapping[str, object]) -> None:
        self._classes = {label(each): each for each in classes}
        self._named = named
        self._seen: dict[int, Any] = {}

    def unpack(self, data: Any) -> Any:
        try:
            return self._unpack(data)
        except (KeyError, TypeError, ValueError, ArithmeticError) as why:
            raise Unreadable(f"{type(why).__name__}: {why}") from why

    def _unpack(self, data: Any) -> Any:
        if isinstance(data, PLAIN):
            return data
        if isinstance(data, list):
            return [self._unpack(each) for each in data]
        match data:
            case {"o": name, "n": number, "f": fields}:
                return self._object(name, number, fields)
            case {"r": number}:
                return self._seen[number]
            case {"@": name}:
                return self._named[name]
            case {"d": pairs}:
                return {self._unpack(key): self._unpack(each) for key, each in pairs}
            case {"...": _}:
                return ...
        [(kind, content)] = data.items()
        return self._value(kind, content)

    def _value(self, kind: str, content: Any) -> Any:
        match kind:
            case "tuple" | "set" | "deque":
                return {"tuple": tuple, "set": set, "deque": deque}[kind](self._unpack(each) for each in content)
            case "datetime":
                return datetime.fromisoformat(content)
            case "date":
                return date.fromisoformat(content)
            case "Decimal":
                return Decimal(content)
            case "bytes":
                return base64.b64decode(content, validate=True)
        raise ValueError(f"{kind} is unknown")

    def _object(self, name: str, number: int, fields: Mapping[str, Any]) -> Any:
        made_of = self._classes[name]
        made: Any = object.__new__(made_of)
        self._seen[number] = made
        for each in dataclasses.fields(made_of):
            if each.name in fields:
                value = self._unpack(fields[each.name])
            elif each.default is not dataclasses.MISSING:
                value = each.default
            elif each.default_factory is not dataclasses.MISSING:
                value = each.default_factory()
            else:
                raise ValueError(f"{name}.{each.name} is missing")
            object.__setattr__(made, each.name, value)
        return made
