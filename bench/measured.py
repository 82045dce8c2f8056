"""What every measured client tells about itself, as one line of JSON."""

import json
import os
import re
import resource
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

OURS = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
LOOK_SECONDS = 0.1


@dataclass
class Job:
    """What to read: `url` of the emulated Xero, a token that is good for the whole measurement, and pages how large."""

    url: str
    token: str
    tenant: str
    page_size: int

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "xero-tenant-id": self.tenant, "Accept": "application/json"}


@dataclass
class Measured:
    """Seconds, megabytes as received after unpacking, and the largest resident memory in megabytes. A process that was
    started and has ended counts with its own."""

    wall: float = 0.0
    cpu: float = 0.0
    calls: int = 0
    megabytes: float = 0.0
    records: int = 0
    rss: float = 0.0


def cpu_seconds() -> float:
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, OURS))


class Stopwatch:
    def __init__(self) -> None:
        self._beside, self._over = 0.0, threading.Event()
        threading.Thread(target=self._look, daemon=True).start()
        self._wall, self._cpu = time.perf_counter(), cpu_seconds()

    def _look(self) -> None:
        """See how large a process beside gets. What the system keeps of it afterwards begins with our own size."""
        me, own = os.getpid(), re.compile(r"VmHWM:\s*(\d+) kB")
        while not self._over.wait(LOOK_SECONDS):
            for child in Path(f"/proc/{me}/task/{me}/children").read_text().split():
                with suppress(OSError):
                    found = own.search(Path(f"/proc/{child}/status").read_text())
                    self._beside = max(self._beside, int(found[1]) / 1024 if found else 0.0)

    def stop(self, *, calls: int, size: int, records: int) -> Measured:
        self._over.set()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 + self._beside
        wall, cpu = time.perf_counter() - self._wall, cpu_seconds() - self._cpu
        return Measured(wall, cpu, calls, size / 1e6, records, peak)


def job() -> Job:
    return Job(**json.loads(sys.argv[1]))


def tell(measured: Measured) -> None:
    sys.stdout.write(json.dumps(asdict(measured)) + "\n")
