"""Secrets that are not in the environment itself but in files it names: `SLACK_SIGNING_SECRET_FILE=/run/secrets/slack`.

Container hosts and systemd hand secrets over like this, so that they show in no list of processes.
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from dotenv import dotenv_values

FILE = "_FILE"
LARGEST = 65_536
"""Characters. Whoever names another file by mistake should hear so."""


class Found(NamedTuple):
    """Values by setting, and a sentence for each that could not be had, by setting too."""

    values: dict[str, str]
    wrong: dict[str, str]


def environment() -> dict[str, str]:
    """What pydantic-settings sees too: `.env`, and the environment before it. Names in capitals."""
    kept = {**dotenv_values(".env"), **os.environ}
    return {name.upper(): value for name, value in kept.items() if value}


def look(names: Collection[str], given: Mapping[str, str]) -> Found:
    """Read the file of each of these settings (in capitals) that has one; a newline at its end does not count."""
    found = Found({}, {})
    for name in names:
        path = given.get(name + FILE)
        if not path:
            continue
        if given.get(name):
            found.wrong[name] = f"Set {name} or {name}{FILE}, but not both."
            continue
        try:
            value = read(Path(path))
        except (OSError, ValueError) as error:
            found.wrong[name] = f"{name}{FILE}: the file cannot be read ({why(error)})."
            continue
        if value:
            found.values[name] = value
        else:
            found.wrong[name] = f"{name}{FILE}: the file is empty."
    return found


def read(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        text = file.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise ValueError("it is far too long for a secret")
    return text.rstrip("\r\n")


def why(error: OSError | ValueError) -> str:
    """In words, and without a byte of what is in it."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not text"
    return (error.strerror or type(error).__name__).lower() if isinstance(error, OSError) else str(error)
