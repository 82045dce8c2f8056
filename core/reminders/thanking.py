"""Letters that thank for a payment, where the rules want them: once, on the next send day, to who had been reminded."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from core.reminders.gate import A_WEEK, PER_CUSTOMER_A_WEEK
from core.reminders.outlook import Outlook, customer_of, open_slot
from core.reminders.plan import Customer, PlannedLetter, PlannedLine
from core.reminders.slots import Slot
from storage.mirror_models import Invoice
from storage.store import WorkspaceStore


async def thanks_due(store: WorkspaceStore, outlook: Outlook, now: datetime) -> list[PlannedLetter]:
    """The thank-you letters of the slot that is open now. A day that was missed is not made up for."""
    it = outlook.standing
    slot = open_slot(outlook, now)
    if not it.policy.rules.thank or slot is None:
        return []
    paid: dict[UUID, list[Invoice]] = defaultdict(list)
    for invoice in await store.invoices.settled(it.policy.send_times.send_day_before(slot.day), slot.day):
        if invoice.contact_id and invoice.invoice_id in it.sent and invoice.invoice_id not in it.thanked:
            paid[invoice.contact_id].append(invoice)
    customers = [customer_of(one, rows, await store.contacts.get(one), {}, it) for one, rows in paid.items()]
    return [
        PlannedLetter(one, slot.day, now, tuple(PlannedLine(debt, it.policy.rules.thanks) for debt in one.debts))
        for one in customers
        if may_get_one(one, slot)
    ]


def may_get_one(customer: Customer, slot: Slot) -> bool:
    """What the gate would say without asking Xero for it."""
    week = sum(slot.day - A_WEEK < day <= slot.day for day in customer.letter_days)
    free = slot.day not in customer.letter_days and week < PER_CUSTOMER_A_WEEK
    return free and bool(customer.recipients) and not customer.unsubscribed
