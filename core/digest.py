"""The weekly digest: Monday at nine where the organisation is, unless an admin has turned it off."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from core.clock import utc_now
from core.guard import survived
from core.notices import AgeTold, Digest, Paid, encode
from core.progress import books, today_at
from core.reminders.outlook import look
from core.zones import zone
from storage.database import Database
from storage.models import Connection, ConnectionState
from storage.store import WorkspaceStore

NINE = time(9)
A_WEEK = timedelta(days=7)
AT_ONCE = 50


def next_monday(now: datetime, where: ZoneInfo) -> datetime:
    """The next Monday, nine o'clock there, that lies ahead."""
    today = now.astimezone(where).date()
    monday = today + timedelta(days=-today.weekday())
    at = datetime.combine(monday, NINE, tzinfo=where).astimezone(UTC)
    return at if at > now else datetime.combine(monday + A_WEEK, NINE, tzinfo=where).astimezone(UTC)


class WeeklyDigest:
    """Tells each workspace its week. After a long sleep one digest is told, not one for each week."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tick(self) -> None:
        now = utc_now()
        async with self._database.asking() as unscoped:
            unplanned = await unscoped.digests.unplanned(AT_ONCE)
            due = await unscoped.digests.due(now=now, limit=AT_ONCE)
        for workspace_id in unplanned:
            await survived("digest.plan", self._plan(workspace_id, now), workspace=str(workspace_id))
        for workspace_id in due:
            await survived("digest", self._tell(workspace_id, now), workspace=str(workspace_id))

    async def _plan(self, workspace_id: UUID, now: datetime) -> None:
        async with self._database.workspace(workspace_id) as store:
            connection = await store.connections.latest()
            if connection is not None:
                await store.preferences.digest_due(next_monday(now, zone(connection.timezone)))

    async def _tell(self, workspace_id: UUID, now: datetime) -> None:
        """In one transaction: take it, so that it is told once."""
        async with self._database.unscoped() as unscoped:
            store = unscoped.within(workspace_id)
            connection = await store.connections.latest()
            where = zone(connection.timezone if connection else "")
            if not await unscoped.digests.claim(workspace_id, now=now, next_at=next_monday(now, where)):
                return
            wanted = (await store.preferences.get()).digest
            if connection is None or connection.state == ConnectionState.DISCONNECTED or not wanted:
                return
            notice = await digest(store, connection, now=now)
            card = f"digest:{connection.id}:{now.astimezone(where).date()}"
            await store.outbox.tell(card, encode(notice), now=now)


async def digest(store: WorkspaceStore, connection: Connection, *, now: datetime) -> Digest:
    since = now - A_WEEK
    totals = await store.runs.totals(since=since)
    today = today_at(connection, now)
    outlook = await look(store, now=now)
    questions = await store.reminders.credit_questions()
    return Digest(
        organisation=connection.tenant_name,
        since=since,
        syncs=totals.succeeded + totals.failed,
        failed=totals.failed,
        troubles=await store.incidents.told_since(since),
        going_on=[each.error for each in await store.incidents.open(connection.id) if each.told_at],
        paid=[Paid(*row) for row in await store.invoices.paid_since(today - A_WEEK)],
        books=await books(store, connection, now=now),
        ages=[AgeTold(*age) for age in await store.invoices.ages(today=today)],
        letters=await store.letters.count_since(since),
        held=len(outlook.plan(now).held) if outlook else 0,
        unsure_letters=await store.letters.unsure(),
        credit_questions=sum(not question.answer for question in questions.values()),
        set_aside=await store.set_aside.count(),
    )
