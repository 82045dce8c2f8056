"""The story of one invoice: what is known of it, who holds it, what went out, what comes next and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from core.changes import is_outstanding
from core.errors import BadArgument, NotConnected
from core.reminders.claiming import replay
from core.reminders.gate import Why
from core.reminders.outlook import Outlook, look
from storage.mirror_models import Invoice
from storage.models import Connection
from storage.reminder_models import Hold, Letter, Reminder, Verdict
from storage.store import WorkspaceStore

LOOK_AHEAD = 30
"""Send days; the longest ladder is shorter."""


@dataclass(frozen=True)
class Coming:
    """The day and the step of the next letter about an invoice, where one is planned; `held` says why it waits until
    then, or why there is none, and `until` how long. All of it None: nothing more is to come."""

    on: date | None = None
    step: int | None = None
    held: Why | None = None
    until: date | None = None


@dataclass(frozen=True)
class Story:
    """`decided` is the gate's last word, `same` whether asking it again with the same facts gives the same answer."""

    invoice: Invoice
    connection: Connection
    holds: Sequence[Hold]
    letters: Sequence[tuple[Letter, Reminder]]
    coming: Coming
    verdict: Verdict | None
    decided: Sequence[Why]
    same: bool
    started: bool
    paused: Hold | None


async def find(store: WorkspaceStore, number: str) -> Invoice:
    """The invoice people mean by a number, in capitals or not; raise BadArgument where there is none."""
    found = await store.invoices.by_number(number.strip().lstrip("#"))
    if not found:
        raise BadArgument(f"I know no invoice {number.strip()[:40]}.")
    return next((invoice for invoice in found if is_outstanding(invoice.status, invoice.amount_due)), found[0])


async def story(store: WorkspaceStore, number: str, *, now: datetime) -> Story:
    """Raise BadArgument for an unknown number, NotConnected where nothing was ever connected."""
    outlook = await look(store, now=now)
    if outlook is None:
        raise NotConnected
    invoice = await find(store, number)
    targets = [str(invoice.invoice_id), str(invoice.contact_id or "")]
    verdict = await store.reminders.verdict(invoice.invoice_id)
    said = [Why(reason) for reason in verdict.reasons] if verdict else []
    again = [reason.why for reason in replay(verdict.told)] if verdict else []
    return Story(
        invoice=invoice,
        connection=outlook.standing.connection,
        holds=await store.holds.of(targets),
        letters=await store.letters.of_invoice(invoice.invoice_id),
        coming=coming(outlook, invoice, now),
        verdict=verdict,
        decided=said,
        same=said == again,
        started=outlook.standing.policy.started,
        paused=outlook.standing.paused,
    )


def coming(outlook: Outlook, invoice: Invoice, now: datetime) -> Coming:
    made = outlook.plan(now, slots=LOOK_AHEAD)
    found = next((h for h in made.held if h.debt.invoice_id == invoice.invoice_id), None)
    held = Coming(held=found.why, until=found.until) if found else Coming()
    for letter in made.letters:
        for line in letter.lines:
            if line.debt.invoice_id == invoice.invoice_id:
                return replace(held, on=letter.day, step=line.step.days)
    if found is None and not is_outstanding(invoice.status, invoice.amount_due):
        return Coming(held=Why.NOT_OUTSTANDING)
    return held
