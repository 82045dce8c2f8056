"""Looking into what webhooks named: a small sync of those records alone. Of credit notes, overpayments and prepayments
Xero gives no lists by id; of those a named kind is read."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from core.reading import Reader
from core.unapplied import read_unapplied
from core.webhooks import Category
from core.xero import wire
from core.xero.queries import IDS_AT_ONCE, batches, by_ids
from storage.models import Resource
from storage.unapplied_models import Paper
from storage.webhook_models import WebhookEvent

KINDS = {
    Category.CREDITNOTE: Paper.CREDIT_NOTE,
    Category.OVERPAYMENT: Paper.OVERPAYMENT,
    Category.PREPAYMENT: Paper.PREPAYMENT,
}
MOST_NAMED = 2 * IDS_AT_ONCE
"""More than these are read faster by asking for all that changed."""


class Named(NamedTuple):
    """The records webhooks told of that matter here, the kinds of papers, and `all` they told of."""

    invoices: list[UUID]
    contacts: list[UUID]
    kinds: list[Paper]
    all: list[UUID]


async def named(reader: Reader) -> Named | None:
    """What waits to be looked into; None for too much of it."""
    async with reader.database.reading(reader.run.workspace_id) as store:
        events = await store.webhook_events.waiting(reader.connection.id, MOST_NAMED + 1)
        if len(events) > MOST_NAMED:
            return None
        contacts = ids_of(events, Category.CONTACT)
        matter = await store.contacts.known_or_owed(contacts) if contacts else set()
    kinds = [kind for category, kind in KINDS.items() if ids_of(events, category)]
    told = [event.resource_id for event in events]
    return Named(ids_of(events, Category.INVOICE), [each for each in contacts if each in matter], kinds, told)


def ids_of(events: Sequence[WebhookEvent], category: Category) -> list[UUID]:
    """Each once: ten changes of one record are one reason to look."""
    return list(dict.fromkeys(event.resource_id for event in events if event.category == category))


async def look_into(reader: Reader, what: Named) -> None:
    """Read these and nothing else. An invoice that is a bill, or not there, is passed over."""
    for some in batches(what.invoices):
        page = wire.read_invoices(await reader.calls.get("Invoices", by_ids(some) | {"summaryOnly": "true"}))
        async with reader.step(Resource.INVOICES) as store:
            await reader.keep_invoices(store, page)
    await reader.contacts_by_id(what.contacts)
    await reader.contacts_by_id(await reader.missing())
    await read_unapplied(reader, what.kinds)
