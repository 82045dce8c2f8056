"""What a run reads, and in which order, by what started it."""

from typing import NamedTuple
from uuid import UUID

from core import counting
from core.agreement import Agreement
from core.census import Census
from core.counting import Count
from core.guard import together
from core.named import look_into, named
from core.notices import Books
from core.reading import Reader
from core.unapplied import read_unapplied
from storage.models import Resource, Trigger


class Result(NamedTuple):
    """What a run came to: how the books compare, where all was read; whether a full reading ought to follow; the
    only records it looked at, where it was not all that changed; and the books, where they are summed up already."""

    agreement: Agreement | None = None
    full_next: bool = False
    only: list[UUID] | None = None
    summed: Books | None = None


async def everything(reader: Reader) -> Result:
    """Bring the mirror up to date. Raise a XeroError, or Superseded when this attempt no longer counts."""
    run = reader.run
    known = reader.connection.base_currency and reader.connection.country_code
    if run.trigger in (Trigger.INITIAL, Trigger.RECONCILE) or not known:
        await reader.organisation()
    invoices = await reader.cursor(Resource.INVOICES)
    count = counting.decode(run.census)
    if invoices.filling or (count and count.first):
        # What an earlier run has read of the first load was not counted in this one.
        continued = count is None and invoices.reached is not None
        return await _first_load(reader, count or Count(first=True), continued=continued)
    if run.trigger == Trigger.RECONCILE or count:
        reader.mark = invoices.since
        return await _full(reader, count or Count())
    if run.trigger == Trigger.WEBHOOK and (what := await named(reader)):
        await look_into(reader, what)
        return Result(only=what.all)
    await reader.changed_invoices()
    await reader.changed_contacts()
    if run.trigger == Trigger.SCHEDULED and (await reader.cursor(Resource.UNAPPLIED)).filling:
        await read_unapplied(reader)
    return Result()


async def _first_load(reader: Reader, count: Count, *, continued: bool) -> Result:
    reader.blank = reader.attempt == 1 and not continued and not await _holds_anything(reader)
    census = Census(reader, count)
    await census.take()
    if census.count.moved:
        await reader.changed_invoices()
    if reader.blank:
        # All invoices are there, and contacts change no sum: each of these looks at all of them by itself.
        _read, agreement, summed = await together(reader.owing_contacts(), census.compare(), reader.summed())
    else:
        # One after the other: each attempt has to get further than the one before, whatever ends them.
        await reader.owing_contacts()
        if continued:
            return Result(full_next=True)
        agreement, summed = await census.compare(), None
    if agreement.agree:
        return Result(agreement, summed=summed)
    reader.blank = False
    return await _again(reader, census)


async def _full(reader: Reader, count: Count) -> Result:
    reader.lacking = set(await reader.missing())
    census = Census(reader, count)
    await census.take()
    await reader.changed_invoices()
    await reader.changed_contacts()
    await reader.owing_contacts()
    agreement = await census.compare()
    result = Result(agreement) if agreement.agree else await _again(reader, census)
    await read_unapplied(reader)
    return result


async def _again(reader: Reader, census: Census) -> Result:
    """People may have changed something while we read: look once more before saying that the books differ."""
    census.start_over()
    await census.take()
    await reader.changed_invoices()
    await reader.changed_contacts()
    return Result(await census.compare())


async def _holds_anything(reader: Reader) -> bool:
    async with reader.database.reading(reader.run.workspace_id) as store:
        return await store.invoices.any()
