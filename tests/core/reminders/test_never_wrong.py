"""Whatever happens, in whatever order: no letter that should not have gone, and none missing that should have.

The oracle knows the truth in Xero, and looks at each letter at the moment it reaches the customer. `make prove` takes
a hundred thousand steps; STEPS and --hypothesis-seed say how many and which.
"""

import asyncio
import os
import sys
import tempfile
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from core.mail import Fate
from core.reminders.facts import HoldReason
from core.reminders.rules import STEPS, step_due
from core.reminders.workdays import working_days
from storage.models import ConnectionState
from storage.reminder_models import LetterState, Scope
from tests.core.reminders.stage import Crash, Stage, a_stage, money

PROVE = os.environ.get("SOLIDO_PROVE") == "1"
STEPS_WANTED = int(os.environ.get("STEPS") or (100_000 if PROVE else 2_000))
AN_EXAMPLE = 100
START = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
CALENDAR = working_days("GB")
FATES = [(Fate.REFUSED, False), (Fate.BOUNCED, False), (Fate.UNKNOWN, True), (Fate.UNKNOWN, False)]
counted = {"steps": 0, "letters": 0, "crashes": 0, "examples": 0}

pick = st.integers(0, 1000)


class Reminders(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        counted["examples"] += 1

    def do(self, work):
        return self.runner.run(work)

    @initialize()
    def open(self) -> None:
        self.stage: Stage = self.do(a_stage(f"sqlite:///{self.folder.name}/s.db", START))
        self.books = self.stage.organisation
        self.stage.mailer.watch = self.arrived
        self.customers = [self.books.add_contact(f"Customer {n}", f"c{n}@example.com") for n in range(3)]
        self.invoices = []
        self.holds: dict[str, date | None] = {}
        self.connected, self.wrong = True, []
        self.had: set[tuple[str, int]] = set()
        self.days: dict[str, list[date]] = {}
        self.told_lost: set[str] = set()

    # the oracle

    @property
    def today(self) -> date:
        return self.stage.now.astimezone(LONDON).date()

    def arrived(self, mail) -> None:
        """A letter reached a customer at this very moment: was it right?"""
        counted["letters"] += 1
        customer = next(c for c in self.customers if mail.recipients == (c.email,))
        local = self.stage.now.astimezone(LONDON)
        if not (time(9) <= local.time() < time(17) and CALENDAR.is_working(local.date())):
            self.wrong.append("outside the window")
        if not self.connected:
            self.wrong.append("while not connected")
        days = self.days.setdefault(customer.id, [])
        if self.today in days or sum(self.today - timedelta(7) < day for day in days) >= 2:
            self.wrong.append("too many for a customer")
        days.append(self.today)
        if self.held("") or self.held(customer.id):
            self.wrong.append("inside a hold")
        lines = [one for one in self.invoices if f"{one.number}: " in mail.text]
        if not lines:
            self.wrong.append("about nothing")
        for one in lines:
            self.about(one, mail, customer)

    def unspent(self) -> list:
        return [paper for paper in self.books.unallocated if paper.status == "AUTHORISED"]

    def about(self, one, mail, customer) -> None:
        if one.status != "AUTHORISED" or one.due <= 0 or one.contact is not customer:
            self.wrong.append(f"{one.number} is settled")
        if self.held(one.id):
            self.wrong.append(f"{one.number} is held")
        if f"{one.number}: {one.due:,} GBP" not in mail.text:
            self.wrong.append(f"{one.number} has another balance")
        credit = sum(
            each.remaining
            for each in self.books.unallocated
            if each.contact is customer and each.status == "AUTHORISED"
        )
        if credit >= one.due:
            self.wrong.append(f"{one.number} is covered by credit")
        if one.expected_on and one.expected_on >= self.today:
            self.wrong.append(f"{one.number} is promised")
        reached = [step.days for step in STEPS if CALENDAR.shift(one.due_on, step.days) <= self.today]
        step = max(reached, default=None)
        if step is None or (one.id, step) in self.had:
            self.wrong.append(f"{one.number} has no step due, or had it")
        self.had.add((one.id, step))

    def held(self, target: str) -> bool:
        until = self.holds.get(target, "none")
        return until is None or (isinstance(until, date) and until >= self.today)

    def check(self) -> None:
        counted["steps"] += 1
        assert self.wrong == []

    # what people do in Xero

    @rule(customer=pick, due=st.integers(-40, 25), cents=st.integers(1, 50_000))
    def invoice(self, customer, due, cents) -> None:
        due_on = self.today + timedelta(days=due)
        self.invoices.append(
            self.books.add_invoice(
                self.customers[customer % 3],
                number=f"INV-{len(self.invoices) + 1:03}",
                total=money(str(cents)) / 100,
                issued_on=due_on - timedelta(days=14),
                due_on=due_on,
            )
        )
        self.check()

    def some(self, which):
        open_ones = [one for one in self.invoices if one.status == "AUTHORISED" and one.due > 0]
        return open_ones[which % len(open_ones)] if open_ones else None

    @rule(which=pick, how=st.sampled_from(["pay", "credit", "part", "void", "move", "move silently", "promise"]))
    def change(self, which, how) -> None:
        one = self.some(which)
        if one is None:
            return
        match how:
            case "pay":
                self.books.pay(one)
            case "credit":
                self.books.credit(one)
            case "part" if one.due > money("0.01"):
                self.books.pay(one, money("0.01"))
            case "void" if not one.payments and not one.credits:
                self.books.void(one)
            case "move" | "move silently":
                self.books.change_due_date(one, self.today + timedelta(which % 30 - 20), silent=how != "move")
            case "promise":
                one.expected_on = self.today + timedelta(days=which % 5)
                one.updated_at = self.stage.now
                one.written.clear()
        self.check()

    @rule(which=pick)
    def unpay(self, which) -> None:
        paid = [one for one in self.invoices if one.payments and one.status in ("PAID", "AUTHORISED")]
        if paid:
            self.books.unpay(paid[which % len(paid)])
        self.check()

    @rule(customer=pick, amount=st.sampled_from(["0.50", "300"]))
    def leave_credit(self, customer, amount) -> None:
        self.books.leave_credit(self.customers[customer % 3], amount)
        self.check()

    @rule()
    def use_up_credit(self) -> None:
        for paper in self.unspent():
            self.books.void_unallocated(paper)
        self.check()

    # what happens to us

    @rule()
    def sync(self) -> None:
        if self.connected:
            self.do(self.stage.sync())
        self.check()

    @rule(kind=st.sampled_from(["500", "html"]), path=st.sampled_from([None, "Invoices", "Contacts", "CreditNotes"]))
    def xero_trouble(self, kind, path) -> None:
        self.stage.xero.break_next(kind, path=f"/api.xro/2.0/{path}" if path else None)
        self.check()

    @rule(fate=st.sampled_from(FATES))
    def smtp_trouble(self, fate) -> None:
        self.stage.mailer.next_fates = [fate]
        self.check()

    @rule(when=st.sampled_from(["before", "after"]))
    def crash_around_smtp(self, when) -> None:
        self.stage.mailer.crash = when
        counted["crashes"] += 1
        self.check()

    @rule(at=st.integers(0, 60))
    def crash_in_the_database(self, at) -> None:
        self.stage.crash_at_statement(at)
        counted["crashes"] += 1
        self.do(self.look())
        self.stage.statements_left = None
        self.check()

    @rule()
    def lose_the_connection(self) -> None:
        self.do(self.state(ConnectionState.RECONNECT_NEEDED))
        self.connected = False
        self.check()

    @rule()
    def reconnect(self) -> None:
        self.do(self.state(ConnectionState.ACTIVE))
        self.connected = True
        self.check()

    async def state(self, state) -> None:
        async with self.stage.database.workspace(self.stage.workspace) as store:
            (await store.connections.latest()).state = state

    # what people decide

    @rule(which=pick, days=st.none() | st.integers(0, 6))
    def hold(self, which, days) -> None:
        until = None if days is None else self.today + timedelta(days=days)
        known = [one for one in self.invoices if self.do(self.mirrored(one.id))]
        if which % 3 == 0 or not known:
            self.do(self.stage.reminding.pause(self.stage.workspace, by="U", now=self.stage.now, until=until))
            self.holds[""] = until
        else:
            one = known[which % len(known)]
            self.do(
                self.stage.reminding.hold(
                    self.stage.workspace, Scope.INVOICE, UUID(one.id), reason=HoldReason.DISPUTED, by="U",
                    now=self.stage.now, until=until,
                )
            )  # fmt: skip
            self.holds[one.id] = until
        self.check()

    async def mirrored(self, invoice_id: str) -> bool:
        async with self.stage.database.reading(self.stage.workspace) as store:
            return await store.invoices.get(UUID(invoice_id)) is not None

    @rule()
    def release(self) -> None:
        self.do(self.release_all())
        self.check()

    async def release_all(self) -> None:
        reminding, workspace, now = self.stage.reminding, self.stage.workspace, self.stage.now
        for target in self.holds:
            if target:
                await reminding.release(workspace, Scope.INVOICE, UUID(target), by="U", now=now)
        await reminding.resume(workspace, by="U", now=now)
        self.holds.clear()

    @rule()
    def tell_the_truth_about_lost_letters(self) -> None:
        self.do(self.settle_unknown())
        self.check()

    async def settle_unknown(self) -> None:
        reached = {mail.message_id for mail in self.stage.mailer.delivered}
        async with self.stage.database.reading(self.stage.workspace) as store:
            letters = [one for one in await store.letters.latest(500) if one.state == LetterState.UNKNOWN]
        for one in letters:
            await self.stage.reminding.say_what_became(
                self.stage.workspace, one.id, went=str(one.id) in reached, by="U", now=self.stage.now
            )

    # time

    @rule(hours=st.sampled_from([0.1, 0.5, 1, 3, 7, 12, 24, 40, 96, 500]), synced=st.booleans())
    def time_passes(self, hours, synced) -> None:
        self.stage.clock.forward(timedelta(hours=hours))
        if synced and self.connected:
            self.do(self.stage.sync())
        self.do(self.look())
        self.check()

    @rule()
    def tick(self) -> None:
        self.do(self.look())
        self.check()

    @precondition(lambda self: self.stage.now.astimezone(LONDON).hour not in range(9, 16))
    @rule()
    def morning(self) -> None:
        self.do(self.next_morning())
        self.check()

    async def next_morning(self, *, synced: bool = True) -> None:
        local = self.stage.now.astimezone(LONDON)
        day = local.date() + timedelta(days=1 if local.hour >= 9 else 0)
        to = datetime.combine(day, time(9, 5), LONDON).astimezone(UTC)
        self.stage.clock.forward(to - self.stage.now)
        if self.connected and synced:
            await self.stage.sync()
        elif self.connected:
            await self.books_are_fresh()
        await self.look()

    async def books_are_fresh(self) -> None:
        async with self.stage.database.workspace(self.stage.workspace) as store:
            (await store.connections.latest()).last_success_at = self.stage.now

    async def look(self) -> None:
        try:
            await self.stage.tick()
        except Crash:
            self.stage.statements_left = None

    # silence is no way out

    def teardown(self) -> None:
        if hasattr(self, "stage"):
            try:
                self.do(self.everything_that_should_go_goes())
            finally:
                self.do(self.stage.close())
        self.runner.close()
        self.folder.cleanup()

    async def everything_that_should_go_goes(self) -> None:
        """Once nothing is wrong any more, all that is due goes, as fast as two letters a week allow."""
        if self.wrong:
            return
        stage = self.stage
        stage.xero.heal()
        stage.mailer.next_fates, stage.mailer.crash, stage.statements_left = [], "", None
        self.connected = True
        await self.state(ConnectionState.ACTIVE)
        await self.release_all()
        for paper in self.unspent():
            self.books.void_unallocated(paper)
        for one in self.invoices:
            one.updated_at = stage.now
            one.written.clear()
        for number in range(9):
            await self.next_morning(synced=number == 0)
            if number < 2:
                stage.clock.forward(timedelta(minutes=30))
                await self.settle_unknown()
                await self.look()
        assert self.wrong == []
        await self.nothing_is_left()

    async def nothing_is_left(self) -> None:
        async with self.stage.database.reading(self.stage.workspace) as store:
            sent: dict[str, set[int]] = {}
            for step in await store.letters.steps():
                sent.setdefault(str(step.invoice_id), set()).add(step.step)
        for one in self.invoices:
            if one.status != "AUTHORISED" or one.due <= 0 or (one.expected_on and one.expected_on >= self.today):
                continue
            # Of the last days' steps one may wait for the week to be over.
            before = self.today - timedelta(days=8)
            had = frozenset(sent.get(one.id, set()))
            due = step_due(STEPS, due_on=one.due_on, sent=had, today=before, calendar=CALENDAR)
            assert due is None or due.days < 0, f"{one.number} should have had step {due.days} by now"


def test_no_letter_is_wrong_and_none_is_missing():
    run_state_machine_as_test(
        Reminders,
        settings=settings(
            max_examples=max(STEPS_WANTED // AN_EXAMPLE, 1),
            stateful_step_count=AN_EXAMPLE,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    sys.stdout.write(f"\n{counted}\n")
    assert counted["letters"] > 0
