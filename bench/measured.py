"""What every measured client tells about itself, as one line of JSON."""

import json
import resource
import sys
import time
from dataclasses import asdict, dataclass


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
    """Seconds, megabytes as received after unpacking, and the process's largest resident memory in megabytes."""

    wall: float = 0.0
    cpu: float = 0.0
    calls: int = 0
    megabytes: float = 0.0
    records: int = 0
    rss: float = 0.0


class Stopwatch:
    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def stop(self, *, calls: int, size: int, records: int) -> Measured:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return Measured(wall, cpu, calls, size / 1e6, records, peak)


def job() -> Job:
    return Job(**json.loads(sys.argv[1]))


def tell(measured: Measured) -> None:
    sys.stdout.write(json.dumps(asdict(measured)) + "\n")
