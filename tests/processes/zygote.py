"""A process that has the whole product loaded and nothing running, and forks a program for each line it is told.

Loading the product anew for each of five processes would take most of a test's time. Reads a job a line as JSON and
answers each with a line. Started by forking.py.

`lease` (seconds) shortens how long a farewell waits for another try. `skew` (seconds) makes the machine's clock wrong;
`silence` shortens how long a process may be silent; `watch` names a path and `kill_at` the step in it at which the
process ends without a word (see steps.py).
"""

import json
import os
import signal
import sys
import traceback
from datetime import timedelta
from typing import Any

from bot.__main__ import main as solido
from core import clock, farewell, presence
from core.reminders.workdays import prepare
from core.xero.http import trusted
from storage.migrate import main as migrate
from tests.processes import refresher, renewer, steps

PROGRAMS = {"solido": solido, "migrate": migrate, "refresher": refresher.run, "renewer": renewer.run}


def child(job: dict[str, Any]) -> None:
    os.setsid()
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(job["folder"])
    if job.get("skew"):
        right = clock.machine_time
        clock.machine_time = lambda: right() + timedelta(seconds=job["skew"])  # type: ignore[assignment]
    if job.get("silence"):
        presence.SILENCE = timedelta(seconds=job["silence"])
    if job.get("lease"):
        farewell.LEASE = timedelta(seconds=job["lease"])
    if job.get("watch"):
        steps.watch(job["watch"], kill_at=job.get("kill_at"), report=job["log"] + ".steps")
    sys.argv = [job["program"], *job["arguments"]]
    PROGRAMS[job["program"]]()


def run(job: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        child(job)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def main() -> None:
    prepare()
    trusted()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        job = json.loads(line)
        if "wait" in job:
            _, status = os.waitpid(job["wait"], 0)
            said = os.waitstatus_to_exitcode(status)
        else:
            said = run(job)
        out.write(f"{said}\n")
        out.flush()


if __name__ == "__main__":
    main()
