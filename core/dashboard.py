"""How a workspace stands, at a glance: what the app's Home and the weekly digest show. From our own database alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from core import quotas
from core.budget import start_of_day
from core.notices import Books, Trouble
from core.progress import books, today_at
from core.reminders.outlook import Outlook, look
from core.troubles import facts
from storage.database import Database
from storage.invoices import Age
from storage.models import Connection, RunState, SyncRun
from storage.slack_models import Preferences

STRIP = 30


@dataclass(frozen=True)
class Planned:
    """Reminders: how many letters are planned and the day of the first, how many invoices are held."""

    started: bool
    paused: bool
    letters: int
    first_on: date | None
    held: int


@dataclass(frozen=True)
class Dashboard:
    """`connection` is None before anything was connected; then there is nothing else. `runs` are the last thirty syncs,
    newest first; `calls` those made to Xero today."""

    workspace_id: UUID
    channel_id: str
    preferences: Preferences
    connection: Connection | None
    troubles: Sequence[Trouble] = ()
    runs: Sequence[SyncRun] = ()
    books: Books | None = None
    ages: Sequence[Age] = ()
    planned: Planned | None = None
    calls: int = 0

    @property
    def rate(self) -> float | None:
        """Between 0 and 1, of the last syncs that have ended; None while none has."""
        ended = [run for run in self.runs if run.finished_at]
        return sum(run.state == RunState.SUCCEEDED for run in ended) / len(ended) if ended else None

    @property
    def running(self) -> bool:
        return any(run.finished_at is None for run in self.runs)


async def dashboard(database: Database, workspace_id: UUID, *, daily_limit: int, now: datetime) -> Dashboard:
    async with database.reading(workspace_id) as store:
        place, preferences = await store.about.get(), await store.preferences.get()
        connection = await store.connections.latest()
        if connection is None:
            return Dashboard(workspace_id, place.channel_id, preferences, None)
        open_ones = await store.incidents.open(connection.id)
        used = quotas.of(connection, limit=daily_limit, now=now).used
        return Dashboard(
            workspace_id=workspace_id,
            channel_id=place.channel_id,
            preferences=preferences,
            connection=connection,
            troubles=[facts(connection, incident, None) for incident in open_ones if incident.told_at],
            runs=await store.runs.latest(STRIP),
            books=await books(store, connection, now=now),
            ages=await store.invoices.ages(today=today_at(connection, now)),
            planned=planned(await look(store, now=now), now=now),
            calls=await store.runs.calls_since(start_of_day(now)) if used is None else used,
        )


def planned(outlook: Outlook | None, *, now: datetime) -> Planned | None:
    if outlook is None:
        return None
    plan, it = outlook.plan(now), outlook.standing
    first = min((letter.day for letter in plan.letters), default=None)
    return Planned(it.policy.started, it.paused is not None, len(plan.letters), first, len(plan.held))
