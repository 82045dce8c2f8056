"""What is to be told, as facts. How it is said is the bot's business.

A notice is kept in the outbox as JSON; amounts are exact, moments aware UTC.
"""

from datetime import date, datetime
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


class Held(msgspec.Struct, frozen=True):
    """Reminders that would go out and may not; the earliest of them on `first_on`, a day in the organisation's zone."""

    count: int
    first_on: date | None = None


class Trouble(msgspec.Struct, frozen=True, tag=True):
    """An incident, as it stands; over when `closed_at` is set, and `ending` says how (core.incidents.Ending).

    `error` is the code of a XeroError, `cause` a core.incidents.Cause. `released`: reminders back in the plan.
    """

    organisation: str
    connection_id: UUID
    incident_id: UUID
    cause: str
    error: str
    failures: int
    opened_at: datetime
    last_failure_at: datetime
    last_success_at: datetime | None = None
    next_sync_at: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_by: str | None = None
    taken_by: str | None = None
    held: Held | None = None
    closed_at: datetime | None = None
    ending: str = ""
    ended_by: str | None = None
    released: int = 0


class LetterTold(msgspec.Struct, frozen=True, tag=True):
    """A letter that bounced, or whose fate is not known (`state`), and what a person said of it since.

    `bounced` are the addresses that were refused for good.
    """

    workspace_id: UUID
    letter_id: UUID
    state: str
    customer: str
    numbers: list[str]
    at: datetime
    bounced: list[str] = []
    decided_by: str | None = None


class RemindersTold(msgspec.Struct, frozen=True, tag=True):
    """A day's letters in one line. `held` are invoices that would have been due a letter but are left alone."""

    organisation: str
    day: date
    letters: int
    invoices: int
    held: int
    refused: int = 0


class CreditAsked(msgspec.Struct, frozen=True, tag=True):
    """A customer has credit on no invoice that would cover what a letter asks for; `answer` once a person has said.

    `credit` maps currencies to amounts.
    """

    workspace_id: UUID
    contact_id: UUID
    customer: str
    credit: dict[str, Decimal]
    answer: str = ""
    answered_by: str | None = None


class RemindersDecided(msgspec.Struct, frozen=True, tag=True):
    """Somebody `started`, `paused` or `resumed` the reminders of this channel's organisation."""

    organisation: str
    what: str
    by: str
    until: date | None = None


class AgeTold(msgspec.Struct, frozen=True):
    """What is outstanding of an age, in one currency (storage.invoices.Age)."""

    currency: str
    days: int
    invoices: int
    amount: Decimal


class Paid(msgspec.Struct, frozen=True):
    """Invoices paid in full, in one currency."""

    currency: str
    invoices: int
    amount: Decimal


class Digest(msgspec.Struct, frozen=True, tag=True):
    """A week in one message. `troubles` began in it; `going_on` are the errors of those that last.

    `unsure_letters`, `credit_questions` and `set_aside` wait for a person.
    """

    organisation: str
    since: datetime
    syncs: int
    failed: int
    troubles: int
    going_on: list[str]
    paid: list[Paid]
    books: Books
    ages: list[AgeTold]
    letters: int
    held: int
    unsure_letters: int = 0
    credit_questions: int = 0
    set_aside: int = 0


class Unsubscribed(msgspec.Struct, frozen=True, tag=True):
    """A customer wants no more letters."""

    workspace_id: UUID
    contact_id: UUID
    customer: str


class Happened(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of an incident's history; `what` is a core.incidents.Happening, `error` the code of a XeroError."""

    at: datetime
    what: str
    by: str | None = None
    error: str | None = None
    until: datetime | None = None


class Tried(msgspec.Struct, frozen=True):
    """A sync that ended while the trouble lasted; without `error` it worked."""

    at: datetime
    trigger: str
    error: str | None = None


class TroubleStory(msgspec.Struct, frozen=True, tag=True):
    """What happened to an incident, oldest first, and the last tries, newest first: for the thread of its card."""

    organisation: str
    happened: list[Happened]
    tries: list[Tried]


class TroubleAloud(msgspec.Struct, frozen=True, tag=True):
    """Said once in the thread of the card: that a trouble is over, or that a snooze is and the trouble is not.

    `what` is a core.incidents.Happening; `by` who asked for the snooze.
    """

    organisation: str
    cause: str
    what: str
    failures: int
    seconds: float
    by: str | None = None
    released: int = 0


class Expiring(msgspec.Struct, frozen=True, tag=True):
    """To the person who connected: something ends by itself at `ends_at`; `what` as core.endings names it."""

    organisation: str
    connection_id: UUID
    channel_id: str
    what: str
    ends_at: datetime
    reconnect_needed: bool = False


class Restored(msgspec.Struct, frozen=True, tag=True):
    """The database was set back to a backup made about `since`; what happened after that is not known."""

    organisation: str
    since: datetime


class Moved(msgspec.Struct, frozen=True, tag=True):
    """In place of a card of which there is a newer one."""

    organisation: str


Notice = (
    Connected
    | Disconnected
    | ConnectFailed
    | SyncTold
    | QuotaLow
    | Trouble
    | TroubleStory
    | TroubleAloud
    | Expiring
    | Moved
    | Restored
    | LetterTold
    | RemindersTold
    | CreditAsked
    | RemindersDecided
    | Unsubscribed
    | Digest
)

_decoder = msgspec.json.Decoder(Notice)


def encode(notice: Notice) -> str:
    return msgspec.json.encode(notice).decode()


def decode(text: str) -> Notice:
    found: Notice = _decoder.decode(text)
    return found
