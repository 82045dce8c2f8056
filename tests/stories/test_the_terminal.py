"""What those who run Solido see and do in a terminal."""

import asyncio
import json
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import Result
from sqlmodel import update
from typer.testing import CliRunner

from bot.__main__ import app
from core.presence import ALONE
from core.vault import new_key
from storage.database import Database
from storage.models import Connection
from storage.schema import HEAD
from tests.stories.play import Play

SETTINGS = {
    "XERO_CLIENT_ID": "x",
    "XERO_CLIENT_SECRET": "y",
    "SLACK_BOT_TOKEN": "b",
    "SLACK_SIGNING_SECRET": "s",
}


async def typed(play: Play, *words: str) -> Result:
    """`solido words…` beside the running product, in a thread with a loop of its own, as in another process."""
    env = {**SETTINGS, "DATABASE_URL": play.world.database_url}
    return await asyncio.to_thread(CliRunner().invoke, app, list(words), env=env)


def on(url: str, *words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={**SETTINGS, "DATABASE_URL": url})


async def failing(play: Play) -> None:
    """Connected, and the last automatic sync has failed."""
    await play.connect()
    play.xero.break_next("500", times=None)
    await play.let_pass(step=timedelta(minutes=8), minutes=16)
    play.xero.heal()
    play.world.clock.forward(timedelta(seconds=1))


async def test_status_tells_how_it_stands_in_words_and_for_scripts(play: Play):
    await play.connect()
    ran = await typed(play, "status")
    assert ran.exit_code == 0
    assert "1 connected, 0 to be reconnected" in ran.output
    assert "none late" in ran.output
    assert "all is told" in ran.output
    found = json.loads((await typed(play, "status", "--json")).output)
    assert (found["connections"], found["overdue"]) == ({"active": 1}, 0)


async def test_organisations_are_a_table_and_rows_for_scripts(play: Play):
    await play.connect()
    lines = (await typed(play, "connections")).output.splitlines()
    assert lines[0].startswith("ORGANISATION")
    assert "Harbour Lane Ltd" in lines[1]
    assert "active" in lines[1]
    assert lines[1].index("active") == lines[0].index("STATE")
    [row] = json.loads((await typed(play, "connections", "--json")).output)
    assert (row["organisation"], row["trouble"]) == ("Harbour Lane Ltd", None)
    assert "token" not in str(row)


async def test_failed_syncs_are_shown_with_why_and_tried_again(play: Play):
    await failing(play)
    ran = await typed(play, "runs", "--failed")
    assert "XeroUnavailable" in ran.output
    short = ran.output.splitlines()[1].split()[0]
    again = await typed(play, "retry", short)
    assert (again.exit_code, again.output) == (0, f"{short}: Harbour Lane Ltd is tried again within seconds.\n")
    await play.settle()
    newest = json.loads((await typed(play, "runs", "--json")).output)[0]
    assert newest["state"] == "succeeded"
    assert (await typed(play, "retry", "--all-failed")).output == "The last sync of no organisation has failed.\n"
    assert "Solido tried a failed sync again" in (await play.command("history")).text


async def test_all_that_failed_last_are_tried_again(play: Play):
    await failing(play)
    [done] = json.loads((await typed(play, "retry", "--all-failed", "--json")).output)
    assert done["answer"] == "due"


async def test_what_only_a_person_can_mend_is_said_and_not_tried(play: Play):
    await play.connect()
    play.xero.kill_refresh_tokens()
    await play.let_pass(step=timedelta(minutes=8), minutes=40)
    ran = await typed(play, "retry", "--all-failed")
    assert ran.exit_code == 1
    assert "presses Reconnect" in ran.output


async def test_a_sync_that_did_not_fail_is_left_alone(play: Play):
    await play.connect()
    [run] = json.loads((await typed(play, "runs", "--json")).output)
    ran = await typed(play, "retry", run["id"])
    assert (ran.exit_code, "did not fail" in ran.output) == (1, True)


async def test_a_name_cannot_command_the_terminal(play: Play):
    await play.connect()
    async with play.database.unscoped() as unscoped:
        await unscoped.session.exec(update(Connection).values(tenant_name="Evil \x1b[2J\nLtd"))
    ran = await typed(play, "connections")
    assert "\x1b" not in ran.output
    assert len(ran.output.splitlines()) == 2


@pytest.mark.parametrize("words", [["retry"], ["retry", "abcd", "--all-failed"], ["retry", "xyz!"], ["retry", "ab"]])
def test_used_wrongly_it_says_so_and_ends_with_2(migrated_sqlite_url: str, words: list[str]):
    ran = on(migrated_sqlite_url, *words)
    assert ran.exit_code == 2
    assert ran.output


@pytest.mark.parametrize("words", [["status"], ["connections"], ["runs", "--failed"], ["retry", "--all-failed"]])
def test_where_there_is_nothing_yet_that_is_said(migrated_sqlite_url: str, words: list[str]):
    assert on(migrated_sqlite_url, *words).exit_code == 0
    assert on(migrated_sqlite_url, "retry", "abcdef12").exit_code == 1


def test_a_database_that_is_not_there_is_said_and_not_made(tmp_path: Path):
    ran = on(f"sqlite:///{tmp_path}/none.db", "status")
    assert (ran.exit_code, "no database" in ran.output) == (1, True)
    assert not list(tmp_path.iterdir())
    (tmp_path / "empty.db").touch()
    assert "solido migrate" in on(f"sqlite:///{tmp_path}/empty.db", "status").output
    away = on("postgresql://nobody@127.0.0.1:9/none", "connections")
    assert (away.exit_code, "does not answer" in away.output, "Traceback" in away.output) == (1, True, False)


def test_settings_that_are_missing_are_named(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = CliRunner().invoke(app, ["status"], env={"SLACK_BOT_TOKEN": "b"})
    assert (ran.exit_code, "XERO_CLIENT_ID is missing." in ran.output) == (2, True)


def test_it_says_which_solido_this_is():
    ran = CliRunner().invoke(app, ["--version"])
    assert (ran.exit_code, ran.output) == (0, f"Solido {version('solido')}, database schema {HEAD}\n")


def test_what_does_not_answer_is_said_where_something_would_be_changed():
    ran = on("postgresql://nobody@127.0.0.1:9/none", "restored")
    assert (ran.exit_code, "does not answer" in ran.output) == (1, True)
    keys = {**SETTINGS, "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none", "SOLIDO_SECRET_KEYS": new_key()}
    ran = CliRunner().invoke(app, ["keys", "rotate"], env=keys)
    assert (ran.exit_code, "does not answer" in ran.output) == (1, True)


async def test_a_database_in_use_is_not_taken_for_a_restored_one(migrated_sqlite_url: str):
    database = Database(migrated_sqlite_url)
    async with database.unscoped() as unscoped:
        await unscoped.workers.join(ALONE, "web", now=await unscoped.workers.time())
    await database.close()
    ran = await asyncio.to_thread(on, migrated_sqlite_url, "restored")
    assert (ran.exit_code, "is running on this database" in ran.output) == (1, True)
