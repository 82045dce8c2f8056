"""A first sync beside downloads that store nothing: `python -m bench.sync`, or with `--quick` only the first of them.

All read the same emulated Xero, which has a process of its own, one after the other; each client has one too. Told are
medians, and ratios to the bare loop. The tables are also written into docs/performance.md.
"""

import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from bench.bare import LISTS
from bench.measured import Job, Measured

ROOT = Path(__file__).resolve().parent.parent
SDK_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
RUNS = 5
SETTLE_SECONDS = 6
"""A ledger that was just made counts as changing for so long."""
BARE, DECODED = "bare httpx, bytes only", "bare httpx, decoded"
SDK, OURS = "xero-python, no database", "Solido, with its database"
POSTGRES = "the same in PostgreSQL"
CLIENTS = {
    BARE: [sys.executable, "-m", "bench.bare"],
    DECODED: [sys.executable, "-m", "bench.bare", "decode"],
    SDK: [str(SDK_PYTHON), "-m", "bench.sdk"],
    OURS: [sys.executable, "-m", "bench.ours"],
    POSTGRES: [sys.executable, "-m", "bench.ours", "postgres"],
}


class Size(NamedTuple):
    """A ledger, the pages it is read by, and the clients that read it once only, because they take so long."""

    invoices: int
    contacts: int
    page_sizes: tuple[int, ...]
    once: tuple[str, ...] = ()


SIZES = (
    Size(20_000, 1_000, (1000, 100), once=(SDK,)),
    Size(200_000, 1_000, (1000,), once=(DECODED, SDK, POSTGRES)),
    Size(200_000, 1_000, (100,), once=(DECODED, SDK, POSTGRES)),
    Size(160_167, 10_000, (1000,), once=(DECODED, SDK, POSTGRES)),
)
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- bench/sync.py writes from here -->", "<!-- to here -->"


@contextmanager
def serving(invoices: int, contacts: int, organisations: int = 1) -> Iterator[list[Job]]:
    """Yield how to read each of its organisations, a thousand records a page."""
    command = [sys.executable, "-m", "bench.server", str(invoices), str(contacts), str(organisations)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            told = json.loads(server.stdout.readline())
            time.sleep(SETTLE_SECONDS)
            jobs = [Job(told["url"], told["token"], tenant, 1000) for tenant in told["tenants"]]
            for job in jobs:
                warm_up(job)
            yield jobs
        finally:
            server.stdin.close()
            server.wait()


def warm_up(job: Job) -> None:
    """Let the emulator sort its lists, which it does once: not in the time of whoever happens to come first."""
    with closing(http.client.HTTPConnection(urlsplit(job.url).netloc)) as line:
        for name, params in LISTS.items():
            query = urlencode({**params, "page": 1, "pageSize": 1})
            line.request("GET", f"/api.xro/2.0/{name}?{query}", headers=job.headers)
            line.getresponse().read()


def once(command: list[str], job: Job) -> Measured:
    program, flag, module, *words = command
    done = subprocess.run(
        [program, flag, module, json.dumps(asdict(job)), *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{module} failed:\n{done.stderr[-2000:]}")
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def median(runs: list[Measured]) -> Measured:
    columns = [asdict(run) for run in runs]
    return Measured(**{name: statistics.median(column[name] for column in columns) for name in columns[0]})


def measure(size: Size, page_size: int, job: Job) -> list[str]:
    """Return the lines of one table. The clients take turns, so that a busy moment of the machine hits all alike."""
    found: dict[str, list[Measured]] = {name: [] for name in CLIENTS}
    for turn in range(RUNS):
        for name, command in CLIENTS.items():
            if Path(command[0]).exists() and (turn == 0 or name not in size.once):
                found[name].append(once(command, replace(job, page_size=page_size)))
    medians = {name: median(each) for name, each in found.items() if each}
    base = medians[BARE]
    lines = [
        f"**{size.invoices:,} invoices, {size.contacts:,} contacts, {page_size} a page**",
        "",
        "| | wall | × bare | CPU | calls | MB unpacked | peak memory | runs |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, it in medians.items():
        shown = f"**{name}**" if name == OURS else name
        unpacked = f"{it.megabytes:,.0f}" if it.megabytes else ""
        lines.append(
            f"| {shown} | {it.wall:.2f} s | {it.wall / base.wall:.2f} | {it.cpu:.2f} s | {it.calls:,.0f} | {unpacked} "
            f"| {it.rss:.0f} MB | {len(found[name])} |"
        )
    return [*lines, ""]


def main() -> None:
    quick = "--quick" in sys.argv
    lines: list[str] = []
    for size in SIZES[:1] if quick else SIZES:
        with serving(size.invoices, size.contacts) as [job]:
            for page_size in size.page_sizes[:1] if quick else size.page_sizes:
                table = measure(size, page_size, job)
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
