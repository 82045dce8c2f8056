"""`solido backup`, `solido restore` and `solido restored`; docs/ops/backup.md tells the whole of it."""

import subprocess
import sys
from os import environ
from pathlib import Path
from typing import Annotated

import typer

from bot.terminal.commands import BROKEN, WRONG_USE, Unusable, asked, fail, settings
from core.clock import utc_now
from core.presence import anybody_alive
from core.restored import put_right
from storage import backup as files
from storage.backup import CannotCopy
from storage.database import Database, driver_url

WITH_ITS_OWN_TOOLS = "This is for SQLite. PostgreSQL has tools of its own: docs/ops/backup.md tells which."
THEN = "Reminders are off until an admin starts them in Slack; each channel is told when Solido starts."


def sqlite_file(url: str) -> Path:
    at = driver_url(url)
    if at.get_backend_name() != "sqlite" or not at.database:
        fail(WITH_ITS_OWN_TOOLS, WRONG_USE)
    return Path(at.database)


def backup(to: Annotated[Path, typer.Argument(help="A file that is not there yet.")]) -> None:
    """Copy the SQLite database whole, while Solido runs; the keys are not in it."""
    source = sqlite_file(settings().database_url)
    if not source.is_file():
        fail(f"There is no database at {source} yet.", BROKEN)
    try:
        size = files.back_up(source, to)
    except CannotCopy as why:
        fail(str(why), BROKEN)
    typer.echo(f"{to} holds everything as of now ({size / 1e6:,.1f} MB), sealed with keys that are kept elsewhere.")


def restore(copy: Annotated[Path, typer.Argument(help="What `solido backup` wrote.")]) -> None:
    """Put an old copy in the place of the SQLite database, and see that no letter goes twice. Stop Solido first."""
    url = settings().database_url
    target = sqlite_file(url)
    try:
        kept = files.put_back(copy, target, now=utc_now())
    except CannotCopy as why:
        fail(str(why), BROKEN)
    if kept:
        typer.echo(f"What was there before is in {kept}.")
    migrated = subprocess.run(
        [sys.executable, "-m", "storage.migrate"], env={**environ, "DATABASE_URL": url}, check=False
    )
    if migrated.returncode:
        fail("The copy could not be brought to the newest schema; the reason stands above.", BROKEN)
    told(asked(url, seen_to))


def restored() -> None:
    """Say that the database was restored with other tools, so that no letter goes twice. Before Solido starts."""
    told(asked(settings().database_url, alone_seen_to))


async def alone_seen_to(database: Database) -> int:
    if await anybody_alive(database):
        raise Unusable("Solido is running on this database: stop it first. After a crash wait 10 seconds.")
    return await seen_to(database)


async def seen_to(database: Database) -> int:
    return await put_right(database, now=utc_now())


def told(organisations: int) -> None:
    typer.echo(f"{organisations} {'organisation is' if organisations == 1 else 'organisations are'} set back. {THEN}")
