"""An organisation on an ordinary Monday, for the pages in docs that show what people see. Nobody in it exists."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.agreement import Agreement, Sum
from core.dashboard import Dashboard, Planned
from core.edits import Edit
from core.edits import encode as encode_edits
from core.notices import AgeTold, Amount, Books, Paid, SyncTold
from core.reminders.facts import HoldFact, HoldReason, Policy
from core.reminders.gate import Why
from core.reminders.outlook import Outlook, Standing
from core.reminders.plan import Customer, Debt, HeldDebt, Plan, PlannedLetter, PlannedLine
from core.reminders.rules import STEPS, Rules, edits
from core.reminders.slots import SendTimes
from core.reminders.workdays import working_days
from core.status import Status
from core.why_invoice import Coming, Story
from core.zones import zone
from storage.mirror_models import Invoice, SetAside
from storage.models import Connection, ConnectionState, RunState, SyncRun, Trigger
from storage.reminder_models import Hold, Letter, LetterState, Reminder, ReminderPolicy, Scope, Verdict
from storage.runs import Figures, RunTotals
from storage.set_aside import FirstOf
from storage.slack_models import Preferences
from storage.unapplied import Rest

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = date(2026, 11, 23)
AN_ID = UUID(int=1)
ANOTHER_ID = UUID(int=2)
NAME = "Harbour Lane Ltd"
CHANNEL = "C1"
SOMEBODY = "U1"
GROUP = "S1"
CHANGES = encode_edits([Edit("rhythm", "", "3600"), Edit("quiet hours", "", "18:00-07:00")])
NEW_RULES = encode_edits(edits(Rules(), Rules(steps=STEPS[1:], thank=True)))
QUARTER = timedelta(minutes=15)
BOOKS = Books(
    [
        Amount("GBP", 29, Decimal("11721.94"), 6, Decimal("2310.00")),
        Amount("EUR", 2, Decimal("900.00"), 0, Decimal(0)),
    ],
    19,
)
NO_BOOKS = Books([], 0)
AGES = [
    AgeTold("GBP", 0, 23, Decimal("9411.94")),
    AgeTold("GBP", 1, 4, Decimal("1510.00")),
    AgeTold("GBP", 31, 2, Decimal("800.00")),
    AgeTold("EUR", 0, 2, Decimal("900.00")),
]
AGREE = Agreement(NOON, True, [Sum("GBP", 29, Decimal("11721.94")), Sum("EUR", 2, Decimal("900.00"))], 31)
DIFFER = Agreement(NOON, False, AGREE.ours, 33, ["INV-0042", "INV-0051"], unreadable=1)
PAID = [Paid("GBP", 7, Decimal("4310.20"))]


def connection(**more: Any) -> Connection:
    usual: dict[str, Any] = {
        "id": AN_ID,
        "workspace_id": AN_ID,
        "tenant_id": "",
        "tenant_name": NAME,
        "state": ConnectionState.ACTIVE,
        "xero_connection_id": "",
        "connected_by": SOMEBODY,
        "connected_at": NOON - timedelta(days=40),
        "timezone": "Europe/London",
        "country_code": "GB",
        "base_currency": "GBP",
        "last_success_at": NOON - QUARTER,
        "last_attempt_at": NOON - QUARTER,
        "next_sync_at": NOON + timedelta(seconds=30),
    }
    return Connection(**usual | more)


def run(**more: Any) -> SyncRun:
    usual: dict[str, Any] = {
        "workspace_id": AN_ID,
        "connection_id": AN_ID,
        "trigger": Trigger.SCHEDULED,
        "state": RunState.SUCCEEDED,
        "queued_at": NOON - QUARTER,
        "started_at": NOON - QUARTER,
        "finished_at": NOON - QUARTER,
        "seconds": 1.2,
        "added": 2,
        "settled": 1,
    }
    return SyncRun(**usual | more)


RUNNING = {"state": RunState.RUNNING, "page": 2, "page_count": 5, "finished_at": None}
FAILED = {"state": RunState.FAILED, "error": "XeroUnavailable"}


def sync(**more: Any) -> SyncTold:
    usual: dict[str, Any] = {"trigger": Trigger.MANUAL, "state": RunState.SUCCEEDED, "asked_by": SOMEBODY, "seconds": 2}
    return SyncTold(AN_ID, NAME, **{**usual, **more})


def status(**more: Any) -> Status:
    usual: dict[str, Any] = {
        "connection": connection(),
        "books": BOOKS,
        "figures": Figures(RunTotals(4021, 4013, 8), calls_today=212, bytes_this_month=3_400_000, automatic_cost=3.0),
        "runs": [run(), run(**FAILED), run(trigger=Trigger.RECONCILE, added=0, settled=0)],
        "advise": None,
        "agreement": AGREE,
        "unapplied": [],
        "set_aside": FirstOf([], 0),
        "preferences": preferences(mentions=[]),
    }
    return Status(**usual | more)


def set_aside() -> FirstOf:
    about = {"workspace_id": AN_ID, "connection_id": AN_ID, "resource": "invoices", "since_at": NOON}
    return FirstOf([SetAside(**about, record="1", label="INV-0077", reason="an amount is missing")], 1)


UNAPPLIED = [Rest(AN_ID, "GBP", Decimal("250.00"))]


def preferences(**more: Any) -> Preferences:
    return Preferences(workspace_id=AN_ID, digest=True, **more)


def dashboard(**more: Any) -> Dashboard:
    usual: dict[str, Any] = {
        "workspace_id": AN_ID,
        "channel_id": CHANNEL,
        "preferences": preferences(),
        "connection": connection(),
        "troubles": [],
        "runs": [run(), run(**FAILED), *[run()] * 10],
        "books": BOOKS,
        "ages": AGES,
        "planned": Planned(True, False, 6, TODAY + timedelta(days=1), 2),
        "calls": 212,
    }
    return Dashboard(**usual | more)


def debt(number: str, amount: str, due_on: date) -> Debt:
    return Debt(ANOTHER_ID, number, "GBP", Decimal(amount), due_on)


OWED = debt("INV-0042", "780.00", date(2026, 11, 13))
ALSO = debt("INV-0051", "120.00", date(2026, 11, 24))
DISPUTE = Why.DISPUTED
DISPUTED = debt("INV-0033", "64.50", date(2026, 10, 2))
BAKERY = Customer(AN_ID, "Northgate Bakery", (OWED, ALSO))
CAFE = Customer(ANOTHER_ID, "Quayside Café", (DISPUTED,), holds=(HoldFact(HoldReason.DISPUTED),))
HOTEL = Customer(UUID(int=3), "Old Mill Hotel", ())


def hold(**more: Any) -> Hold:
    usual: dict[str, Any] = {
        "workspace_id": AN_ID,
        "scope": Scope.EVERYTHING,
        "reason": HoldReason.OTHER,
        "placed_by": SOMEBODY,
        "placed_at": NOON - timedelta(days=2),
    }
    return Hold(**usual | more)


def outlook(*, started: bool = True, holds: tuple[Hold, ...] = (), reminds: bool = False, **more: Any) -> Outlook:
    rules = Rules()
    send_times = SendTimes(rules.send_at, frozenset(rules.weekdays), zone("Europe/London"), working_days("GB"))
    standing = Standing(
        connection=connection(**more),
        row=ReminderPolicy(workspace_id=AN_ID, xero_reminds=reminds),
        policy=Policy(rules, send_times, started=started),
        today=TODAY,
        holds=holds,
        unsubscribed=frozenset(),
        sent={},
        thanked=frozenset(),
        letter_days={},
        last_hour=0,
        allowed={},
    )
    return Outlook(standing, (BAKERY, CAFE, HOTEL))


def plan() -> Plan:
    lines = (PlannedLine(OWED, STEPS[2]), PlannedLine(ALSO, STEPS[1]))
    return Plan(
        letters=[PlannedLetter(BAKERY, date(2026, 11, 24), NOON + timedelta(hours=21), lines)],
        held=[HeldDebt(CAFE, DISPUTED, Why.DISPUTED, date(2026, 12, 12))],
        unreachable=[HOTEL],
        finished=1,
    )


def letter(**more: Any) -> Letter:
    usual: dict[str, Any] = {
        "id": AN_ID,
        "workspace_id": AN_ID,
        "connection_id": AN_ID,
        "contact_id": AN_ID,
        "contact_name": BAKERY.name,
        "goes_on": date(2026, 11, 13),
        "state": LetterState.SENT,
        "unsubscribe_hash": "",
        "claimed_at": NOON,
    }
    return Letter(**usual | more)


def story(**more: Any) -> Story:
    invoice = Invoice(
        workspace_id=AN_ID,
        invoice_id=ANOTHER_ID,
        connection_id=AN_ID,
        number=OWED.number,
        contact_name=BAKERY.name,
        status="AUTHORISED",
        currency="GBP",
        total=Decimal("780.00"),
        amount_due=OWED.amount_due,
        due_on=OWED.due_on,
        updated_at=NOON,
    )
    reminder = Reminder(
        workspace_id=AN_ID,
        letter_id=AN_ID,
        invoice_id=ANOTHER_ID,
        step=0,
        currency="GBP",
        amount_due=OWED.amount_due,
        due_on=OWED.due_on,
    )
    usual: dict[str, Any] = {
        "invoice": invoice,
        "connection": connection(),
        "holds": [],
        "letters": [(letter(), reminder)],
        "coming": Coming(date(2026, 11, 24), 7),
        "verdict": Verdict(workspace_id=AN_ID, invoice_id=ANOTHER_ID, at=NOON - timedelta(days=10), told=""),
        "decided": [],
        "same": True,
        "started": True,
        "paused": None,
    }
    return Story(**usual | more)
