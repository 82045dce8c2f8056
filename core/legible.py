"""Text without NUL, which JSON allows and PostgreSQL cannot store: the sign for an unreadable character is there.

What comes from outside is made so at the door it comes in by, before anything is decided or stored.
"""

import re
from typing import TypeVar

NUL = "\x00"
UNREADABLE = "\ufffd"
_ESCAPED = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")

T = TypeVar("T")


def without_nul(body: bytes) -> bytes:
    """The same of JSON that is still to be decoded."""
    return _ESCAPED.sub(rb"\1\\ufffd", body) if b"\\u0000" in body else body


def legible(found: T) -> T:
    """The same of JSON once decoded, however deep; what is no text stays as it is."""
    if isinstance(found, str):
        return found.replace(NUL, UNREADABLE)  # type: ignore[return-value]
    if isinstance(found, list):
        return [legible(each) for each in found]  # type: ignore[return-value]
    if isinstance(found, dict):
        return {legible(name): legible(value) for name, value in found.items()}  # type: ignore[return-value]
    return found
