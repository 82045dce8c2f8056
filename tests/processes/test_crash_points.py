"""Killed at any place where it waits, and started again: nothing lost, nothing twice, back in ten seconds.

Real processes, real HTTP to the emulated Slack and Xero. The steps of a path are found by walking it (steps.py), so new
ones are killed at, too. `make prove` kills at every step on both databases and prints the counts, `make test` at one
of each path. Letters have their own: tests/core/reminders/test_crashes.py.
"""

import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic

import httpx
import pytest

from core.engine import prepare
from sandbox.slack import Reply
from sandbox.xero import Organisation
from storage.database import driver_url
from storage.models import ConnectionState, RunState
from tests.processes.cluster import Cluster
from tests.processes.forking import Process, is_there
from tests.processes.installation import outstanding

pytestmark = pytest.mark.prove

PROVE = os.environ.get("SOLIDO_PROVE") == "1"
EVERY, FIRST = (int(os.environ.get(name) or usual) for name, usual in (("EVERY", 1), ("FIRST", 0)))
BACK_WITHIN = 10.0 if PROVE else 30.0
"""Seconds from the kill until everything is done, a new process's start included; more on a machine that many tests
share."""
SOME = {"sync": [7], "refresh": [4], "connect": [11], "disconnect": [1], "delivery": [4]}
"""The steps that `make test` kills at."""
MOST = 400


class Lab(Cluster):
    """One organisation in #finance, and a `serve` that is killed and started over and over."""

    async def begin(self) -> None:
        self.acme: Organisation = self.xero.add_organisation("Acme")
        self.customer = self.acme.add_contact("Quayside Books", "accounts@example.com")
        self.made = 0
        self.doubled: Counter[str] = Counter()

    async def serve(self, **how: object) -> Process:
        [process] = await self.start_all("serve", **how)
        return process

    def new_invoice(self) -> None:
        today = self.acme.today()
        self.made += 1
        self.acme.add_invoice(
            self.customer,
            number=f"INV-{self.made}",
            total=Decimal(10),
            issued_on=today,
            due_on=today + timedelta(days=9),
        )

    async def live(self) -> bool:
        return any(one.state != ConnectionState.DISCONNECTED for one in await self.connections())

    async def settled(self) -> bool:
        runs = await self.runs()
        return all(run.finished_at for run in runs) and await self.all_told()

    async def asks(self, text: str) -> Reply:
        return await self.slack.command(text)

    # the paths, as a person sets them going; each may be broken off anywhere, and is asked for again afterwards

    async def sync(self) -> None:
        self.new_invoice()
        await self.asks("sync")

    async def refresh(self) -> None:
        self.new_invoice()
        self.xero.expire_access_tokens()
        await self.asks("sync")

    async def delivery(self) -> None:
        await self.sync()

    async def connect_it(self) -> None:
        with suppress(httpx.HTTPError, AssertionError, TimeoutError):
            await self.connect(self.acme)

    async def disconnect(self) -> None:
        reply = await self.asks("disconnect")
        if reply.message is not None and not reply.error:
            with suppress(LookupError):
                await self.slack.press(reply.message, "Disconnect")


TRIGGERS = {
    "sync": Lab.sync,
    "refresh": Lab.refresh,
    "connect": Lab.connect_it,
    "disconnect": Lab.disconnect,
    "delivery": Lab.delivery,
}


@pytest.fixture
async def lab(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Lab]:
    url = request.getfixturevalue(f"migrated_{request.param}_url")
    prepare(driver_url(url))
    made = Lab(url, tmp_path)
    await made.open()
    await made.begin()
    try:
        yield made
    finally:
        await made.close()


async def stand_before(it: Lab, path: str) -> None:
    """Connected, or not where connecting is the path, and all of it told."""
    wanted = path != "connect"
    for _ in range(5):
        if await it.live() == wanted:
            break
        await (it.connect_it() if wanted else it.disconnect())
    assert await it.live() == wanted
    await it.until(it.settled)
    if not wanted:
        await it.until(lambda: not it.xero.is_connected(it.acme))


async def check(it: Lab, path: str, posts_before: int) -> None:
    """What the path was to bring about is there, once."""
    if path == "connect":
        if not await it.live():  # the person saw that it did not work, and begins again
            await it.connect_it()
        assert await it.live()
    elif path == "disconnect":
        if await it.live():
            await it.disconnect()
        assert not await it.live()
    await it.until(it.settled)
    runs = await it.runs()
    assert {run.state for run in runs} <= {RunState.SUCCEEDED, RunState.FAILED}
    assert not [run.error for run in runs if run.error not in (None, "superseded", "disconnected")]
    if path != "disconnect":
        assert await it.mirror() == outstanding(it.acme), "nothing lost"
        assert len([one for one in await it.connections() if one.state == ConnectionState.ACTIVE]) == 1
    if path in ("sync", "refresh", "delivery"):
        new = it.slack.posts[posts_before:]
        it.doubled[path] += max(0, len(new) - 1)
        assert new, "nothing untold"


async def killed_at(it: Lab, path: str, step: int) -> float | None:
    """Seconds from the kill until all is well again; None where the path has no such step."""
    process = await it.serve(watch=path, kill_at=step, lease=3)
    await stand_before(it, path)
    posts = len(it.slack.posts)
    process.signal(signal.SIGUSR1)
    await TRIGGERS[path](it)

    async def over() -> bool:
        return not is_there(process) or (await it.settled() and process.steps() <= step)

    await it.until(over)
    if is_there(process):
        process.signal(signal.SIGTERM)
        await process.ended()
        return None
    began = monotonic()
    await process.ended()
    again = await it.serve(lease=3)
    await it.until(it.settled)
    seconds = monotonic() - began
    await check(it, path, posts)
    again.signal(signal.SIGTERM)
    await again.ended()
    return seconds


async def killed_on(it: Lab, path: str, steps: Iterable[int]) -> None:
    """Kill at these steps of a path, one after the other, and print what came of it."""
    took: list[float] = []
    for step in steps:
        # Twice: on a busy machine an answer may come too late for who connects, and then nothing was begun.
        seconds = await killed_at(it, path, step) or await killed_at(it, path, step)
        if seconds is None:
            break
        took.append(seconds)
    assert took, "there is such a step"
    kind = "sqlite" if it.database.embedded else "postgres"
    sys.stdout.write(
        f"\n{path} on {kind}: killed at {len(took)} steps, 0 lost, 0 done twice, {it.doubled[path]} told twice, "
        f"back in {max(took):.1f} s at most\n"
    )
    assert max(took) < BACK_WITHIN
    assert it.doubled[path] <= 1 + len(took) / 4, "only where Slack had answered and nobody could note it"


@pytest.mark.skipif(not PROVE, reason="make prove")
@pytest.mark.parametrize("lab", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("path", TRIGGERS)
async def test_killed_anywhere_on_its_path_nothing_is_lost_or_done_twice(lab: Lab, path: str) -> None:
    await killed_on(lab, path, range(FIRST, MOST, EVERY))


@pytest.mark.skipif(PROVE, reason="all of them are killed at")
@pytest.mark.parametrize("lab", ["sqlite"], indirect=True)
async def test_killed_at_a_step_of_each_path_nothing_is_lost_or_done_twice(lab: Lab) -> None:
    for path, steps in SOME.items():
        await killed_on(lab, path, steps)
