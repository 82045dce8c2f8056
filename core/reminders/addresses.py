"""Addresses as people type them into Xero: several in one field, blanks, half ones. Pure."""

import re
from collections.abc import Iterable

BETWEEN = re.compile(r"[,;\s]+")
LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", re.ASCII)
MOST = 10


def recipients(email: str, people: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the working addresses of a customer and of its people who want to be in e-mails, each once.

    Names may stand around an address in angle brackets. What is no address is left out.
    """
    found: dict[str, str] = {}
    for typed in (email, *people):
        for word in BETWEEN.split(typed):
            address = working(word.strip("<>()\"'"))
            if address:
                found.setdefault(address.lower(), address)
    return tuple(found.values())[:MOST]


def working(word: str) -> str | None:
    """Return the address as SMTP takes it everywhere (an international domain in its ASCII form), or None."""
    local, at, domain = word.rpartition("@")
    if not at or not LOCAL.fullmatch(local) or len(local) > 64:
        return None
    try:
        ascii_domain = domain.encode("idna").decode()
    except UnicodeError:
        return None
    labels = ascii_domain.split(".")
    if len(labels) < 2 or len(ascii_domain) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        return None
    return f"{local}@{ascii_domain}"
