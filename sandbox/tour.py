"""The guided tour: six steps, each of which ticks itself off when it really happened.

Whether it happened is read from Solido's own database, from Xero's books and from the mailbox: never from a click.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from sandbox.mail import FakeMailbox, Letter
from sandbox.xero import FakeXero
from sandbox.xero import Invoice as XeroInvoice
from storage.database import Database
from storage.mirror_models import Invoice
from storage.models import Connection, ConnectionState, Incident, RunState, SyncRun
from storage.reminder_models import Letter as Reminders
from storage.reminder_models import LetterState


@dataclass(frozen=True)
class Step:
    """`say` is what to type into Slack for it; `pane` is the part of the desk where it is done."""

    key: str
    title: str
    do: str
    say: str = ""
    pane: str = ""


STEPS = (
    Step("connect", "Connect", "Type /solido connect, press the button, and allow access in Xero.", "/solido connect"),
    Step("sync", "First sync", "Watch it in #finance: Solido reads the open invoices and says how many there are."),
    Step(
        "pay",
        "Someone pays",
        "In Xero, press Pay at an overdue invoice. A webhook tells Solido within seconds: /solido status has it.",
        pane="xero",
    ),
    Step(
        "break",
        "Break it",
        "Under Trouble, disconnect the organisation in Xero, and let 15 minutes pass: one alert comes, and only one.",
        pane="levers",
    ),
    Step("reconnect", "Reconnect", "Press Reconnect in the alert and allow access again: the alert becomes good news."),
    Step(
        "remind",
        "A reminder",
        "Type /solido reminders, press Start reminders, and let days pass: letters go out on working days, and none "
        "about an overdue invoice that was paid.",
        "/solido reminders",
        "inbox",
    ),
)
MOST_ASKED = 200


@dataclass(frozen=True)
class Facts:
    """What can be seen of what happened so far. `letters` of reminders went out; `spared` are invoices that would have
    been in one by then, were they not paid; `letters_to_paid` name one that was paid before."""

    connected: bool
    synced_at: datetime | None
    payments_noticed: bool
    troubles_told: bool
    troubles_over: bool
    letters: int
    spared: int
    letters_to_paid: int


def happened(facts: Facts) -> set[str]:
    """The steps for which there is proof now."""
    proofs = {
        "connect": facts.connected,
        "sync": facts.synced_at is not None,
        "pay": facts.payments_noticed,
        "break": facts.troubles_told,
        "reconnect": facts.troubles_told and facts.troubles_over and facts.connected,
        "remind": facts.letters > 0 and facts.spared > 0 and facts.letters_to_paid == 0,
    }
    return {key for key, proven in proofs.items() if proven}


@dataclass
class Tour:
    """`done` is what was ticked off, in this order."""

    database: Database
    xero: FakeXero
    mailbox: FakeMailbox
    done: list[str] = field(default_factory=list)

    async def look(self) -> None:
        """Tick off what happened since."""
        if all(step.key in self.done for step in STEPS):
            return
        proven = happened(await self._facts())
        self.done += [step.key for step in STEPS if step.key in proven and step.key not in self.done]

    def json(self) -> Mapping[str, Any]:
        return {
            "steps": [
                {"key": step.key, "title": step.title, "do": step.do, "say": step.say, "pane": step.pane}
                for step in STEPS
            ],
            "done": self.done,
        }

    async def _facts(self) -> Facts:
        async with self.database.asking() as unscoped:
            ask = unscoped.session.exec
            states = (await ask(select(Connection.state))).all()
            synced = select(SyncRun.finished_at).where(col(SyncRun.state) == RunState.SUCCEEDED)
            synced_at = (await ask(synced.order_by(col(SyncRun.finished_at)).limit(1))).first()
            told = (await ask(select(Incident.closed_at).where(col(Incident.told_at).is_not(None)))).all()
            paid = {UUID(each.id): each.due for each in self._paid_since(synced_at)}
            known = select(col(Invoice.invoice_id), col(Invoice.amount_due)).where(col(Invoice.invoice_id).in_(paid))
            noticed = any(paid[key] == due for key, due in (await ask(known)).all()) if paid else False
            went = select(col(Reminders.goes_on)).where(col(Reminders.state) == LetterState.SENT)
            days = (await ask(went)).all()
        return Facts(
            connected=ConnectionState.ACTIVE in states,
            synced_at=synced_at,
            payments_noticed=noticed,
            troubles_told=bool(told),
            troubles_over=all(told),
            letters=len(days),
            spared=len(self._spared(synced_at, max(days))) if days else 0,
            letters_to_paid=sum(map(self._speaks_of_paid, self.mailbox.letters)),
        )

    def _invoices(self) -> Iterable[XeroInvoice]:
        return (invoice for books in self.xero.organisations for invoice in books.invoices)

    def _paid_since(self, moment: datetime | None) -> list[XeroInvoice]:
        """Invoices that got a payment in Xero after that; the last ones, a database asks for no thousands."""
        found = [one for one in self._invoices() if moment and one.payments and one.updated_at > moment]
        return found[-MOST_ASKED:]

    def _spared(self, moment: datetime | None, day: date) -> list[XeroInvoice]:
        """Sales invoices overdue on that day of letters, and settled since `moment`, before the last letter went."""
        last = max((letter.at for letter in self.mailbox.letters), default=None)
        settled = [one for one in self._paid_since(moment) if one.type == "ACCREC" and one.due == 0]
        return [one for one in settled if last and one.updated_at < last and one.due_on and one.due_on < day]

    def _speaks_of_paid(self, letter: Letter) -> bool:
        """Whether a letter names an invoice that was settled in Xero before it was written."""
        named = set(re.findall(r"[\w-]+", letter.text or ""))
        return any(one.due == 0 and one.number in named and one.updated_at < letter.at for one in self._invoices())
