"""After an old backup was restored the database does not know what happened since, letters to customers among it.

At most once has to hold all the same. So nothing that may have gone goes again: reminders are off until an admin has
looked and starts them, and steps whose day had come by then are passed over for good (core/reminders/outlook.py).
That it happened is noticed at the next start, or told by `solido restore` and `solido restored`.

On SQLite a file beside the database counts letters too; a database that knows of fewer is an old one. On PostgreSQL
tables are made anew by pg_restore, at another place. Neither is seen where a whole machine is set back, disk and all.
"""

import asyncio
import os
from datetime import datetime
from pathlib import Path
from uuid import UUID

import structlog

from core.notices import Restored, encode
from storage.audit import Did
from storage.database import Database
from storage.models import ConnectionState

log = structlog.get_logger()

SUFFIX = ".letters"


class LetterCount:
    """How many letters went, kept beside a SQLite file; on PostgreSQL there is none."""

    def __init__(self, database: Database) -> None:
        file = database.url.database if database.embedded else None
        self._path = Path(file).with_suffix(SUFFIX) if file and file != ":memory:" else None

    def read(self) -> int | None:
        if self._path is None:
            return None
        try:
            return int(self._path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    async def keep(self, letters: int) -> None:
        """Where it cannot be kept, that is logged: the letter is written down in the database already."""
        if self._path is not None:
            await asyncio.to_thread(self._write, self._path, letters)

    def _write(self, path: Path, letters: int) -> None:
        try:
            fresh = path.with_suffix(f"{SUFFIX}.new")
            fresh.write_text(str(letters), encoding="ascii")
            os.replace(fresh, path)
        except OSError as error:
            log.warning("restored.not_counted", error=type(error).__name__)


async def noticed(database: Database) -> bool:
    """Whether this is an old copy, by what can be seen."""
    beside = LetterCount(database)
    async with database.unscoped() as unscoped:
        row, here = await unscoped.installation.get(), await unscoped.installation.here()
        if not database.embedded:
            row.mark = row.mark or here
            return row.mark != here
        kept = beside.read()
        return row.letters > 0 if kept is None else kept > row.letters


async def look(database: Database, *, now: datetime) -> bool:
    """Before anything else is done with this database: find out, and put right what has to be."""
    if not await noticed(database):
        return False
    await put_right(database, now=now)
    return True


async def put_right(database: Database, *, now: datetime) -> int:
    """Return how many workspaces were told. May be broken off and done again."""
    async with database.unscoped() as unscoped:
        here = await unscoped.installation.here()
        since = await unscoped.installation.last_moment()
        ids = await unscoped.installation.workspaces()
        await unscoped.installation.quieten(now=now)
    told = 0
    for workspace_id in ids:
        told += await _one(database, workspace_id, since or now, now)
    async with database.unscoped() as unscoped:
        row = await unscoped.installation.get()
        row.mark = here
        letters = row.letters
    await LetterCount(database).keep(letters)
    log.warning("restored", backup_of=str(since), workspaces=len(ids))
    return told


async def _one(database: Database, workspace_id: UUID, since: datetime, now: datetime) -> bool:
    async with database.workspace(workspace_id) as store:
        off = dict.fromkeys(("started_by", "started_at", "plan_seen_by", "plan_seen_at"))
        await store.reminders.decide(**off, restored_at=now, changed_at=now, next_look_at=now)
        connection = await store.connections.latest()
        store.audit.add("", Did.RESTORED, at=now)
        if connection is None or connection.state == ConnectionState.DISCONNECTED:
            return False
        if connection.next_sync_at is not None:
            connection.next_sync_at = now
        notice = Restored(connection.tenant_name, since)
        await store.outbox.tell(f"restored:{since.isoformat()}", encode(notice), now=now)
        return True
