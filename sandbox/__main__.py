"""The console script `solido-sandbox`, which `make run` starts."""

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.app import CannotStart
from bot.logs import set_up
from sandbox.clock import VirtualClock
from sandbox.desk import Desk
from sandbox.world import morning_of, sqlite_in
from sandbox.xero import FakeXero, LedgerError, demo_ledger, load_receivables, second_ledger

DEFAULT_PORT = 8000
WRONG_USE = 2

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def fail(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(WRONG_USE)


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


@app.command()
def sandbox(
    port: Annotated[int | None, typer.Option(help="By default PORT, else 8000; 0 takes a free one.")] = None,
    data: Annotated[Path | None, typer.Option(help="Keep Solido's database here; by default it is forgotten.")] = None,
    receivables: Annotated[
        Path | None, typer.Option(help="A ledger as CSV to fill the emulated Xero with.", exists=True, dir_okay=False)
    ] = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day on which the sandbox's time begins.")
    ] = None,
) -> None:
    """Try the whole product on this machine, against an emulated Slack and Xero, in a browser."""
    began = time.monotonic()
    set_up("console")
    chosen = port if port is not None else int(os.environ.get("PORT") or DEFAULT_PORT)
    folder = data or Path(tempfile.mkdtemp(prefix="solido-sandbox-"))
    try:
        desk = Desk(clock_for(as_of), sqlite_in(folder), ledger_for(receivables), page_port=chosen)
        asyncio.run(run(desk, began=began))
    except LedgerError as why:
        raise fail(str(why)) from None
    except OSError as why:
        raise fail(f"Port {chosen} is not free ({why.strerror}): try another with --port.") from None
    except CannotStart as why:
        raise fail(str(why)) from None
    finally:
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
