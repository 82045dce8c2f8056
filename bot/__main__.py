"""The console script `solido`."""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from typing import Annotated

import typer
from msgspec.json import encode
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bot.app import ALL_ROLES, Role
from bot.doctor import examine
from bot.doctor.finding import Finding, Health, broken
from bot.logs import set_up
from bot.manifest import manifest
from bot.serving import serve as serve_roles
from bot.settings import BadSettings, Settings, read_settings
from bot.starting import CannotStart
from bot.terminal import backups
from bot.terminal import commands as terminal
from bot.terminal.commands import BROKEN, WRONG_USE, Unusable, check_there, fail
from core.engine import prepare as prepare_engine
from core.moving import move as move_all
from core.resealing import Resealing
from core.vault import new_key
from storage import schema
from storage.database import Database, driver_url
from storage.moving import CannotMove

# Pretty tracebacks would print local variables, secrets among them.
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"Solido {version('solido')}, database schema {schema.HEAD}")
        raise typer.Exit


@app.callback()
def solido(
    _version: Annotated[
        bool, typer.Option("--version", callback=tell_version, is_eager=True, help="Say which Solido this is.")
    ] = False,
) -> None:
    """Solido: your Xero books, kept in Slack."""


keys = typer.Typer(no_args_is_help=True, help="The keys that seal tokens at rest.")
app.add_typer(keys, name="keys")
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.command("restored")(backups.restored)
app.command("status")(terminal.status)
app.command("connections")(terminal.connections)
app.command("runs")(terminal.runs)
app.command("retry")(terminal.retry_runs)


def settings_or_exit() -> Settings:
    try:
        settings = read_settings()
        settings.vault()
        settings.mailer()
    except BadSettings as wrong:
        fail(str(wrong), WRONG_USE)
    set_up(settings.solido_log_format)
    return settings


async def has_newest_schema(url: str) -> bool:
    try:
        check_there(url)  # who only looks would make an empty file, which others could read
    except Unusable:
        return False
    database = Database(url)
    try:
        return await schema.version(database.engine) == schema.HEAD
    finally:
        await database.close()


def upgrade(url: str) -> None:
    """Bring the schema to its newest version, in a process of its own: Alembic would cost this one 40 MB."""
    done = subprocess.run(
        [sys.executable, "-m", "storage.migrate"], env={**os.environ, "DATABASE_URL": url}, check=False
    )
    if done.returncode:
        fail("The database could not be brought to the newest schema; the reason stands above.", BROKEN)


def run(settings: Settings, roles: frozenset[Role]) -> None:
    try:
        asyncio.run(serve_roles(settings, roles))
    except CannotStart as why:
        fail(str(why), BROKEN)


def run_role(role: Role) -> None:
    settings = settings_or_exit()
    if driver_url(settings.database_url).get_backend_name() == "sqlite":
        fail(f"`solido {role}` needs PostgreSQL: set DATABASE_URL, or use `solido serve`.", WRONG_USE)
    run(settings, frozenset([role]))


@app.command()
def serve() -> None:
    """The real thing in one process: web, scheduler and worker."""
    settings = settings_or_exit()
    url = settings.database_url
    if driver_url(url).get_backend_name() == "sqlite" and not asyncio.run(has_newest_schema(url)):
        upgrade(url)
    run(settings, ALL_ROLES)


@app.command()
def web() -> None:
    """Only the web server; needs PostgreSQL."""
    run_role(Role.WEB)


@app.command()
def worker() -> None:
    """Only the worker that carries out syncs and tells Slack; needs PostgreSQL."""
    run_role(Role.WORKER)


@app.command()
def scheduler() -> None:
    """Only the scheduler that starts automatic syncs; needs PostgreSQL."""
    run_role(Role.SCHEDULER)


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    url = settings_or_exit().database_url
    upgrade(url)
    prepare_engine(driver_url(url))


@app.command()
def move(to: Annotated[str, typer.Option(help="DATABASE_URL of an empty PostgreSQL database.")]) -> None:
    """Copy everything from the SQLite file at DATABASE_URL into PostgreSQL; may be repeated after it broke off."""
    url = settings_or_exit().database_url
    try:
        if driver_url(to).get_backend_name() == "sqlite" or driver_url(url).get_backend_name() != "sqlite":
            fail("Solido moves from SQLite (DATABASE_URL) to PostgreSQL (--to).", WRONG_USE)
    except (ValueError, ArgumentError):
        fail("--to must begin with postgresql://", WRONG_USE)
    if not asyncio.run(has_newest_schema(url)):
        fail("The database at DATABASE_URL has another schema than this program needs. Run `solido migrate`.", BROKEN)
    upgrade(to)
    try:
        asyncio.run(moved(url, to))
    except CannotMove as why:
        fail(str(why), BROKEN)
    except (SQLAlchemyError, OSError) as error:
        fail(f"It broke off ({type(error).__name__}). Run it again: it goes on from there.", BROKEN)
    typer.echo(
        "Done. Set DATABASE_URL to the new address, and SOLIDO_SECRET_KEYS to the keys that were in use:\n"
        "the line in the .key file beside the old database. On the old one `solido serve` does not start any more."
    )


