"""Processes that have everything loaded when they start: forked from one that is kept for it, see zygote.py."""

import asyncio
import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import PIPE
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).resolve().parents[2]


class Zygote:
    """Forks processes that have everything loaded. One serves all tests of a run."""

    def __init__(self) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.processes.zygote"], cwd=ROOT, env=kept, stdin=PIPE, stdout=PIPE, text=True
        )
        self._turn = threading.Lock()
        atexit.register(self.stop)

    async def ask(self, **job: Any) -> int:
        return await asyncio.to_thread(self._ask, json.dumps(job))

    def _ask(self, job: str) -> int:
        assert self._process.stdin
        assert self._process.stdout
        with self._turn:
            self._process.stdin.write(f"{job}\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def stop(self) -> None:
        self._process.communicate()


@cache
def the_zygote() -> Zygote:
    return Zygote()


@dataclass
class Process:
    """One that was forked. Its log is a file, and holds all it wrote."""

    zygote: Zygote
    pid: int
    log: Path
    over: bool = False

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    async def ended(self) -> int:
        """Wait for its end; the exit code, negative for the signal that ended it."""
        self.over = True
        return await self.zygote.ask(wait=self.pid)

    async def kill(self) -> None:
        self.signal(signal.SIGKILL)
        await self.ended()

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def steps(self) -> int:
        return int(Path(f"{self.log}.steps").read_text() or 0)


def is_there(process: Process) -> bool:
    """Whether it still runs; one that has ended has a last line in the table of processes."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


async def forked(program: str, *arguments: str, settings: Mapping[str, str], folder: Path, **how: Any) -> Process:
    """Start one of zygote.py's programs with these settings and no others; `how` is what that page tells of."""
    log = folder / f"{uuid4().hex}.log"
    job = {"program": program, "arguments": arguments, "environment": dict(settings), "folder": str(folder)}
    return Process(the_zygote(), await the_zygote().ask(**job, log=str(log), **how), log)
