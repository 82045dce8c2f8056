"""What admins of a workspace may set."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from core.edits import Edit, differing, encode
from core.errors import BadArgument
from core.zones import zone
from storage.audit import Did
from storage.database import Database
from storage.models import Connection
from storage.slack_models import Preferences
from storage.store import WorkspaceStore

A_DAY = timedelta(days=1)
RHYTHMS = (300, 900, 1800, 3600, 4 * 3600, 12 * 3600)
"""Seconds between automatic syncs that may be chosen."""
CHANNEL_TAKEN = "That channel keeps the books of another organisation already. Choose one for this organisation alone."


@dataclass(frozen=True)
class Wanted:
    """`channel_id` is where the workspace is to be, `admins` whom it is to have beside those who are by themselves."""

    channel_id: str
    sync_every: int | None
    mentions: Sequence[str]
    quiet_from: str
    quiet_until: str
    admins: Sequence[str]
    digest: bool


def edits(before: Wanted, after: Wanted) -> list[Edit]:
    """What is different, in the order of the dialog."""
    return differing(_said(before), _said(after))


def _said(it: Wanted) -> dict[str, str]:
    return {
        "channel": it.channel_id,
        "rhythm": str(it.sync_every or ""),
        "mentions": ",".join(it.mentions),
        "quiet hours": f"{it.quiet_from}-{it.quiet_until}" if it.quiet_from else "",
        "admins": ",".join(sorted(it.admins)),
        "digest": "yes" if it.digest else "",
    }


async def current(store: WorkspaceStore) -> Wanted:
    """The settings as they are."""
    kept, place = await store.preferences.get(), await store.about.get()
    return Wanted(
        channel_id=place.channel_id,
        sync_every=kept.sync_every,
        mentions=kept.mentions,
        quiet_from=kept.quiet_from,
        quiet_until=kept.quiet_until,
        admins=sorted(await store.admins.all()),
        digest=kept.digest,
    )


async def mention(
    database: Database, workspace_id: UUID, whom: Sequence[str], *, every: timedelta, by: str, now: datetime
) -> None:
    """Have alerts mention these, people or groups by their ids, and nobody else."""
    async with database.workspace(workspace_id) as store:
        await _save(store, replace(await current(store), mentions=whom), every=every, by=by, now=now)


async def save(
    database: Database, workspace_id: UUID, wanted: Wanted, *, every: timedelta, by: str, now: datetime
) -> None:
    """`every` is the usual rhythm. Raise BadArgument for a channel that has a workspace of its own."""
    try:
        async with database.workspace(workspace_id) as store:
            await _save(store, wanted, every=every, by=by, now=now)
    except IntegrityError:
        raise BadArgument(CHANNEL_TAKEN) from None


async def _save(store: WorkspaceStore, wanted: Wanted, *, every: timedelta, by: str, now: datetime) -> None:
    connection, before = await store.connections.latest(), await store.preferences.get()
    wanted = wanted if wanted.channel_id else replace(wanted, channel_id=(await store.about.get()).channel_id)
    changed = edits(await current(store), wanted)
    if connection is not None and connection.next_sync_at and wanted.sync_every != before.sync_every:
        await store.connections.lock(connection.id)
        connection.next_sync_at = min(connection.next_sync_at, now + rhythm(wanted.sync_every, every))
    await store.preferences.save(
        Preferences(
            workspace_id=store.id,
            sync_every=wanted.sync_every,
            mentions=list(wanted.mentions),
            quiet_from=wanted.quiet_from,
            quiet_until=wanted.quiet_until,
            digest=wanted.digest,
            digest_at=before.digest_at,
        )
    )
    await store.admins.replace(wanted.admins, by=by, now=now)
    if changed:
        store.audit.add(by, Did.SETTINGS_CHANGED, at=now, detail=encode(changed))
    if (await store.about.get()).channel_id != wanted.channel_id:
        await store.session.flush()
        await store.about.move(wanted.channel_id)


def rhythm(sync_every: int | None, usual: timedelta) -> timedelta:
    return usual if sync_every is None else timedelta(seconds=sync_every)


def quiet_until(it: Preferences, connection: Connection | None, now: datetime) -> datetime | None:
    """When the quiet hours under way end; None outside of them. The hours are those where the organisation is."""
    if not it.quiet_from or not it.quiet_until or it.quiet_from == it.quiet_until:
        return None
    where = zone(connection.timezone if connection else "")
    begins, ends = time.fromisoformat(it.quiet_from), time.fromisoformat(it.quiet_until)
    local = now.astimezone(where)
    clock = local.time()
    overnight = begins > ends
    inside = (clock >= begins or clock < ends) if overnight else begins <= clock < ends
    if not inside:
        return None
    day = local.date() + A_DAY if overnight and clock >= begins else local.date()
    return datetime.combine(day, ends, tzinfo=where).astimezone(now.tzinfo)
