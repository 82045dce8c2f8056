"""Objects into JSON and back."""

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sandbox.memory import Reader, Unreadable, Writer, label


@dataclass(eq=False)
class Box:
    name: str
    inside: Any = None
    scratch: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Frozen:
    at: datetime


class Stranger:
    pass


def there_and_back(value: Any, **named: object) -> Any:
    packed = json.loads(json.dumps(Writer([Box, Frozen], named, {(Box, "scratch")}).pack(value)))
    return Reader([Box, Frozen], named).unpack(packed)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -7, 1.5, "", "Łódź\n☕", [], [1, [2]], {}, {"a": 1}, {("a", 1): (2, "b")}, {1: {2: 3}},
        {"o": "x", "n": 1, "f": {}}, {"r": 3}, (), {1, 2}, b"\x00\xff", Decimal("0.10"), date(2026, 2, 28), ...,
        datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC), Frozen(datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_a_value_comes_back_as_it_was(value):
    back = there_and_back(value)
    assert (back, type(back)) == (value, type(value))


def test_a_queue_comes_back():
    assert there_and_back(deque([1, 2])) == deque([1, 2])


def test_the_same_object_stays_the_same_and_circles_close():
    box = Box("outer")
    box.inside = [box, Box("inner", box)]
    back = there_and_back([box, box])
    assert back[0] is back[1] is back[0].inside[0] is back[0].inside[1].inside


def test_what_is_left_out_gets_its_default():
    assert there_and_back(Box("a", scratch=[1])).scratch == []


def test_a_part_that_is_named_is_not_written_but_put_back():
    stranger = Stranger()
    assert there_and_back({"a": stranger}, it=stranger) == {"a": stranger}


def test_what_was_not_foreseen_is_not_written():
    with pytest.raises(TypeError, match="Stranger"):
        there_and_back(Stranger())


@pytest.mark.parametrize(
    "data",
    [
        {"o": "os.system", "n": 0, "f": {}}, {"o": label(Box), "n": 0, "f": {}}, {"r": 5}, {"@": "nobody"}, {},
        {"a": 1, "b": 2}, {"Decimal": "ten"}, {"datetime": "noon"}, {"bytes": "*"}, {"d": [[1]]}, {"eval": "1"},
    ],
)  # fmt: skip
def test_a_file_that_was_not_written_here_is_refused(data):
    with pytest.raises(Unreadable):
        Reader([Box], {}).unpack(data)
