"""How syncing goes, for one workspace: everything `/solido status` says, from our own database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import agreement
from core.agreement import Agreement
from core.budget import A_DAY, start_of_day, start_of_month
from core.errors import NotConnected
from core.notices import Books
from core.progress import books
from storage.database import Database
from storage.models import Connection, RunState, SyncRun
from storage.runs import Figures, RunTotals
from storage.set_aside import FirstOf
from storage.slack_models import Preferences
from storage.unapplied import Rest

SHOWN_RUNS = 10
LOOKED_AT = 5
ADVISE_FROM = 3
SHOWN_SET_ASIDE = 3


@dataclass(frozen=True)
class Status:
    """`runs` newest first. `advise` is the code of the error that most of the last syncs failed with."""

    connection: Connection
    books: Books
    figures: Figures
    runs: Sequence[SyncRun]
    advise: str | None
    agreement: Agreement | None
    unapplied: Sequence[Rest]
    set_aside: FirstOf
    preferences: Preferences


def success_rate(totals: RunTotals) -> float | None:
    """Between 0 and 1, of the syncs that have ended; None while none has."""
    ended = totals.succeeded + totals.failed
    return totals.succeeded / ended if ended else None


def advise(runs: Sequence[SyncRun]) -> str | None:
    """Return the newest error when three or more of the last five ended syncs failed."""
    last = [run for run in runs if run.finished_at][:LOOKED_AT]
    errors = [run.error for run in last if run.state == RunState.FAILED and run.error]
    return errors[0] if len(errors) >= ADVISE_FROM else None


async def status(database: Database, workspace_id: UUID, *, now: datetime) -> Status:
    """Raise NotConnected where nothing was ever connected; an ended connection still has a status."""
    async with database.reading(workspace_id) as store:
        connection = await store.connections.latest()
        if connection is None:
            raise NotConnected
        runs = await store.runs.latest(SHOWN_RUNS)
        figures = await store.runs.figures(today=start_of_day(now), month=start_of_month(now), a_day_ago=now - A_DAY)
        odd = await store.set_aside.first(SHOWN_SET_ASIDE)
        return Status(
            connection=connection,
            books=await books(store, connection, now=now),
            figures=figures,
            runs=runs,
            advise=advise(runs),
            unapplied=await store.unapplied.by_contact(owing=True),
            agreement=agreement.decode(await store.runs.last_agreement(connection.id)),
            set_aside=odd,
            preferences=await store.preferences.get(),
        )
