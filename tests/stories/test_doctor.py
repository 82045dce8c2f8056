"""`solido doctor` finds what is broken, says what to do, and changes nothing."""

import json
from datetime import timedelta

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from bot.__main__ import app
from bot.doctor import examine, house
from bot.doctor.finding import Finding, Health
from core.presence import SILENCE
from core.resealing import PLACES, Resealing
from core.vault import Vault, new_key
from storage.database import Database
from storage.seals import sealed_columns
from tests.stories.play import Play


async def found(play: Play, **changes) -> dict[str, Finding]:
    """What the doctor says of the running product, by what was looked at; the worst of several."""
    await play.world.solido.presence.beat()  # each process does every second
    settings = play.world.solido.settings.model_copy(update=changes)
    order = [Health.OK, Health.WARNING, Health.BROKEN]
    said = sorted(await examine(settings), key=lambda each: order.index(each.health))
    return {each.what: each for each in said}


def unwell(said: dict[str, Finding]) -> dict[str, Health]:
    return {what: each.health for what, each in said.items() if each.health != Health.OK}


async def test_where_all_is_well_every_line_is_ok(play: Play):
    await play.connect()
    said = await found(play)
    assert unwell(said) == {"webhooks": Health.WARNING}, "none has come yet"
    assert {
        "settings",
        "database",
        "schema",
        "keys",
        "processes",
        "syncs",
        "slack",
        "channel",
        "xero",
        "redirect",
        "mail",
    } <= set(said)
    assert "#finance" in said["channel"].said


async def test_it_asks_nobody_for_anything_and_changes_nothing(play: Play):
    await play.connect()
    posts, letters = len(play.slack.posts), len(play.world.mailbox.letters)
    await found(play)
    await play.settle()
    assert (len(play.slack.posts), len(play.world.mailbox.letters)) == (posts, letters)


WRONG = [
    ({"xero_client_secret": SecretStr("wrong")}, "xero", "XERO_CLIENT_SECRET"),
    ({"solido_public_url": "https://elsewhere.example.com"}, "redirect", "Redirect URIs"),
    ({"smtp_url": SecretStr("smtp://127.0.0.1:9")}, "mail", "SMTP_URL"),
    ({"solido_secret_keys": SecretStr(new_key())}, "keys", "older keys"),
    ({"slack_api_url": "http://127.0.0.1:9/api/"}, "slack", "Internet"),
    ({"xero_identity_url": "http://127.0.0.1:9"}, "xero", "Internet"),
    ({"database_url": "postgresql://nobody@127.0.0.1:9/none"}, "database", "DATABASE_URL"),
]


async def test_each_thing_that_is_wrong_has_its_line_and_what_to_do(play: Play):
    await play.connect()
    for changes, what, words in WRONG:
        line = (await found(play, **changes))[what]
        assert line.health == Health.BROKEN, what
        assert words in line.said + line.do, what


async def test_a_channel_that_is_archived_and_a_token_that_is_gone_are_broken(play: Play):
    await play.connect()
    finance = next(each for each in play.slack.channels.values() if each.name == "finance")
    finance.is_archived = True
    line = (await found(play))["channel"]
    assert (line.health, "#finance" in line.said) == (Health.BROKEN, True)
    play.slack.token_error = "token_revoked"
    assert (await found(play))["slack"].health == Health.BROKEN


async def test_syncs_that_nobody_carries_out_are_broken(play: Play):
    await play.connect()
    play.world.clock.forward(timedelta(hours=1))
    line = (await found(play))["syncs"]
    assert (line.health, line.said) == (Health.BROKEN, "1 of 1 organisations have waited for their sync for long.")


async def test_a_program_that_does_not_run_and_a_role_that_nobody_has_are_said(migrated_url: str):
    database = Database(migrated_url)
    assert [each.health for each in await house.processes(database)] == [Health.WARNING]
    async with database.unscoped() as unscoped:
        now = await unscoped.workers.time()
        await unscoped.workers.join("dead", "scheduler", now=now - 2 * SILENCE)
        await unscoped.workers.join("alive", "web,worker", now=now)
    [line] = await house.processes(database)
    if database.embedded:
        assert line.health == Health.OK
    else:
        assert (line.health, line.do) == (Health.BROKEN, "Start `solido scheduler`.")
    await database.close()


async def test_keys_are_changed_while_everything_runs(play: Play):
    await play.connect()
    old = play.world.solido._vault
    assert set(PLACES) == {str(column) for column in sealed_columns()}
    raw = play.world.solido.settings.vault()
    assert raw.first_id == old.first_id
    key, before = new_key(), play.world.keys
    both = Vault([key, before])
    resealing = Resealing(play.database, both)
    await resealing.run()
    assert resealing.done >= 3, "the bot token and Xero's pair"
    assert resealing.lost == 0
    again = Resealing(play.database, both)
    await again.run()
    assert (again.done, again.lost) == (0, 0)
    assert unwell(await found(play, solido_secret_keys=SecretStr(key))) == {"webhooks": Health.WARNING}
    async with play.database.unscoped() as unscoped:
        assert set(await unscoped.seals.made_with(len(both.beginning))) == {both.beginning}


async def test_what_no_key_opens_is_left_and_counted(play: Play):
    await play.connect()
    resealing = Resealing(play.database, Vault([new_key()]))
    await resealing.run()
    assert (resealing.done, resealing.lost >= 3) == (0, True)


@pytest.mark.parametrize("words", [["doctor"], ["doctor", "--json"]])
def test_settings_that_are_missing_are_a_line_each_and_exit_1(words: list[str], tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = CliRunner().invoke(app, words, env=dict.fromkeys(("XERO_CLIENT_ID", "XERO_CLIENT_SECRET")))
    assert ran.exit_code == 1
    assert "XERO_CLIENT_ID is missing." in ran.output
    if "--json" in words:
        assert {line["health"] for line in json.loads(ran.output)} == {"broken"}


def test_where_nothing_is_yet_it_says_so_and_makes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nowhere = {"SLACK_API_URL": "http://127.0.0.1:9/api/"} | dict.fromkeys(
        ("XERO_LOGIN_URL", "XERO_IDENTITY_URL", "XERO_API_URL", "SOLIDO_PUBLIC_URL"), "http://127.0.0.1:9"
    )
    settings = {"SLACK_SIGNING_SECRET": "s", "SLACK_BOT_TOKEN": "b", "XERO_CLIENT_ID": "x", "XERO_CLIENT_SECRET": "y"}
    ran = CliRunner().invoke(app, ["doctor"], env=nowhere | settings)
    assert ran.exit_code == 1
    assert "There is no database at var/solido.db yet." in ran.output
    assert "Slack cannot be reached" in ran.output, "what needs no database is looked at all the same"
    assert "broken, " in ran.output.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []
