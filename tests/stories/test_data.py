"""Taking everything along, and being rid of it for good."""

import csv
import io
import json
import zipfile
from datetime import timedelta

from sqlalchemy import select
from sqlmodel import SQLModel

from tests.stories.play import HARBOUR, Play, workspace_of


async def exported(play: Play) -> zipfile.ZipFile:
    reply = await play.command("export")
    assert reply.error is None
    assert "is in our conversation" in reply.text
    return zipfile.ZipFile(io.BytesIO(play.slack.files[-1].content))


async def test_an_admin_gets_everything_as_a_file_in_their_conversation(play: Play):
    await play.connect()
    archive = await exported(play)
    [file] = play.slack.files
    assert file.channel == "D0ADMIN"
    assert set(archive.namelist()) == {
        *("invoices.csv", "customers.csv", "syncs.csv", "letters.csv", "reminders.csv", "history.csv"),
        "everything.json",
    }
    rows = list(csv.DictReader(io.StringIO(archive.read("invoices.csv").decode())))
    async with play.database.reading(await workspace_of(play)) as store:
        kept = await store.invoices.everything()
    assert len(rows) == len(kept)
    assert {(row["number"], row["amount_due"]) for row in rows} == {(one.number, f"{one.amount_due:f}") for one in kept}
    whole = json.loads(archive.read("everything.json"))
    assert whole["organisation"] == HARBOUR
    assert len(whole["invoices"]) == len(kept)
    assert len(whole["syncs"]) == 1


async def test_what_is_exported_holds_no_secret_and_no_formula(play: Play):
    await play.connect()
    async with play.database.workspace(await workspace_of(play)) as store:
        [first, *_others] = await store.invoices.outstanding()
        first.reference = "=cmd|' /C calc'!A0"
    archive = await exported(play)
    everything = "".join(archive.read(name).decode() for name in archive.namelist())
    assert "_sealed" not in everything
    assert "_hash" not in everything
    assert "'=cmd|" in archive.read("invoices.csv").decode()


async def test_where_slack_allows_no_files_it_is_said(play: Play):
    await play.connect()
    play.slack.break_next("missing_scope", method="files.getUploadURLExternal")
    reply = await play.command("export")
    assert "install Solido again" in reply.text


async def rows_left(play: Play, workspace_id) -> int:
    async with play.database.engine.connect() as connection:
        found = 0
        for table in SQLModel.metadata.sorted_tables:
            column = table.c.get("workspace_id")
            if table.name == "workspace":
                column = table.c.id
            if column is not None:
                found += len((await connection.execute(select(column).where(column == workspace_id))).all())
        return found


async def forgetting(play: Play, name: str):
    await play.command("forget")
    await play.slack.until(lambda: play.slack.modal("admin"))
    return await play.slack.submit(play.slack.modal("admin"), {"name": name})


async def test_with_the_name_typed_everything_is_gone_and_counted(play: Play):
    await play.connect()
    await play.connect("Southern Star Traders", channel="finance-nz")
    workspace_id = await workspace_of(play)
    assert await rows_left(play, workspace_id) > 50
    team = (await teams(play)).id
    async with play.database.unscoped() as unscoped:
        others = [place.workspace_id for place in await unscoped.places(team) if place.workspace_id != workspace_id]
    kept = await rows_left(play, others[0])
    done = await forgetting(play, HARBOUR)
    assert done.error is None
    text = json.dumps(play.slack.modal("admin").blocks)
    assert "is deleted: 28 invoices, 18 customers, 1 sync" in text
    assert await rows_left(play, workspace_id) == 0
    assert await rows_left(play, others[0]) == kept
    assert "deleted everything I kept of *Harbour Lane Ltd*" in play.slack.posts[-1].text
    assert play.slack.posts[-1].channel == "C0FINANCE"
    await play.let_pass(minutes=20)
    assert await rows_left(play, workspace_id) == 0
    assert "No channel is connected" not in (await play.say("status", channel="finance-nz")).text


async def teams(play: Play):
    async with play.database.unscoped() as unscoped:
        return await unscoped.team(enterprise_id="", slack_team_id="T0SOLIDO")


async def test_where_another_name_is_typed_nothing_is_deleted(play: Play):
    await play.connect()
    before = await rows_left(play, await workspace_of(play))
    done = await forgetting(play, "Harbour Lane")
    assert "not the name" in done.errors["name"]
    assert await rows_left(play, await workspace_of(play)) == before


async def test_xero_is_told_before_the_permission_is_forgotten(play: Play):
    await play.connect()
    await forgetting(play, HARBOUR)
    await play.connect()
    assert HARBOUR in (await play.say("status")).text


async def test_it_is_gone_from_home_too(play: Play):
    await play.connect()
    await play.slack.open_home("admin")
    await play.settle()
    await forgetting(play, HARBOUR)
    await play.let_pass(minutes=2)
    assert HARBOUR not in json.dumps(play.slack.home("admin").blocks)


async def test_only_admins_may_export_or_forget(play: Play):
    await play.connect()
    for command in ("export", "forget"):
        assert "Only admins can do that" in (await play.say(command, user="member")).text
    assert play.slack.files == []


async def test_what_is_known_of_a_team_that_left_is_kept_for_a_year_and_then_gone(play: Play):
    await play.connect()
    workspace_id = await workspace_of(play)
    await play.slack.uninstall()
    await play.settle()
    play.world.clock.forward(timedelta(days=364))
    await play.world.solido.tidy()
    assert await rows_left(play, workspace_id) > 0
    play.world.clock.forward(timedelta(days=2))
    await play.world.solido.tidy()
    assert await rows_left(play, workspace_id) == 0


async def test_who_is_still_here_is_not_forgotten_however_long_ago_they_disconnected(play: Play):
    await play.connect()
    workspace_id = await workspace_of(play)
    question = await play.say("disconnect")
    await play.press(question.message, "Disconnect")
    play.world.clock.forward(timedelta(days=3000))
    await play.world.solido.tidy()
    assert await rows_left(play, workspace_id) > 0
