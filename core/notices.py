"""What is to be told, as facts. How it is said is the bot's business.

A notice is kept in the outbox as JSON; amounts are exact, moments aware UTC.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from core.agreement import Agreement


class Amount(msgspec.Struct, frozen=True):
    """What is outstanding in one currency, and how much of it is overdue in the organisation's own zone."""

    currency: str
    invoices: int
    amount: Decimal
    overdue_invoices: int
    overdue_amount: Decimal


class Books(msgspec.Struct, frozen=True):
    """The mirror at a glance."""

    amounts: list[Amount]
    customers: int

    @property
    def invoices(self) -> int:
        return sum(amount.invoices for amount in self.amounts)

    @property
    def overdue(self) -> int:
        return sum(amount.overdue_invoices for amount in self.amounts)


class Connected(msgspec.Struct, frozen=True, tag=True):
    organisation: str
    by: str
    again: bool


class Disconnected(msgspec.Struct, frozen=True, tag=True):
    organisation: str
    by: str


class ConnectFailed(msgspec.Struct, frozen=True, tag=True):
    """To the person who asked. `error` is the code of a SolidoError."""

    error: str
    channel_id: str
    organisation: str = ""


class SyncTold(msgspec.Struct, frozen=True, tag=True):
    """A first or manual sync, as it stands. `first`: none has succeeded before.

    `error` is the code of a XeroError; `books` are there at its end, `agreement` where they were compared. `mended` are
    records put right that Xero had not announced as changed, `gone` those it does not know any more.
    """

    run_id: UUID
    organisation: str
    trigger: str
    state: str
    first: bool = False
    asked_by: str | None = None
    page: int = 0
    page_count: int = 0
    added: int = 0
    changed: int = 0
    settled: int = 0
    set_aside: int = 0
    mended: int = 0
    gone: int = 0
    seconds: float = 0.0
    books: Books | None = None
    agreement: Agreement | None = None
    error: str | None = None


class QuotaLow(msgspec.Struct, frozen=True, tag=True):
    """Most of the day's calls are used up, by us or by others; automatic syncs are `every` seconds apart for now."""

    organisation: str
    used: int
    limit: int
    every: int


class QuotaUsedUp(msgspec.Struct, frozen=True, tag=True):
    """The day's calls are used up; syncs go on by themselves at `opens_at`."""

    organisation: str
    opens_at: datetime


class Trouble(msgspec.Struct, frozen=True, tag=True):
    """An incident, as it stands; over when `closed_at` is set. `recovered` is false where it was ended otherwise."""

    organisation: str
    connection_id: UUID
    error: str
    failures: int
    opened_at: datetime
    last_failure_at: datetime
    last_success_at: datetime | None
    next_sync_at: datetime | None
    closed_at: datetime | None = None
    recovered: bool = False


Notice = Connected | Disconnected | ConnectFailed | SyncTold | QuotaLow | QuotaUsedUp | Trouble

_decoder = msgspec.json.Decoder(Notice)


def encode(notice: Notice) -> str:
    return msgspec.json.encode(notice).decode()


def decode(text: str) -> Notice:
    found: Notice = _decoder.decode(text)
    return found
