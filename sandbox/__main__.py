"""The console script `solido-sandbox`, which `make run` starts."""

import asyncio
import logging
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer

from bot.logs import set_up
from bot.starting import CannotStart
from core.patience import Patience
from sandbox.clock import VirtualClock
from sandbox.desk import Desk
from sandbox.keeping import CannotRemember, Keeper, Kept, start_over
from sandbox.script import Player, ScriptError, Step, Unmet, read
from sandbox.world import morning_of, sqlite_in
from sandbox.xero import FakeXero, LedgerError, demo_ledger, load_receivables, second_ledger

DEFAULT_PORT = 8000
LOOPBACK = "127.0.0.1"
HOSTS = {LOOPBACK, "localhost", "::1"}
QUICK = Patience(first_wait=0.2, longest_wait=5.0)
"""Waiting between two tries is in real seconds, of which nobody at the page wants to spend a minute."""
WRONG_USE = 2

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def fail(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(WRONG_USE)


def hush(below: int) -> None:
    """Log nothing below this level."""
    logging.disable(below - 1)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(below), cache_logger_on_first_use=False)


def clock_for(as_of: datetime | None) -> VirtualClock:
    """Nine in the morning of that day, or now; from there it flows."""
    return VirtualClock(morning_of(as_of.replace(tzinfo=UTC)) if as_of else datetime.now(UTC))


def ledger_for(receivables: Path | None) -> Callable[[FakeXero], object]:
    """A generated pair of organisations; with a file, the first one's ledger comes from there."""
    if receivables is None:
        return demo_ledger

    def load(xero: FakeXero) -> None:
        load_receivables(xero, receivables)
        second_ledger(xero)

    return load


async def run(desk: Desk, *, began: float) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await desk.start()
    seconds = time.monotonic() - began
    typer.echo(f"Solido's sandbox is at {desk.page_at.url} ({seconds:.1f} s). Ctrl+C ends it.")
    await stop.wait()
    typer.echo("Stopping…")
    await desk.stop()


async def play(desk: Desk, steps: Sequence[Step], *, began: float) -> None:
    await desk.start()
    try:
        await Player(desk, typer.echo).play(steps)
    finally:
        hush(logging.CRITICAL)  # a tick that is cut off by the end is no news either
        await desk.stop()
    typer.echo(f"Played {len(steps)} steps in {time.monotonic() - began:.1f} s.")


def chosen_port(asked: int | None, *, any_free: bool) -> int:
    """What was asked for, else PORT, else the usual one; `any_free` where nobody is going to look at the page."""
    if asked is not None:
        return asked
    return 0 if any_free else int(os.environ.get("PORT") or DEFAULT_PORT)


def take_up(folder: Path, *, fresh: bool, begins_anew: bool) -> Kept | None:
    """What was kept in the folder. Raises CannotRemember, also when it is to begin anew and does not."""
    if fresh:
        start_over(folder)
    kept = Keeper(folder).read()
    if kept is not None and begins_anew:
        raise CannotRemember(f"There is a sandbox in {folder} already: --as-of and --receivables need --fresh.")
    return kept


@app.command()
def sandbox(
    port: Annotated[int | None, typer.Option(help="By default PORT, else 8000; 0 takes a free one.")] = None,
    host: Annotated[str, typer.Option(help="This machine only: any other host is refused.")] = LOOPBACK,
    data: Annotated[
        Path | None, typer.Option(help="Keep everything here and take it up again; by default it is forgotten.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what is kept in --data, and start over.")] = False,
    receivables: Annotated[
        Path | None, typer.Option(help="A ledger as CSV to fill the emulated Xero with.", exists=True, dir_okay=False)
    ] = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day on which the sandbox's time begins.")
    ] = None,
    script: Annotated[
        Path | None, typer.Option(help="Play these steps without a browser; exit 1 where one fails.", dir_okay=False)
    ] = None,
) -> None:
    """Try the whole product on this machine, against an emulated Slack, Xero and mailbox, in a browser."""
    began = time.monotonic()
    if host not in HOSTS:
        raise fail("The sandbox has no log-in and answers on this machine only: leave --host away.")
    set_up("console")
    # Where days pass in seconds, the scheduler's complaint that a tick still runs is no news.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    if script:
        hush(logging.ERROR)
    page_port = chosen_port(port, any_free=script is not None)
    folder = data or Path(tempfile.mkdtemp(prefix="solido-sandbox-"))
    try:
        steps = read(script) if script else []
        kept = take_up(folder, fresh=fresh, begins_anew=as_of is not None or receivables is not None)
        keeper = Keeper(folder) if data else None
        books = ledger_for(receivables)
        desk = Desk(
            clock_for(as_of), sqlite_in(folder), books, patience=QUICK, kept=kept, page_port=page_port, keeper=keeper
        )
        asyncio.run(play(desk, steps, began=began) if script else run(desk, began=began))
    except Unmet as why:
        typer.echo(str(why), err=True)
        raise typer.Exit(1) from None
    except (LedgerError, CannotStart, CannotRemember, ScriptError) as why:
        raise fail(str(why)) from None
    except OSError as why:
        raise fail(f"Port {page_port} is not free ({why.strerror}): try another with --port.") from None
    finally:
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
