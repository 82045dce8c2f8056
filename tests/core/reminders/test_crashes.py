"""Killed at any step of the way to the customer, and started again: no letter goes twice, and none is forgotten.

Real processes, a real SMTP server, real HTTP to the emulated Xero. `make prove` kills at every step, `make test` at
some of them.
"""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from sandbox.mail import FakeMailbox
from sandbox.ports import Served
from storage.reminder_models import LetterState
from tests.core.reminders.stage import a_stage

pytestmark = pytest.mark.prove

PROVE = os.environ.get("SOLIDO_PROVE") == "1"
EVERY = int(os.environ.get("EVERY") or (1 if PROVE else 21))
TRIES = 5
START = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[3]
FORGET = ("DELETE FROM reminder", "DELETE FROM letter", "DELETE FROM decision", "DELETE FROM outbox_message",
          "DELETE FROM pay_link",
          "UPDATE reminder_policy SET told_on = NULL, xero_asked_at = NULL")  # fmt: skip


class Zygote:
    """The process that forks a sender for each job."""

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.core.reminders.crashing",
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip

    async def run(self, **job) -> str:
        self.process.stdin.write(json.dumps(job).encode() + b"\n")
        await self.process.stdin.drain()
        while True:
            line = (await asyncio.wait_for(self.process.stdout.readline(), 60)).decode().strip()
            if line == "killed" or line == "failed" or line.isdigit():
                return line

    async def stop(self) -> None:
        self.process.stdin.close()
        await self.process.wait()


async def letters_of(stage) -> list:
    async with stage.database.reading(stage.workspace) as store:
        return list(await store.letters.latest(99))


async def test_killed_anywhere_and_started_again_no_letter_goes_twice_and_none_is_forgotten(database_url):
    stage = await a_stage(database_url, START, day_limit=1_000_000)  # all rounds are on one day
    books = stage.organisation
    customer = books.add_contact("Quayside Books", "accounts@example.com")
    for number in (1, 2):
        books.add_invoice(
            customer, number=f"INV-{number}", total=Decimal(120), issued_on=START.date() - timedelta(60),
            due_on=START.date() - timedelta(30),
        )  # fmt: skip
    await stage.sync()
    xero_at, mailbox, zygote = Served(), FakeMailbox(clock=stage.clock.now), Zygote()
    await xero_at.start(stage.xero.app)
    await mailbox.start()
    await zygote.start()
    [key] = stage.keys
    job = {"database": database_url, "xero": xero_at.url, "smtp": mailbox.url, "key": key,
           "workspace": str(stage.workspace)}  # fmt: skip
    later = [START + timedelta(minutes=21), START + timedelta(minutes=42)]

    async def afresh() -> None:
        mailbox.letters.clear()
        async with stage.database.workspace(stage.workspace) as store:
            for statement in FORGET:
                await (await store.session.connection()).execute(text(statement))
            await store.reminders.decide(changed_at=START)

    try:
        await afresh()
        steps = int(await zygote.run(**job, now=START.isoformat(), kill_at=None))
        assert len(mailbox.letters) == 1
        fates, killed = dict.fromkeys(LetterState, 0), 0
        for point in range(0, steps, EVERY):
            for _ in range(TRIES):
                await afresh()
                ended = await zygote.run(**job, now=START.isoformat(), kill_at=point)
                if ended == "killed" or mailbox.letters:
                    break  # else the machine is slow: something was not answered in time, and no letter came of it
            if ended.isdigit() and int(ended) <= point:
                break  # it came to its end in fewer steps than the first one, and before it could be killed
            assert ended == "killed"
            killed += 1
            for moment in later:
                assert (await zygote.run(**job, now=moment.isoformat(), kill_at=None)).isdigit()
            rows = await letters_of(stage)
            assert len(mailbox.letters) <= 1, f"twice, killed at {point}"
            assert len(rows) == 1, f"killed at {point}"
            assert rows[0].state in (LetterState.SENT, LetterState.UNKNOWN), f"killed at {point}"
            assert len(mailbox.letters) == 1 or rows[0].state == LetterState.UNKNOWN, f"forgotten, killed at {point}"
            fates[LetterState(rows[0].state)] += 1
            if not killed % 10:
                sys.stdout.write(f"{killed} of {steps} so far\n")
                sys.stdout.flush()
        ends = ", ".join(f"{count} {state}" for state, count in fates.items() if count)
        assert killed >= len(range(0, steps, EVERY)) * 0.9
        sys.stdout.write(f"\n{steps} steps, killed at {killed} of them: {ends}; 0 twice, 0 forgotten\n")
        assert fates[LetterState.SENT]
        assert fates[LetterState.UNKNOWN] or not PROVE
    finally:
        await zygote.stop()
        await mailbox.stop()
        await xero_at.stop()
        await stage.close()
