"""A first sync beside downloads that store nothing: `python -m bench.sync [--quick]`.

All read the same emulated Xero, which has a process of its own, one after the other; each client has one too. Told are
the medians of several runs, and ratios to the bare loop.
"""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.measured import Measured

ROOT = Path(__file__).resolve().parent.parent
SDK_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
SIZES = ((20_000, 1_000), (200_000, 1_000), (160_167, 10_000))
PAGE_SIZES = (1000, 100)
RUNS = 3
SETTLE_SECONDS = 6
"""A ledger that was just made counts as changing for so long."""
CLIENTS = {
    "bare httpx, bytes only": [sys.executable, "-m", "bench.bare"],
    "bare httpx, decoded": [sys.executable, "-m", "bench.bare", "decode"],
    "xero-python, no database": [str(SDK_PYTHON), "-m", "bench.sdk"],
    "Solido, with its database": [sys.executable, "-m", "bench.ours"],
}
OURS, BARE = list(CLIENTS)[-1], next(iter(CLIENTS))
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- bench/sync.py writes from here -->", "<!-- to here -->"


@contextmanager
def serving(invoices: int, contacts: int) -> Iterator[dict[str, str]]:
    """Yield where the emulated Xero is and the token that opens it."""
    command = [sys.executable, "-m", "bench.server", str(invoices), str(contacts)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            told: dict[str, str] = json.loads(server.stdout.readline())
            time.sleep(SETTLE_SECONDS)
            yield told
        finally:
            server.stdin.close()
            server.wait()


def once(command: list[str], job: dict[str, Any]) -> Measured:
    program, flag, module, *words = command
    done = subprocess.run(
        [program, flag, module, json.dumps(job), *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{module} failed:\n{done.stderr[-2000:]}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def median(runs: list[Measured]) -> Measured:
    columns = [asdict(run) for run in runs]
    return Measured(**{name: statistics.median(column[name] for column in columns) for name in columns[0]})


def measure(invoices: int, contacts: int, page_size: int, runs: int) -> list[str]:
    """Return the lines of one table. The clients take turns, so that a busy moment of the machine hits all alike."""
    found: dict[str, list[Measured]] = {name: [] for name in CLIENTS}
    with serving(invoices, contacts) as where:
        for _ in range(runs):
            for name, command in CLIENTS.items():
                if Path(command[0]).exists():
                    found[name].append(once(command, {**where, "page_size": page_size}))
    medians = {name: median(each) for name, each in found.items() if each}
    base = medians[BARE]
    lines = [
        f"**{invoices:,} invoices, {contacts:,} contacts, {page_size} a page** (medians of {runs} runs)",
        "",
        "| | wall | × bare | CPU | calls | MB unpacked | peak memory |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, it in medians.items():
        shown = f"**{name}**" if name == OURS else name
        size = f"{it.megabytes:,.0f}" if it.megabytes else ""
        lines.append(
            f"| {shown} | {it.wall:.2f} s | {it.wall / base.wall:.2f} | {it.cpu:.2f} s | {it.calls:,.0f} | {size} "
            f"| {it.rss:.0f} MB |"
        )
    return [*lines, ""]


def main() -> None:
    quick = "--quick" in sys.argv
    lines: list[str] = []
    for invoices, contacts in SIZES[:1] if quick else SIZES:
        for page_size in PAGE_SIZES[:1] if quick or contacts == 10_000 else PAGE_SIZES:
            table = measure(invoices, contacts, page_size, RUNS)
            sys.stdout.write("\n".join(table) + "\n")
            sys.stdout.flush()
            lines += table
    if not quick and DOCUMENT.exists():
        text = DOCUMENT.read_text()
        before, _, rest = text.partition(BEGIN)
        _, _, after = rest.partition(END)
        DOCUMENT.write_text(f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n{END}{after}")


if __name__ == "__main__":
    main()
