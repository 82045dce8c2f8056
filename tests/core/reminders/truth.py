"""What is true in Xero and among the people, and what follows from it: whether a letter that arrives is right, and
which letters have to come. Works all of it out anew, without asking what the product believes.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from core.mail import Mail
from core.reminders.rules import THANKS
from core.reminders.workdays import working_days
from sandbox.xero.papers import Contact, Invoice
from storage.reminder_models import LetterState
from tests.core.reminders.stage import Stage

LONDON = ZoneInfo("Europe/London")
CALENDAR = working_days("GB")
STEPS = (-3, 0, 7, 14)
A_WEEK = timedelta(days=7)
OPENS, CLOSES = time(9), time(17)


@dataclass
class Truth:
    """`holds` by target, "" for everything. `unseen` are invoices whose due date moved without a trace in Xero.
    `thanking`: whether the rules want who has paid to be thanked."""

    stage: Stage
    customers: list[Contact]
    counted: Counter[str]
    thanking: bool = False
    invoices: list[Invoice] = field(default_factory=list)
    holds: dict[str, date | None] = field(default_factory=dict)
    allowed: dict[str, Decimal] = field(default_factory=dict)
    unsubscribed: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    connected: bool = True
    synced_at: datetime | None = None
    crashes: int = 0
    wrong: list[str] = field(default_factory=list)
    had: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    thanked: set[str] = field(default_factory=set)
    days: dict[str, list[date]] = field(default_factory=lambda: defaultdict(list))

    @property
    def now(self) -> datetime:
        return self.stage.now

    @property
    def today(self) -> date:
        return self.now.astimezone(LONDON).date()

    # a letter reaches a customer at this very moment: is it right?

    def arrived(self, mail: Mail) -> None:
        self.counted["letters"] += 1
        self.wrong += self.against_now()
        customer = next((one for one in self.customers if mail.recipients == (one.email,)), None)
        if customer is None:
            self.wrong.append("to nobody we know")
            return
        self.wrong += self.against_customer(customer, self.days[customer.id])
        self.days[customer.id].append(self.today)
        lines = [one for one in self.invoices if f"{one.number}: " in mail.text]
        if not lines:
            self.wrong.append("about nothing")
        for one in lines:
            if mail.subject.startswith("Thank you"):
                self.thanks_arrived(one, customer, mail)
                continue
            self.wrong += [f"{one.number} {what}" for what in self.against_invoice(one, customer, self.had[one.id])]
            if f"{one.number}: {one.due:,} GBP" not in mail.text:
                self.wrong.append(f"{one.number} has another balance")
            self.had[one.id].add(self.step(one) if self.step(one) is not None else 99)

    def thanks_arrived(self, one: Invoice, customer: Contact, mail: Mail) -> None:
        self.counted["thanked for"] += 1
        self.wrong += [f"{one.number} {what}" for what in self.against_thanks(one, customer)]
        before = [each for each in self.stage.mailer.handed if each is not mail]
        # Of a letter whose process ended before it was handed over nobody knows whether it reminded.
        if not self.crashes and not any(f"{one.number}: " in each.text for each in before):
            self.wrong.append(f"{one.number} is thanked for, but nobody was reminded")
        if one.id in self.thanked:
            self.wrong.append(f"{one.number} is thanked for twice")
        if f"{one.number}: {one.paid:,} GBP" not in mail.text:
            self.wrong.append(f"{one.number} has another payment")
        self.thanked.add(one.id)

    def against_now(self) -> list[str]:
        found = []
        local = self.now.astimezone(LONDON)
        if not (OPENS <= local.time() < CLOSES and CALENDAR.is_working(local.date())):
            found.append("outside the window")
        if not self.connected:
            found.append("while not connected")
        if self.synced_at is None or self.now - self.synced_at > timedelta(hours=6):
            found.append("by old books")
        if self.stage.asked_at is None or self.now - self.stage.asked_at > timedelta(minutes=5):
            found.append("not asked afresh")
        if self.held(""):
            found.append("while everything is held")
        return found

    def against_customer(self, customer: Contact, days: list[date]) -> list[str]:
        found = []
        if self.today in days or sum(self.today - A_WEEK < day for day in days) >= 2:
            found.append("too many for a customer")
        if self.held(customer.id):
            found.append("inside a customer's hold")
        if customer.id in self.unsubscribed:
            found.append("to one who unsubscribed")
        if customer.status not in ("ACTIVE", "ARCHIVED"):
            found.append("to one who asked to be forgotten")
        return found

    def against_invoice(self, one: Invoice, customer: Contact, had: set[int]) -> list[str]:
        found = []
        if one.status != "AUTHORISED" or one.due <= 0 or one.contact is not customer:
            found.append("is settled")
        if self.held(one.id):
            found.append("is held")
        credit = self.credit(customer)
        if credit >= one.due and credit > self.allowed.get(customer.id, Decimal(0)):
            found.append("is covered by credit")
        if one.expected_on and one.expected_on >= self.today:
            found.append("is promised")
        step = self.step(one)
        if step is None or step <= max(had, default=-99):
            found.append("has no step due, or had it")
        return found

    def against_thanks(self, one: Invoice, customer: Contact) -> list[str]:
        found = []
        if not self.thanking:
            found.append("is thanked for, and nobody wants that")
        if one.status != "PAID" or one.due != 0 or one.paid <= 0 or one.contact is not customer:
            found.append("is thanked for, but not paid")
        elif one.settled_on is None or working_day_after(one.settled_on) != self.today:
            found.append("is thanked for on another day")
        if self.held(one.id):
            found.append("is held")
        return found

    def step(self, one: Invoice) -> int | None:
        """The latest step whose day has come; the one before the due date only until then."""
        reached = [days for days in STEPS if CALENDAR.shift(one.due_on, days) <= self.today]
        latest = max(reached, default=None)
        return None if latest is not None and latest < 0 and self.today > one.due_on else latest

    def held(self, target: str) -> bool:
        until = self.holds.get(target, "none")
        return until is None or (isinstance(until, date) and until >= self.today)

    def credit(self, customer: Contact) -> Decimal:
        papers = [each for each in self.stage.organisation.unallocated if each.contact is customer]
        return sum((each.remaining for each in papers if each.status == "AUTHORISED"), Decimal(0))

    # and which have to come?

    async def due_now(self) -> dict[str, list[Invoice]]:
        """By customer: what has to be in a letter at this moment, by the books as a sync sees them."""
        if self.against_now_but_fresh():
            return {}
        had, days, thanked = await self.counting()
        found = {}
        for customer in self.customers:
            if not customer.email or self.against_customer(customer, days[customer.id]):
                continue
            mine = [one for one in self.invoices if one.contact is customer and one.id not in self.unseen]
            lines = [one for one in mine if not self.against_invoice(one, customer, had[one.id])]
            # Who is reminded today is not thanked as well.
            lines = lines or [
                one for one in mine if had[one.id] and one.id not in thanked and not self.against_thanks(one, customer)
            ]
            if lines:
                found[customer.id] = lines
        return found

    def against_now_but_fresh(self) -> bool:
        return bool(set(self.against_now()) - {"not asked afresh"})

    async def counting(self) -> tuple[dict[str, set[int]], dict[str, list[date]], set[str]]:
        """Steps, days and thanks that count as used up: of letters that went, and of those nobody knows about yet."""
        had: dict[str, set[int]] = defaultdict(set)
        thanked: set[str] = set()
        days: dict[str, list[date]] = defaultdict(list)
        async with self.stage.database.reading(self.stage.workspace) as store:
            for step in await store.letters.steps():
                if step.step == THANKS.days:
                    thanked.add(str(step.invoice_id))
                else:
                    had[str(step.invoice_id)].add(step.step)
            for letter in await store.letters.days_since(self.today - A_WEEK):
                days[str(letter.contact_id)].append(letter.goes_on)
        return had, days, thanked

    async def went(self, due: dict[str, list[Invoice]]) -> list[str]:
        """What of `due` did not arrive today, as complaints."""
        letters: dict[str, list[Mail]] = defaultdict(list)
        for mail in self.stage.mailer.delivered[-50:]:
            if mail.at.astimezone(LONDON).date() == self.today:
                customer = next((one for one in self.customers if mail.recipients == (one.email,)), None)
                letters[customer.id if customer else ""].append(mail)
        return [
            f"{one.number} should have had {f'step {self.step(one)}' if one.due else 'its thanks'} today"
            for contact_id, lines in due.items()
            for one in lines
            if not self.named([one], letters[contact_id])
            # Nor is somebody thanked who was reminded, perhaps of an invoice whose new due date no sync could see.
            and (one.due or not self.named([each for each in self.invoices if each.due], letters[contact_id]))
        ]

    @staticmethod
    def named(invoices: Sequence[Invoice], letters: Sequence[Mail]) -> bool:
        """Whether one of these letters is about one of these invoices."""
        return any(f"{one.number}: " in mail.text for one in invoices for mail in letters)

    async def remembered(self) -> list[str]:
        """What went must be written down, and what is written down must have gone, but for crashes in between."""
        had, _, thanked = await self.counting()
        found = [f"{one} {steps}: forgotten" for one, steps in self.had.items() if not steps <= had[one]]
        found += [f"thanks for {one}: forgotten" for one in self.thanked - thanked]
        handed = {mail.message_id for mail in self.stage.mailer.handed}
        async with self.stage.database.reading(self.stage.workspace) as store:
            unheard = [one for one in await store.letters.latest(10_000) if str(one.id) not in handed]
        if len(unheard) > self.crashes:
            found.append("written down, but never handed over")
        return found

    async def settle_unknown(self) -> None:
        """Somebody says truly what became of letters of unknown fate."""
        reached = {mail.message_id for mail in self.stage.mailer.delivered}
        async with self.stage.database.reading(self.stage.workspace) as store:
            letters = [one for one in await store.letters.latest(500) if one.state == LetterState.UNKNOWN]
        for one in letters:
            await self.stage.reminding.say_what_became(
                self.stage.workspace, one.id, went=str(one.id) in reached, by="U", now=self.now
            )


def working_day_after(day: date) -> date:
    day += timedelta(days=1)
    while not CALENDAR.is_working(day):
        day += timedelta(days=1)
    return day
