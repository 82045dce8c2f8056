"""Reading what customers have left of credit notes, overpayments and prepayments.

Only what was allocated lowers an invoice's amount due, so somebody who has paid too much, or has a credit, still looks
as if they owed everything. There are few such papers: each reading takes them all.
"""

from collections.abc import Collection
from functools import partial
from uuid import uuid5

import structlog

from core.errors import PermissionMissing, XeroRejected
from core.reading import Reader, ids_of
from core.xero.papers import LISTS, read_papers
from core.xero.queries import paged
from storage.models import Resource
from storage.unapplied_models import Paper

log = structlog.get_logger()

PAYMENTS = (Paper.OVERPAYMENT, Paper.PREPAYMENT)
"""Need a permission of their own, which connections of an earlier time lack."""


async def read_unapplied(reader: Reader, kinds: Collection[Paper] = tuple(Paper)) -> None:
    """Read these kinds anew. Where the permission is missing, only this is left out, until somebody reconnects."""
    for kind in kinds:
        if kind in PAYMENTS and reader.connection.lacks_payments:
            continue
        try:
            await _read(reader, kind)
        except PermissionMissing:
            if kind not in PAYMENTS:
                raise
            await _lacking(reader)
        except XeroRejected as error:
            # What is extra must not make the whole sync fail.
            log.warning("unapplied.rejected", kind=str(kind), error=error.detail, run=str(reader.run.id))


async def _read(reader: Reader, kind: Paper) -> None:
    params = {"where": f'Type=="{LISTS[kind].type}" AND Status=="AUTHORISED"', "order": "UpdatedDateUTC ASC"}
    page, pages, mark = 1, 1, uuid5(reader.run.id, kind)
    while page <= pages:
        answer = read_papers(await reader.calls.get(LISTS[kind].path, paged(params, page)), kind)
        pages, page = answer.pages or page, page + 1
        async with reader.step(Resource.UNAPPLIED) as store:
            ours = await store.contacts.known_or_owed([row["contact_id"] for row in answer.rows])
            kept = [row for row in answer.rows if row["contact_id"] in ours]
            await store.unapplied.put(kept, connection_id=reader.connection.id, confirmed_by=mark)
            await reader.set_aside(store, Resource.UNAPPLIED, answer, partial(ids_of, kept, "paper_id"))
            if page > pages:
                await store.unapplied.sweep(kind, confirmed_by=mark)
                cursor = await store.cursors.get(reader.connection.id, Resource.UNAPPLIED)
                cursor.filling = False


async def _lacking(reader: Reader) -> None:
    async with reader.step(Resource.UNAPPLIED) as store:
        connection = await store.connections.get(reader.connection.id)
        if connection is not None:
            connection.lacks_payments = True
            reader.connection = connection
