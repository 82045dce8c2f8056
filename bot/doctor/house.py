"""What is on this machine: database, schema, keys, room on the disk, and whether anybody does the work."""

import shutil
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bot.doctor.finding import Finding, broken, ok, warning
from core.clock import utc_now
from core.presence import SILENCE
from core.vault import Vault
from core.watch import MISSED_INTERVALS
from storage import schema
from storage.database import Database
from storage.models import ConnectionState

LITTLE_ROOM, NO_ROOM = 1_000_000_000, 100_000_000
"""Bytes free beside the SQLite file."""
MANY = 10_000
DOES = {
    "web": "hears what Slack and Xero say",
    "worker": "carries out syncs and sends messages and letters",
    "scheduler": "has automatic syncs begin",
}
"""What is not done where no process has this role."""


def place(sqlite_file: Path | None) -> list[Finding]:
    """Whether there is a SQLite file at all: looking into one that is not there would make it."""
    if sqlite_file is None or sqlite_file.is_file():
        return []
    said = f"There is no database at {sqlite_file} yet."
    return [broken("database", said, "Start `solido serve`, which makes it; or see that DATABASE_URL is right.")]


async def database(it: Database) -> list[Finding]:
    try:
        await it.ping()
        found = await schema.version(it.engine)
    except (SQLAlchemyError, OSError) as error:
        said = f"The database at DATABASE_URL does not answer ({type(error).__name__})."
        do = "See that it runs, and that address, user and password in DATABASE_URL are right."
        return [broken("database", said, do)]
    kind = "SQLite" if it.embedded else "PostgreSQL"
    return [ok("database", f"{kind} answers."), _schema(found)]


def _schema(found: str | None) -> Finding:
    if found == schema.HEAD:
        return ok("schema", f"Version {found}, as this program needs it.")
    if found is None:
        return broken("schema", "The database has no tables yet.", "Run `solido migrate`; `solido serve` does it too.")
    if found > schema.HEAD:
        return broken(
            "schema",
            f"The database was made by a newer Solido (version {found}; this one knows {schema.HEAD}).",
            "Start the newer program again.",
        )
    return broken("schema", f"The database is still at version {found}.", "Run `solido migrate`.")


async def keys(it: Database, vault: Vault) -> list[Finding]:
    """Whether the keys at hand open what is sealed."""
    async with it.asking() as unscoped:
        made_with = await unscoped.seals.made_with(len(vault.beginning))
    strange = sum(count for beginning, count in made_with.items() if not vault.knows(beginning))
    older = sum(made_with.values()) - strange - made_with[vault.beginning]
    if strange:
        said = f"{strange} of {sum(made_with.values())} secrets were sealed with a key that is not there."
        do = "Put the older keys behind the first one in SOLIDO_SECRET_KEYS, or the lost file beside the database."
        return [broken("keys", said, do)]
    if older:
        return [warning("keys", f"{older} secrets are still sealed with an older key.", "Run `solido keys rotate`.")]
    return [ok("keys", f"They open all {sum(made_with.values())} secrets.")]


async def processes(it: Database) -> list[Finding]:
    """Whether there is somebody for each role, by what the processes say of themselves every second."""
    async with it.asking() as unscoped:
        alive = await unscoped.workers.alive(seen_after=await unscoped.workers.time() - SILENCE)
    there = {role for each in alive for role in each.roles.split(",")}
    if not alive:
        do = "Start `solido serve`" + ("." if it.embedded else ", or a web, a worker and a scheduler.")
        return [warning("processes", "Solido does not run at the moment.", do)]
    if not it.embedded and (lacking := [role for role in DOES if role not in there]):
        return [
            broken("processes", f"No {role} runs, which {DOES[role]}.", f"Start `solido {role}`.") for role in lacking
        ]
    return [ok("processes", "One process runs." if len(alive) == 1 else f"{len(alive)} processes run.")]


async def work(it: Database, *, every: timedelta) -> list[Finding]:
    """Whether automatic syncs are carried out, seen from what is overdue."""
    now = utc_now()
    async with it.asking() as unscoped:
        live = await unscoped.connections_by_state()
        late = await unscoped.due.overdue_syncs(due_before=now - (MISSED_INTERVALS - 1) * every, limit=MANY)
    lost, connected = live[ConnectionState.RECONNECT_NEEDED], live.total() - live[ConnectionState.DISCONNECTED]
    if not connected:
        return [ok("syncs", "No organisation is connected yet. Type /solido connect in a Slack channel.")]
    found = [ok("syncs", f"{connected} connected, none of them late.")]
    if late:
        said = f"{len(late)} of {connected} organisations have waited for their sync for long."
        do = "Start `solido serve`, or one `solido worker` and one `solido scheduler` at least."
        found = [broken("syncs", said, do)]
    if lost:
        said = f"{lost} of {connected} organisations have to be reconnected."
        found.append(warning("permissions", said, "Their channels were told, with a Reconnect button."))
    return found


def disk(sqlite_file: Path | None) -> list[Finding]:
    if sqlite_file is None or not sqlite_file.absolute().parent.is_dir():
        return []
    free = shutil.disk_usage(sqlite_file.absolute().parent).free
    said = f"{free / 1e9:,.1f} GB are free beside the database."
    if free < NO_ROOM:
        return [broken("disk", said, "Make room: without it nothing can be stored.")]
    if free < LITTLE_ROOM:
        return [warning("disk", said, "Make room soon.")]
    return [ok("disk", said)]
