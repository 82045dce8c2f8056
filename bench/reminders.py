"""`python -m bench.reminders`: how long plans take. Prints a table; asserts nothing."""

import statistics
import sys
import time as stopwatch
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from bot.views import reminders as views
from core.reminders.facts import Policy
from core.reminders.outlook import Outlook, Standing
from core.reminders.plan import Customer, Debt, plan
from core.reminders.rules import Rules
from core.reminders.slots import SendTimes
from core.reminders.workdays import prepare, working_days
from storage.models import Connection
from storage.reminder_models import ReminderPolicy

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 24)
TIMES = 7


def customers(count: int, invoices_each: int) -> tuple[Customer, ...]:
    return tuple(
        Customer(
            UUID(int=number + 1),
            f"Customer {number}",
            tuple(
                Debt(
                    UUID(int=1_000_000 * (number + 1) + index),
                    f"INV-{number}-{index}",
                    "GBP",
                    Decimal("120.00"),
                    TODAY - timedelta(days=(number * 7 + index * 3) % 90),
                )
                for index in range(invoices_each)
            ),
            (f"customer{number}@example.com",),
        )
        for number in range(count)
    )


def policy(per_hour: int) -> Policy:
    rules = Rules(per_hour=per_hour)
    send_times = SendTimes(rules.send_at, frozenset(rules.weekdays), ZoneInfo("Europe/London"), working_days("GB"))
    return Policy(rules, send_times, started=True)


def outlook(count: int, invoices_each: int) -> Outlook:
    connection = Connection(
        workspace_id=UUID(int=1), tenant_id="t", tenant_name="Harbour Lane Ltd", xero_connection_id="x",
        connected_by="U", connected_at=NOW, timezone="Europe/London", country_code="GB", last_success_at=NOW,
    )  # fmt: skip
    standing = Standing(
        connection,
        ReminderPolicy(workspace_id=UUID(int=1)),
        policy(60),
        TODAY,
        (),
        frozenset(),
        {},
        frozenset(),
        {},
        0,
        {},
    )
    return Outlook(standing, customers(count, invoices_each))


def timed(what: str, work: Callable[[], object]) -> None:
    taken = []
    for _ in range(TIMES):
        began = stopwatch.perf_counter()
        work()
        taken.append(stopwatch.perf_counter() - began)
    sys.stdout.write(
        f"{what:<58} median {statistics.median(taken) * 1000:8.1f} ms, worst {max(taken) * 1000:8.1f} ms\n"
    )


def page(it: Outlook) -> object:
    shown = views.Shown("w", it, it.plan(NOW), (), may_decide=True, mail=True, now=NOW)
    return views.plan(shown)


def main() -> None:
    prepare()
    small = outlook(120, 3)
    sys.stdout.write(f"{sum(len(one.debts) for one in small.customers)} outstanding invoices of 120 customers:\n")
    timed("  plan and page", lambda: page(small))
    many, rules = customers(10_000, 1), policy(600)
    due = len(plan(many, rules, NOW, slots=3).letters)
    timed(f"10,000 due letters planned over three days ({due:,})", lambda: plan(many, rules, NOW, slots=3))
    slow = policy(60)
    found = len(plan(many, slow, NOW, slots=30).letters)
    timed(f"10,000 due letters at 60 an hour, 30 send days ({found:,})", lambda: plan(many, slow, NOW, slots=30))


if __name__ == "__main__":
    main()
