"""The commands themselves: open the database, ask, print. They change nothing but what `retry` says."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from msgspec.json import encode
from sqlalchemy.exc import SQLAlchemyError

from bot.settings import BadSettings, Settings, read_settings
from bot.terminal import views
from core import figures
from core.clock import utc_now
from core.operator_retry import Answer, retry
from core.presence import anybody_alive
from storage import schema
from storage.database import Database, driver_url
from storage.overview import LONGEST, RunSeen

BROKEN, WRONG_USE = 1, 2
LEAST_OF_AN_ID = 4
T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]


class Unusable(Exception):
    """A sentence about the database."""


def fail(sentence: str, code: int) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


def say(words: str, found: object, *, as_json: bool) -> None:
    typer.echo(encode(found).decode() if as_json else words)


def asked(url: str, question: Callable[[Database], Awaitable[T]]) -> T:
    """Ask the database; end the program in words where it is not there, does not answer, or has another schema."""
    try:
        return asyncio.run(_asked(url, question))
    except Unusable as why:
        fail(str(why), BROKEN)
    except (SQLAlchemyError, OSError) as error:
        fail(f"The database at DATABASE_URL does not answer ({type(error).__name__}).", BROKEN)


async def _asked(url: str, question: Callable[[Database], Awaitable[T]]) -> T:
    check_there(url)
    database = Database(url)
    try:
        check_schema(await schema.version(database.engine))
        return await question(database)
    finally:
        await database.close()


def check_there(url: str) -> None:
    """SQLite would make an empty file where there is none."""
    at = driver_url(url)
    if at.get_backend_name() == "sqlite" and not Path(at.database or "").is_file():
        raise Unusable(f"There is no database at {at.database} yet: `solido serve` makes it.")


def check_schema(found: str | None) -> None:
    if found is None:
        raise Unusable("The database has no tables yet: run `solido migrate`.")
    if found > schema.HEAD:
        raise Unusable(f"The database was made by a newer Solido (version {found}): use that one.")
    if found != schema.HEAD:
        raise Unusable(f"The database is still at version {found}: run `solido migrate`.")


def settings() -> Settings:
    try:
        return read_settings()
    except BadSettings as wrong:
        fail(str(wrong), WRONG_USE)


def status(as_json: AsJson = False) -> None:
    """How it stands: organisations, syncs, troubles, what waits."""
    it = settings()
    found = asked(it.database_url, lambda db: figures.read(db, limit=it.xero_daily_limit, now=utc_now()))
    say(views.status(found), found, as_json=as_json)


def connections(as_json: AsJson = False) -> None:
    """Every connected organisation, those in trouble first."""

    async def ask(database: Database) -> Any:
        async with database.asking() as unscoped:
            return await unscoped.overview.connections()

    found = asked(settings().database_url, ask)
    say(views.connections(found, now=utc_now()), views.as_rows(found), as_json=as_json)


def runs(
    failed: Annotated[bool, typer.Option("--failed", help="Only those that failed.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=LONGEST, help="How many.")] = 30,
    as_json: AsJson = False,
) -> None:
    """The last syncs, newest first."""

    async def ask(database: Database) -> Any:
        async with database.asking() as unscoped:
            return await unscoped.overview.runs(failed=failed, limit=limit)

    found = asked(settings().database_url, ask)
    say(views.runs(found, now=utc_now(), failed=failed), views.as_rows(found), as_json=as_json)


def retry_runs(
    run: Annotated[str, typer.Argument(help="A run as `solido runs` shows it.")] = "",
    all_failed: Annotated[
        bool, typer.Option("--all-failed", help="Of every organisation whose last sync failed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Try a failed sync again, now."""
    if bool(run) == all_failed:
        fail("Name one run, or say --all-failed.", WRONG_USE)
    beginning = run.replace("-", "").lower()
    if run and not (LEAST_OF_AN_ID <= len(beginning) <= 32 and set(beginning) <= set("0123456789abcdef")):
        fail(f"{run!r} is no run: `solido runs --failed` shows them.", WRONG_USE)
    done, alive = asked(settings().database_url, lambda database: _retried(database, beginning))
    if not done and all_failed:
        say("The last sync of no organisation has failed.", [], as_json=as_json)
        return
    words = "\n".join(views.retried(each, answer, alive=alive) for each, answer in done)
    say(words, [{"run": each.id, "answer": answer} for each, answer in done], as_json=as_json)
    if any(answer is not Answer.DUE for _, answer in done):
        raise typer.Exit(BROKEN)


async def _retried(database: Database, beginning: str) -> tuple[list[tuple[RunSeen, Answer]], bool]:
    """One run, or with an empty beginning the last one of each organisation where it failed; and whether anybody is
    there to do it."""
    async with database.asking() as unscoped:
        found = await (unscoped.overview.run(beginning) if beginning else unscoped.overview.failing())
    if beginning and len(found) != 1:
        raise Unusable(f"No run begins with {beginning}." if not found else f"Several runs begin with {beginning}.")
    done = [(each, await retry(database, each, now=utc_now())) for each in found]
    return done, await anybody_alive(database)
