"""A line of `solido doctor`."""

from enum import StrEnum

import msgspec


class Health(StrEnum):
    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was looked at, how it is, and where it is not well what to do about it. Never holds a secret."""

    what: str
    health: Health
    said: str
    do: str = ""


def ok(what: str, said: str) -> Finding:
    return Finding(what, Health.OK, said)


def warning(what: str, said: str, do: str) -> Finding:
    return Finding(what, Health.WARNING, said, do)


def broken(what: str, said: str, do: str) -> Finding:
    return Finding(what, Health.BROKEN, said, do)