async def moved(url: str, to: str) -> None:
    source, target = Database(url), Database(to)
    try:
        await move_all(source, target, say=typer.echo)
    finally:
        await source.close()
        await target.close()


@app.command("manifest")
def print_manifest(
    url: Annotated[str, typer.Option(envvar="SOLIDO_PUBLIC_URL", help="Where Slack reaches this installation.")] = "",
    many_teams: Annotated[
        bool, typer.Option("--many-teams", help="Other Slack workspaces may install it too.")
    ] = False,
    socket_mode: Annotated[
        bool, typer.Option("--socket", help="For Socket Mode; also where SLACK_APP_TOKEN is set.")
    ] = False,
) -> None:
    """Print what Slack needs to know to make the app: to be pasted at api.slack.com/apps, *From a manifest*."""
    socket_mode = socket_mode or any(os.environ.get(name) for name in ("SLACK_APP_TOKEN", "SLACK_APP_TOKEN_FILE"))
    described = manifest(url.rstrip("/"), many_teams=many_teams, socket_mode=socket_mode)
    if not url.startswith("https://") and (many_teams or not socket_mode):
        fail("Slack needs an https:// address to reach: set SOLIDO_PUBLIC_URL, or give --url.", WRONG_USE)
    typer.echo(json.dumps(described, indent=2))


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Look at settings, database, Slack, Xero and mail; say what is broken and what to do."""
    try:
        settings = read_settings()
        if settings.sqlite_file is None or settings.solido_secret_keys:
            settings.vault()  # else it would make a key, and the doctor makes nothing
        settings.mailer()
    except BadSettings as wrong:
        found = [broken("settings", line, "See docs/settings.md.") for line in str(wrong).splitlines()]
    else:
        set_up("console")
        found = asyncio.run(examine(settings))
    typer.echo(encode(found).decode() if as_json else "\n".join([*map(written, found), "", summed_up(found)]))
    if any(each.health == Health.BROKEN for each in found):
        raise typer.Exit(BROKEN)


def summed_up(found: list[Finding]) -> str:
    """The last line, which is the one that is seen first."""
    counts = Counter(each.health for each in found)
    dead, odd = counts[Health.BROKEN], counts[Health.WARNING]
    unwell = [f"{dead} broken"] if dead else []
    unwell += [f"{odd} warning" + "s" * (odd > 1)] if odd else []
    return f"{', '.join(unwell)}: what to do stands below each." if unwell else "All is well."


def written(it: Finding) -> str:
    """A finding as a line, and what to do below it."""
    shade = {Health.OK: typer.colors.GREEN, Health.WARNING: typer.colors.YELLOW, Health.BROKEN: typer.colors.RED}
    first = f"{typer.style(f'{it.health:<8}', fg=shade[it.health])} {it.what:<12} {it.said}"
    return f"{first}\n{'':22}{it.do}" if it.do else first


@keys.command("rotate")
def keys_rotate() -> None:
    """Seal everything anew with the first key. Start each process with it in front first: others open nothing then."""
    settings = settings_or_exit()
    try:
        done, lost = asyncio.run(reseal(settings))
    except (SQLAlchemyError, OSError) as error:
        fail(f"The database at DATABASE_URL does not answer ({type(error).__name__}).", BROKEN)
    typer.echo(f"{done} {'secret was' if done == 1 else 'secrets were'} sealed anew with the first key.")
    if lost:
        fail(f"{lost} could not be opened with any of the keys, and were left as they are.", BROKEN)
    typer.echo("Older keys can be taken out once every process was started with the new one in front.")


async def reseal(settings: Settings) -> tuple[int, int]:
    """Return how many secrets were sealed anew, and how many no key at hand opens."""
    database = Database(settings.database_url)
    try:
        resealing = Resealing(database, settings.vault())
        await resealing.run()
    finally:
        await database.close()
    return resealing.done, resealing.lost


@keys.command("new")
def keys_new() -> None:
    """Print a new sealing key for SOLIDO_SECRET_KEYS."""
    typer.echo(new_key())


def main() -> None:
    app()


if __name__ == "__main__":
    main()
