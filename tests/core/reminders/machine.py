"""A life of reminders in random order: people work in Xero and in Slack, wires and processes break, time goes by.

Steered, since blind steps seldom reach a letter: on most days something is due, and what happens, happens to that.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from core.errors import NotYours
from core.keeping import Keeping
from core.reminders.facts import HoldReason
from core.reminders.rules import Rules
from sandbox.xero.papers import Contact, Invoice
from sandbox.xero.unallocated import KINDS
from storage.models import ConnectionState
from storage.reminder_models import Scope
from tests.core.reminders.happenings import (
    AMONG_PEOPLE,
    FATES,
    HOURS,
    IN_XERO,
    ONCE_PAID,
    SOME,
    WEIGHTS,
    WITHIN_A_DAY,
)
from tests.core.reminders.post import MANNERS, Post, last_sync
from tests.core.reminders.stage import Crash, Stage, a_stage, money
from tests.core.reminders.truth import CALENDAR, LONDON, STEPS, Truth, working_day_after

AN_EXAMPLE = 200
CUSTOMERS = 8
START = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
counted: Counter[str] = Counter()
only_runner = cache(asyncio.Runner)
"""The database is one for all lives, and belongs to its event loop."""
pick = st.integers(0, 1000)


class Reminders(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = only_runner()
        counted["examples"] += 1

    def do(self, work: Awaitable[Any]) -> Any:
        return self.runner.run(work)

    @initialize(thanking=st.sampled_from([True, True, False]))
    def open(self, thanking: bool) -> None:
        self.stage: Stage = self.do(a_stage("", START))
        self.books = self.stage.organisation
        customers = [self.books.add_contact(f"Customer {n}", f"c{n}@example.com") for n in range(CUSTOMERS)]
        self.truth = Truth(self.stage, customers, counted, thanking)
        self.stage.mailer.watch = self.truth.arrived
        self.post = Post(self.stage)
        if thanking:
            rules, now = Rules(thank=True), self.stage.now
            self.do(self.stage.reminding.set_rules(self.stage.workspace, rules, by="U", now=now))

    @rule(what=st.sampled_from([what for what, weight in WEIGHTS.items() for _ in range(weight)]), which=pick, how=pick)
    def something(self, what: str, which: int, how: int) -> None:
        counted["steps"] += 1
        self.do(getattr(self, what)(which, how))
        assert self.truth.wrong == [], self.truth.wrong

    # what people do in Xero

    async def bill(self, which: int, how: int) -> None:
        """An invoice of which a step is reached within days."""
        due_on = CALENDAR.shift(self.truth.today + (how % 5 - 1) * DAY, -STEPS[which % 4])
        made = self.books.add_invoice(
            self.truth.customers[which % CUSTOMERS],
            number=f"INV-{len(self.truth.invoices) + 1:03}",
            total=money(str(which * 37 + 1)) / 100,
            issued_on=due_on - 30 * DAY,
            due_on=due_on,
        )
        self.truth.invoices.append(made)

    async def change(self, which: int, how: int) -> None:
        open_ones = [one for one in self.truth.invoices if one.status == "AUTHORISED" and one.due > 0]
        if open_ones:
            self.in_xero(open_ones[which % len(open_ones)], IN_XERO[how % len(IN_XERO)], which)

    def in_xero(self, one: Invoice, how: str, which: int) -> None:
        before = one.updated_at, one.due_on
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
                self.books.change_due_date(one, self.truth.today + (which % 30 - 20) * DAY, silent=how != "move")
            case "promise":
                self.books.promise(one, self.truth.today + which % 5 * DAY)
            case "owe" | "owe little":
                amount = one.due if how == "owe" else money("0.01")
                self.books.add_unallocated(one.contact, amount, KINDS[which % len(KINDS)])
            case "no address":
                self.books.blank_email(one.contact)
            case "unpay" if one.payments:
                self.books.unpay(one)
        if one.updated_at != before[0]:
            self.truth.unseen.discard(one.id)
        elif one.due_on != before[1]:
            self.truth.unseen.add(one.id)

    async def unpay(self, which: int, how: int) -> None:
        paid = [one for one in self.truth.invoices if one.payments and one.status in ("PAID", "AUTHORISED")]
        if paid:
            self.in_xero(paid[which % len(paid)], "unpay", which)

    async def tidy_up_in_xero(self, which: int, how: int) -> None:
        """Credit is used up, and customers have addresses again."""
        for paper in self.books.unallocated:
            if paper.status == "AUTHORISED":
                self.books.void_unallocated(paper)
        for number, contact in enumerate(self.truth.customers):
            if not contact.email:
                self.books.set_email(contact, f"c{number}@example.com")

    # what people decide

    async def hold(self, which: int, how: int) -> None:
        open_ones = [one for one in self.truth.invoices if one.status == "AUTHORISED"]
        if open_ones:
            days = None if how % 2 else how % 7
            await self.among_people(open_ones[which % len(open_ones)], AMONG_PEOPLE[how % 3], days)

    async def among_people(self, one: Invoice, how: str, days: int | None = None) -> None:
        reminding, workspace, now = self.stage.reminding, self.stage.workspace, self.stage.now
        until = None if days is None else self.truth.today + days * DAY
        target, scope = (one.id, Scope.INVOICE) if how == "hold" else (one.contact.id, Scope.CUSTOMER)
        match how:
            case "hold" | "hold customer":
                with suppress(NotYours):  # not synced yet
                    await reminding.hold(
                        workspace, scope, UUID(target), reason=HoldReason.DISPUTED, by="U", now=now, until=until
                    )
                    self.truth.holds[target] = until
            case "pause":
                await reminding.pause(workspace, by="U", now=now, until=until)
                self.truth.holds[""] = until
            case "cut off":
                await self.lose_connection()
            case "unsubscribe":
                await self.click_unsubscribe(one.contact)

    async def click_unsubscribe(self, contact: Contact) -> None:
        letters = [mail for mail in self.stage.mailer.delivered if mail.recipients == (contact.email,)]
        if letters:
            await self.stage.reminding.unsubscribe(letters[-1].unsubscribe.rsplit("/", 1)[-1], now=self.stage.now)
            self.truth.unsubscribed.add(contact.id)

    async def release(self, which: int = 0, how: int = 0) -> None:
        """Every hold ends, and whoever unsubscribed is written to again."""
        reminding, workspace, now = self.stage.reminding, self.stage.workspace, self.stage.now
        for target in self.truth.holds:
            if target:
                scope = Scope.CUSTOMER if target in {one.id for one in self.truth.customers} else Scope.INVOICE
                await reminding.release(workspace, scope, UUID(target), by="U", now=now)
        if "" in self.truth.holds:
            await reminding.resume(workspace, by="U", now=now)
        for contact_id in self.truth.unsubscribed:
            await reminding.subscribe(workspace, UUID(contact_id), by="U", now=now)
        self.truth.holds.clear()
        self.truth.unsubscribed.clear()

    async def answer_about_credit(self, which: int, how: int) -> None:
        async with self.stage.database.reading(self.stage.workspace) as store:
            questions = [one for one in (await store.reminders.credit_questions()).values() if not one.answer]
        if not questions:
            return
        question = questions[which % len(questions)]
        answer, contact_id = "hold" if how % 2 else "send", question.contact_id
        await self.stage.reminding.answer_about_credit(
            self.stage.workspace, contact_id, answer, by="U", now=self.stage.now
        )
        if answer == "send":
            self.truth.allowed[str(contact_id)] = money(question.credit["GBP"])
        else:
            self.truth.holds[str(contact_id)] = None

    async def tell_about_lost_letters(self, which: int, how: int) -> None:
        await self.truth.settle_unknown()

    # what happens to us

    async def lose_connection(self, which: int = 0, how: int = 0) -> None:
        await self.state(ConnectionState.RECONNECT_NEEDED)

    async def reconnect(self, which: int = 0, how: int = 0) -> None:
        await self.state(ConnectionState.ACTIVE)

    async def state(self, state: ConnectionState) -> None:
        self.truth.connected = state == ConnectionState.ACTIVE
        async with self.stage.database.workspace(self.stage.workspace) as store:
            (await store.connections.latest()).state = state

    async def trouble(self, which: int, how: int) -> None:
        self.break_something(SOME[how % len(SOME)])

    def break_something(self, how: str) -> None:
        kind, _, path = how.partition(" ")
        if how in FATES:
            self.stage.mailer.next_fates = [FATES[how]]
        elif kind == "crash":
            self.stage.mailer.crash = path
            self.truth.crashes += 1
        else:
            self.stage.xero.break_next(kind, path=f"/api.xro/2.0/{path}" if path else None)

    # time

    async def time_passes(self, which: int, how: int) -> None:
        self.stage.clock.forward(HOURS[how % len(HOURS)] * HOUR)
        # As the product does by itself: else Xero ends a permission that rests for sixty days, and nobody may write.
        await Keeping(self.stage.syncing).look()
        await self.look()

    async def the_post(self, which: int = 0, how: int = 0) -> None:
        """Xero's webhooks come, or ought to; while nobody is connected they are only kept."""
        if self.truth.connected:
            await self.post.comes(MANNERS[how % len(MANNERS)])
            self.truth.synced_at = await last_sync(self.stage)

    async def a_day_with(self, which: int, how: int) -> None:
        """Something comes between the last sync and the letter, or between the letter and its end."""
        self.stage.xero.heal()
        if which % 4:
            await self.reconnect()
            await self.release()
        await self.bill(which, how=2)
        await self.next_morning()
        due = await self.truth.due_now()
        lines = [one for found in due.values() for one in found if one.due]
        one = lines[which % len(lines)] if lines else self.truth.invoices[-1]
        counted["days on which something was due"] += bool(lines)
        happens = WITHIN_A_DAY[how % len(WITHIN_A_DAY)]
        await self.within_a_day(one, happens, which)
        if happens in IN_XERO and which % 2:
            await self.the_post(how=which // 2)
        await self.looks(0 if happens in IN_XERO else max(which % 4 - 1, 0))

    async def a_day_of_thanks(self, which: int, how: int) -> None:
        """Somebody who was reminded pays, and the next working day comes."""
        reminded = [one for one in self.truth.invoices if one.status == "AUTHORISED" and self.truth.had[one.id]]
        if not reminded:
            return await self.a_day_with(which, how)
        if which % 4:
            await self.reconnect()
            await self.release()
        one = reminded[which % len(reminded)]
        self.in_xero(one, "pay", which)
        counted["paid once reminded"] += 1
        if how % 3:
            return await self.an_ordinary_day()
        happens = ONCE_PAID[how // 3 % len(ONCE_PAID)]
        self.stage.xero.heal()
        await self.next_morning()
        if one.settled_on and working_day_after(one.settled_on) == self.truth.today:
            await self.within_a_day(one, happens, which)
        await self.looks(max(which % 4 - 1, 0))
        return None

    async def looks(self, more: int) -> None:
        """One, and some more."""
        await self.look()
        self.stage.meanwhile = self.stage.statements_left = None
        for _ in range(more):
            self.stage.clock.forward(20 * MINUTE)
            await self.look()

    async def within_a_day(self, one: Invoice, how: str, which: int) -> None:
        if how in (*IN_XERO, "unpay"):
            self.in_xero(one, how, which)
        elif how in AMONG_PEOPLE:
            await self.among_people(one, how)
        elif how.startswith("while "):
            self.stage.meanwhile = lambda: self.happen(one, how.removeprefix("while "))
        elif how == "statement":
            self.stage.crash_at_statement(which % 60)
            self.truth.crashes += 1
        elif how == "books get old":
            self.stage.clock.forward(6 * HOUR + MINUTE)
        else:
            self.break_something(how)

    async def happen(self, one: Invoice, how: str) -> None:
        """Between the fresh reading and the gate."""
        if how == "another worker":
            await self.look()
        elif how == "the post":
            await self.the_post()
        elif how in AMONG_PEOPLE:
            await self.among_people(one, how)
        else:
            count, unit = how.split()
            self.stage.clock.forward(int(count) * (HOUR if unit == "hours" else MINUTE))

    async def an_ordinary_day(self, which: int = 0, how: int = 0) -> None:
        """No wire is broken: all that is due goes, and nothing else."""
        self.stage.xero.heal()
        self.stage.mailer.next_fates, self.stage.mailer.crash = [], ""
        await self.next_morning()
        due = await self.truth.due_now()
        counted["letters awaited"] += len(due)
        missing: list[str] = []
        for _ in range(3):
            await self.look()
            missing = await self.truth.went(due)
            if not missing:
                break
        self.truth.wrong += missing + await self.truth.remembered()

    async def next_morning(self) -> None:
        """Five past nine of the next working day, after a sync."""
        day: date = self.truth.today + DAY
        while not CALENDAR.is_working(day):
            day += DAY
        to = datetime.combine(day, time(9, 5), LONDON).astimezone(UTC)
        self.stage.clock.forward(to - self.stage.now)
        if self.truth.connected:
            await self.stage.sync()
            self.truth.synced_at = await last_sync(self.stage)

    async def look(self) -> None:
        try:
            await self.stage.tick()
        except Crash:
            self.stage.statements_left = None

    # silence is no way out

    def teardown(self) -> None:
        try:
            if hasattr(self, "truth") and not self.truth.wrong:
                self.do(self.in_the_end())
        finally:
            if hasattr(self, "stage"):
                self.do(self.stage.close())

    async def in_the_end(self) -> None:
        """Once nothing keeps them any more, all that is due goes."""
        await self.reconnect()
        await self.release()
        for _ in range(2):
            await self.an_ordinary_day()
            await self.truth.settle_unknown()
        assert self.truth.wrong == [], self.truth.wrong


def play(steps: int, *, begin_with: int | None = None, shrink: bool = True) -> None:
    """Take about so many steps, hardly ever fewer, from this seed; raises what was found wrong."""
    phases = [phase for phase in Phase if shrink or phase is not Phase.shrink]
    # Hypothesis ends some examples early.
    examples = max(steps * 23 // (AN_EXAMPLE * 20), 1)
    machine = type("Reminders", (Reminders,), {})
    run_state_machine_as_test(
        machine if begin_with is None else seed(begin_with)(machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=AN_EXAMPLE,
            deadline=None,
            print_blob=True,
            phases=phases,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
