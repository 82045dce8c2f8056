"""The program as it is run: started, killed, told to stop, started again, misconfigured."""

import os
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import make_url
from typer.testing import CliRunner

from bot.__main__ import app
from sandbox.xero import Organisation, big_ledger
from storage.models import RunState, Trigger
from tests.processes.installation import (
    BOT_TOKEN,
    SIGNING_SECRET,
    Installation,
    finished,
    installed,
    outstanding,
    python,
)

INVOICES = "/api.xro/2.0/Invoices"


@pytest.fixture
async def installation(whole_template: Path, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    """One that has run before: its database has its tables."""
    shutil.copyfile(whole_template, make_url(sqlite_url).database or "")
    async with installed(sqlite_url, tmp_path) as made:
        yield made


@pytest.fixture
async def migrated(database_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    """On both databases; PostgreSQL is brought to its schema by the command, as a host's release step does."""
    async with installed(database_url, tmp_path) as made:
        if database_url.startswith("postgresql"):
            migrate = await python("-m", "bot", "migrate", settings=made.environment(), folder=tmp_path)
            code, said = await finished(migrate)
            assert code == 0, said
        yield made


async def under_way(it: Installation) -> Organisation:
    """Connected to an organisation of five slow pages, of which some have been stored and told of."""
    big = big_ledger(it.xero, 4200, 30)
    it.xero.break_next("slow", times=None, path=INVOICES, seconds=0.35)
    await it.start()
    await it.connect(big)
    await it.until(lambda: it.invoice_pages() >= 3)
    assert not await it.synced()
    return big


async def finishes(it: Installation, organisation: Organisation) -> None:
    """After a new start the run goes on to its end, is told of, and nothing is there or said twice."""
    it.xero.heal()
    await it.start()
    await it.until(it.synced)
    assert await it.mirror() == outstanding(organisation)
    [run] = await it.runs()
    assert (run.attempt, run.added) == (2, 4200)
    await it.until(it.all_told)
    connected, first = it.slack.posts
    assert "Connected to *Big Ledger Ltd*" in connected.text
    assert "First sync done: 4,200 outstanding invoices" in first.text
    assert it.slack.refused == []


async def test_a_sync_goes_on_after_the_process_was_killed(migrated: Installation) -> None:
    big = await under_way(migrated)
    await migrated.kill()
    if migrated.database.embedded:
        assert os.stat(migrated.database.url.database or "").st_mode & 0o077 == 0, "invoices and names are not sealed"
    await finishes(migrated, big)


async def test_a_sync_goes_on_after_the_process_was_told_to_stop(installation: Installation) -> None:
    big = await under_way(installation)
    installation.xero.expire_access_tokens()
    pages = installation.invoice_pages()
    await installation.until(lambda: installation.invoice_pages() > pages)
    code, seconds, logged = await installation.terminate()
    assert code == 0
    assert seconds < 10
    identity = installation.xero.identity
    secrets = [*identity.access_tokens, *identity.refresh_tokens, "s3cret", BOT_TOKEN, SIGNING_SECRET, installation.key]
    assert not [secret for secret in secrets if secret in logged], "no secret in the log"
    await finishes(installation, big)


async def test_a_process_with_nothing_to_do_stops_when_it_is_told_to(installation: Installation) -> None:
    await installation.start()
    code, seconds, _logged = await installation.terminate()
    assert code == 0
    assert seconds < 10


async def typed(it: Installation, *words: str) -> str:
    """`solido words…` in a terminal beside it."""
    code, said = await finished(await python("-m", "bot", *words, settings=it.environment(), folder=it.folder))
    assert code == 0, said
    return said


async def test_a_sync_that_failed_is_tried_again_from_a_terminal(installation: Installation) -> None:
    it = installation
    await it.start()
    await it.connect(big_ledger(it.xero, 30, 10))
    await it.until(it.synced)
    it.xero.break_next("503-offline", times=None)  # by itself it is tried again after five minutes
    await it.slack.command("sync")

    async def ended(count: int) -> bool:
        return len([run for run in await it.runs() if run.finished_at]) == count

    await it.until(lambda: ended(2))
    [_first, lost] = await it.runs()
    short = lost.id.hex[:8]
    it.xero.heal()
    [_head, line] = (await typed(it, "runs", "--failed")).splitlines()
    assert line.split()[:3] == [short, "Big", "Ledger"]
    assert await typed(it, "retry", short) == f"{short}: Big Ledger Ltd is tried again within seconds.\n"
    await it.until(lambda: ended(3))
    again = (await it.runs())[-1]
    assert lost.finished_at is not None
    assert (again.trigger, again.state) == (Trigger.SCHEDULED, RunState.SUCCEEDED)
    assert again.queued_at - lost.finished_at < timedelta(minutes=4)
    await it.until(it.all_told)
    assert ["did not work" in post.text for post in it.slack.posts] == [False, False, True]
    await it.terminate()
    assert "as soon as Solido runs: no process is alive" in await typed(it, "retry", short)


def solido(command: str, **settings: str) -> Result:
    """The program, in this process, with no settings but these."""
    unset = {name: None for name in os.environ if name.startswith(("SLACK", "XERO", "SOLIDO", "DATABASE"))}
    return CliRunner().invoke(app, [command], env=unset | settings)


async def test_every_missing_setting_is_named_at_once(tmp_path: Path) -> None:
    process = await python("-m", "bot", "serve", settings={}, folder=tmp_path)
    code, said = await finished(process)
    assert code == 2
    for name in ("SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN", "XERO_CLIENT_ID", "XERO_CLIENT_SECRET"):
        assert f"{name} is missing" in said
    assert "Traceback" not in said


async def test_a_broken_setting_is_named_without_its_value(installation: Installation) -> None:
    done = solido("serve", **installation.environment() | {"SOLIDO_SECRET_KEYS": "not-a-key"})
    assert (done.exit_code, type(done.exception)) == (2, SystemExit)
    assert "SOLIDO_SECRET_KEYS" in done.stderr
    assert "not-a-key" not in done.output


async def test_a_single_role_on_sqlite_says_that_it_needs_postgresql(installation: Installation) -> None:
    process = await python("-m", "bot", "worker", settings=installation.environment(), folder=installation.folder)
    code, said = await finished(process)
    assert code == 2
    assert "PostgreSQL" in said


async def test_a_slack_that_does_not_know_the_token_is_said_in_a_sentence(installation: Installation) -> None:
    settings = installation.environment() | {"SLACK_BOT_TOKEN": "xoxb-wrong"}
    process = await python("-m", "bot", "serve", settings=settings, folder=installation.folder)
    code, said = await finished(process)
    assert code == 1
    assert "SLACK_BOT_TOKEN" in said
    assert "Traceback" not in said
    assert "xoxb-wrong" not in said
