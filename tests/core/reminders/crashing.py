"""A process that sends letters, and can be killed at any of its steps. Started by test_crashes.py.

Reads a job a line as JSON and answers with a line: how many steps it took, or that it was killed. Each job runs in a
process of its own, forked from this one, which has everything loaded and nothing running.
"""

import asyncio
import json
import os
import signal
import sys
from datetime import datetime, timedelta
from uuid import UUID

import aiosmtplib
import httpx
from sqlalchemy import event

from core import clock
from core.mail import SmtpMailer, read_server
from core.patience import Patience
from core.reminders.asking import AskedAfresh
from core.reminders.sending import Sending
from core.reminders.workdays import prepare
from core.sync import Syncing
from core.vault import Vault
from core.xero.client import Xero
from core.xero.http import make_http, trusted
from core.xero.oauth import READ_SCOPES, XeroLogin
from storage.database import Database

NO_WAITING = Patience(tries=1, first_wait=0.0, longest_wait=0.0)


class Steps:
    """Counts what the process does, and ends it, without a word to anybody, at the step it was told."""

    def __init__(self, kill_at: int | None) -> None:
        self.done = 0
        self.kill_at = kill_at

    def step(self, *_ignored: object) -> None:
        if self.done == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.done += 1


class Counted(httpx.AsyncHTTPTransport):
    def __init__(self, steps: Steps) -> None:
        super().__init__(verify=trusted())
        self._steps = steps

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._steps.step()
        answer = await super().handle_async_request(request)
        self._steps.step()
        return answer


def watch_smtp(steps: Steps) -> None:
    """A step before and after each command to the mail server, the letter itself among them."""
    for name in ("connect", "execute_command", "data"):
        inner = getattr(aiosmtplib.SMTP, name)

        async def counted(self, *args, _inner=inner, **named):
            steps.step()
            answer = await _inner(self, *args, **named)
            steps.step()
            return answer

        setattr(aiosmtplib.SMTP, name, counted)


async def send(job: dict[str, str]) -> int:
    steps = Steps(job["kill_at"])
    now = datetime.fromisoformat(job["now"])
    clock.follow(lambda: now)
    database = Database(job["database"])
    for name in ("before_cursor_execute", "commit", "rollback"):
        event.listen(database.engine.sync_engine, name, steps.step)
    watch_smtp(steps)
    transport = Counted(steps)
    login = XeroLogin(
        client_id="ID", client_secret="secret", login_url=job["xero"], identity_url=job["xero"], redirect_uri="",
        scopes=READ_SCOPES, transport=transport,
    )  # fmt: skip
    client = Xero(make_http(transport), job["xero"], patience=NO_WAITING)
    syncing = Syncing(database, None, Vault([job["key"]]), login, client, NO_WAITING, every=timedelta(minutes=15))
    mailer = SmtpMailer(read_server(job["smtp"]), ("", "accounts@example.com"), seconds=30.0)
    sending = Sending(syncing, mailer, AskedAfresh(), "https://solido.example.com")
    async with database.workspace(UUID(job["workspace"])) as store:
        await store.reminders.decide(next_look_at=now)
    steps.done = 0
    await sending.tick()
    return steps.done


def main() -> None:
    prepare()
    trusted()
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.write(writing, str(asyncio.run(send(json.loads(line)))).encode())
            os._exit(0)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        said = os.read(reading, 100).decode()
        os.close(reading)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sys.stdout.write(f"{'killed' if killed else said or 'failed'}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
