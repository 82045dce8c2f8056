"""`make soak`: `solido serve` in a process of its own, syncing every few seconds while Xero breaks in every way it can.

Memory and open files are looked at all the time. At the end it is told to stop, and must have nothing left under way.

    python -m bench.soak [--minutes 60] [--seed 1]
"""

import argparse
import asyncio
import os
import random
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from sandbox.xero import big_ledger
from sandbox.xero.faults import LABELS
from tests.processes.installation import Installation

SYNC_EVERY = 3
LOOK_SECONDS = 5.0
MOST_GROWTH = 0.10
"""Of the memory, from the second quarter of the time to the last one."""
MORE_FILES = 5
TOO_LONG = {"429-day", "429-minute"}
"""After these nothing is asked of Xero for long, so there would be nothing to see."""
LEFT_BEHIND = ("Task was destroyed", "never awaited", "never retrieved", "unclosed")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Look(NamedTuple):
    megabytes: float
    files: int


def look(pid: int) -> Look:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Look(pages * PAGE / 1e6, len(os.listdir(f"/proc/{pid}/fd")))


async def trouble(it: Installation, chance: random.Random) -> str:
    """One thing that goes wrong, or somebody who does something."""
    it.xero.heal()
    what = chance.choice([*sorted(set(LABELS) - TOO_LONG), "tokens expire", "somebody syncs"])
    if what == "tokens expire":
        it.xero.expire_access_tokens()
    elif what == "somebody syncs":
        await it.slack.command("sync")
    else:
        it.xero.break_next(what, times=1, seconds=1.0 if what == "slow" else None)
    return what


def quarters(looks: list[Look], which: int) -> list[Look]:
    return looks[which * len(looks) // 4 : (which + 1) * len(looks) // 4]


async def soak(it: Installation, *, minutes: float, seed: int) -> list[str]:
    """Return what was wrong."""
    chance, looks, met = random.Random(seed), [], 0
    it.xero.limits.day = 10_000_000
    organisation = big_ledger(it.xero, 300, 20)
    await it.start()
    await it.connect(organisation)
    await it.until(it.synced)
    assert it.process is not None
    # What it says must be read, or the pipe fills and it stands still.
    logged: list[bytes] = []
    streams = [stream for stream in (it.process.stdout, it.process.stderr) if stream]
    readers = [asyncio.create_task(drained(stream, logged)) for stream in streams]
    ends = time.monotonic() + minutes * 60
    while time.monotonic() < ends:
        await trouble(it, chance)
        met += 1
        looks.append(look(it.process.pid))
        await asyncio.sleep(LOOK_SECONDS)
    it.xero.heal()
    runs = await it.runs()
    it.process.terminate()
    code = await asyncio.wait_for(it.process.wait(), 30)
    await asyncio.gather(*readers)
    said = b"".join(logged).decode(errors="replace")
    early, late = quarters(looks, 1), quarters(looks, 3)
    before, after = median(one.megabytes for one in early), median(one.megabytes for one in late)
    files = median(one.files for one in early), median(one.files for one in late)
    sys.stdout.write(
        f"seed {seed}: {minutes:g} minutes, {len(runs)} syncs ({sum(run.error is not None for run in runs)} failed, as "
        f"they had to), {met} troubles; memory {before:.1f} MB, later {after:.1f} MB; open files {files[0]:.0f}, later "
        f"{files[1]:.0f}; ended with {code}\n"
    )
    wrong = [f"the log says {word!r}" for word in LEFT_BEHIND if word in said]
    wrong += ["memory grew"] if after > before * (1 + MOST_GROWTH) else []
    wrong += ["open files grew"] if files[1] > files[0] + MORE_FILES else []
    wrong += [f"it ended with {code}"] if code else []
    return wrong


async def drained(stream: asyncio.StreamReader, into: list[bytes]) -> None:
    """Keep of a log what ought not to stand in it."""
    into.extend([line async for line in stream if any(word.encode() in line for word in LEFT_BEHIND)])


class Soaking(Installation):
    def environment(self) -> dict[str, str]:
        return super().environment() | {"SOLIDO_SYNC_EVERY": str(SYNC_EVERY), "XERO_DAILY_LIMIT": "10000000"}


async def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--minutes", type=float, default=float(os.environ.get("MINUTES") or 60))
    asked.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or 1))
    wanted = asked.parse_args()
    with TemporaryDirectory() as folder:
        it = Soaking(f"sqlite:///{folder}/solido.db", Path(folder))
        await it.open()
        try:
            wrong = await soak(it, minutes=wanted.minutes, seed=wanted.seed)
        finally:
            await it.close()
    for line in wrong:
        sys.stdout.write(f"WRONG: {line}\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    asyncio.run(main())
