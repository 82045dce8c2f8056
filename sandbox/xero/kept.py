"""What an emulated Xero remembers over a restart."""

from collections.abc import Mapping
from typing import Any

from sandbox.xero.books import Organisation
from sandbox.xero.faults import Fault
from sandbox.xero.identity import AccessToken, Code, Connection, Grant, RefreshToken, User
from sandbox.xero.ledger import Issued, Row, Settled, Tale
from sandbox.xero.papers import Contact, Credit, Invoice, Payment, Person
from sandbox.xero.server import FakeXero

CLASSES = (
    *(AccessToken, Code, Connection, Grant, RefreshToken, User),
    *(Contact, Credit, Invoice, Payment, Person),
    *(Issued, Row, Settled, Tale),
    Fault,
)
LEFT_OUT = {(Invoice, "written"), (RefreshToken, "issued")}
"""A cache; and a chain as long as the sandbox is old, needed for one switch only."""

SETTINGS = ("name", "tenant_id", "base_currency", "country", "timezone")


def organisations(xero: FakeXero) -> list[dict[str, str]]:
    """What is made first: the rest refers to organisations by tenant id."""
    return [{name: getattr(each, name) for name in SETTINGS} for each in xero.organisations]


def found(xero: FakeXero, kept: list[dict[str, str]]) -> None:
    for each in kept:
        xero.add_organisation(**each)


def named(xero: FakeXero) -> dict[str, Organisation]:
    return {each.tenant_id: each for each in xero.organisations}


def memory(xero: FakeXero) -> dict[str, Any]:
    return {
        "books": [each.memory() for each in xero.organisations],
        "identity": xero.identity.memory(),
        "limits": xero.limits.memory(),
        "faults": xero.faults,
        "waiting": list(xero.webhooks.waiting),
        "sequence": xero.webhooks.sequence,
    }


def recall(xero: FakeXero, kept: Mapping[str, Any]) -> None:
    for organisation, books in zip(xero.organisations, kept["books"], strict=True):
        organisation.recall(books)
    xero.identity.recall(kept["identity"])
    xero.limits.recall(kept["limits"])
    xero.faults.extend(kept["faults"])
    xero.webhooks.waiting.extend(kept["waiting"])
    xero.webhooks.sequence = kept["sequence"]
