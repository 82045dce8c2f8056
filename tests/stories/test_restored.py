"""An old backup is put back: nothing is sent twice, and what was lost is said and asked for."""

import asyncio
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlmodel import select

from bot.app import Role, Solido
from sandbox.ports import Served
from storage import backup
from storage.database import Database
from storage.models import Connection
from tests.postgres import PostgresMissing, wheel_programs
from tests.stories.conftest import performed
from tests.stories.play import IMPATIENT, MONDAY_MORNING, Play, link_in, shown, workspace_of
from tests.stories.reminding import letters, london, owes, started, told

HERE_FOR = timedelta(hours=4)


@pytest.fixture
async def play(whole_template: Path, sqlite_url: str):
    shutil.copyfile(whole_template, make_url(sqlite_url).database or "")
    async with performed(sqlite_url, london) as play:
        yield play


def file_of(play: Play) -> Path:
    return Path(play.database.url.database or "")


async def stopped(play: Play) -> None:
    await play.world.product_at.stop()
    await play.world.solido.stop()


async def begun_again(play: Play) -> None:
    """The same program, started anew at the same address, with an engine that knows nothing."""
    world = play.world
    world.product_at = Served(world.product_at.port)
    play.engine.waiting.clear()
    play.engine.stopped = False
    world.solido = Solido(world.settings(), roles=frozenset([Role.WEB]), engine=play.engine, patience=IMPATIENT)
    await world.solido.start()
    await play.engine.launch(world.solido.syncing.run)
    await world.product_at.start(world.solido.web)


async def set_back(play: Play, copy: Path) -> None:
    """Somebody stops Solido, copies the old file over the new one, and starts it again."""
    await stopped(play)
    backup.put_back(copy, file_of(play), now=play.now)
    await begun_again(play)


async def backed_up(play: Play, folder: Path) -> Path:
    copy = folder / "backup.db"
    await asyncio.to_thread(backup.back_up, file_of(play), copy)
    return copy


async def test_no_letter_goes_twice_although_the_backup_does_not_know_of_it(play: Play, tmp_path: Path):
    owes(play, number="INV-1", late=30)
    owes(play, "Dockside Cafe", number="INV-2", late=-1)
    owes(play, "Ferry Lane Foods", number="INV-4", late=-7)
    await started(play)
    assert len(letters(play)) == 2
    copy = await backed_up(play, tmp_path)
    owes(play, "Anchor Inn", number="INV-3", late=40)
    await play.let_pass(days=1, step=HERE_FOR)
    sent = [letter.subject for letter in letters(play)]
    assert len(sent) == 4, "of these two more, about INV-2 and INV-3, the backup knows nothing"

    await set_back(play, copy)
    await play.settle()
    [card] = [post for post in play.slack.posts if "set back" in post.text]
    assert "reminders are off" in shown(card)
    await play.reconnect(link_in(await play.command("connect")), play.organisation())
    assert [letter.subject for letter in letters(play)] == sent, "off until somebody starts them"
    await started(play)
    assert [letter.subject for letter in letters(play)] == sent, "and then what was due by today stays away"
    await play.let_pass(days=1, step=HERE_FOR)
    assert [letter.subject for letter in letters(play)][len(sent) :] == ["Payment due soon: INV-4"]


async def test_a_start_on_the_same_database_is_no_restore(play: Play):
    owes(play)
    await started(play)
    assert len(letters(play)) == 1
    await stopped(play)
    await begun_again(play)
    await play.settle()
    assert not [said for said in told(play) if "set back" in said]
    async with play.database.reading(await workspace_of(play)) as store:
        assert (await store.reminders.policy()).started_at is not None


async def test_a_copy_without_the_count_beside_it_is_taken_for_an_old_one(play: Play):
    owes(play)
    await started(play)
    await stopped(play)
    await asyncio.to_thread(os.unlink, file_of(play).with_suffix(".letters"))
    await begun_again(play)
    await play.settle()
    assert [said for said in told(play) if "set back" in said]


async def test_a_restore_is_told_once(play: Play, tmp_path: Path):
    owes(play)
    await play.connect()
    copy = await backed_up(play, tmp_path)
    await started(play)
    await set_back(play, copy)
    await play.settle()
    await stopped(play)
    await begun_again(play)
    await play.settle()
    assert len([said for said in told(play) if "set back" in said]) == 1


async def test_a_permission_that_was_renewed_since_is_asked_for(play: Play, tmp_path: Path):
    """Xero takes a renewed token's forerunner for half an hour, and then never again."""
    await play.connect()
    await play.settle()
    copy = await backed_up(play, tmp_path)
    await play.let_pass(hours=2, step=timedelta(minutes=40))
    await set_back(play, copy)
    await play.let_pass(minutes=20, step=timedelta(minutes=10))
    async with play.database.asking() as unscoped:
        states = (await unscoped.session.exec(select(Connection.state))).all()
    assert list(states) == ["reconnect_needed"]
    [alert] = [post for post in play.slack.posts if "Reconnect" in shown(post)]
    assert "no longer accepts the permission" in alert.text


async def test_what_waited_for_slack_is_not_told_again(play: Play, tmp_path: Path):
    owes(play)
    await play.connect()
    play.slack.break_next("503", times=None)
    await play.command("sync")
    await play.engine.drain()
    copy = await backed_up(play, tmp_path)
    play.slack.heal()
    await started(play)
    assert letters(play)
    before = len(play.slack.posts)
    await set_back(play, copy)
    await play.settle()
    new = [said for said in told(play)[before:] if "set back" not in said]
    assert new == []


async def test_a_dump_of_postgresql_is_noticed_when_it_is_restored(postgres_url: str, tmp_path: Path):
    dump = tmp_path / "solido.dump"
    async with performed(postgres_url, london) as play:
        owes(play)
        await started(play)
        await postgres_tool("pg_dump", "--format=custom", f"--file={dump}", postgres_url)
        owes(play, "Anchor Inn", number="INV-3", late=40)
        await play.let_pass(days=1, step=HERE_FOR)
        assert len(letters(play)) == 2
        await stopped(play)
        await postgres_tool("pg_restore", "--clean", "--if-exists", "--no-owner", f"--dbname={postgres_url}", dump)
        await begun_again(play)
        await play.settle()
        await started(play)
        await stopped(play)
        await begun_again(play)
        await play.settle()
        assert len([said for said in told(play) if "set back" in said]) == 1, "once, not at every start"
        assert len(letters(play)) == 2


async def postgres_tool(name: str, *arguments: object) -> None:
    try:
        program = wheel_programs() / name
    except PostgresMissing as missing:
        pytest.skip(f"no {name}: {missing}")
    ran = await asyncio.create_subprocess_exec(program, *map(str, arguments))
    assert await ran.wait() == 0


async def test_a_file_in_use_is_not_replaced(migrated_sqlite_url: str, tmp_path: Path):
    database = Database(migrated_sqlite_url)
    await database.ping()
    path, copy = Path(database.url.database or ""), tmp_path / "copy.db"
    await asyncio.to_thread(backup.back_up, path, copy)
    with pytest.raises(backup.CannotCopy, match="stop it first"):
        backup.put_back(copy, path, now=MONDAY_MORNING)
    await database.close()
    kept = backup.put_back(copy, path, now=MONDAY_MORNING)
    assert kept is not None
    assert kept.name == "solido.db.before-20261123T090000Z"
    assert [each.name for each in sorted(path.parent.glob("solido.db*"))] == ["solido.db", kept.name]


@pytest.mark.parametrize(
    ("content", "words"), [(None, "There is no file"), (b"", "no database"), (b"not a database at all", "no database")]
)
def test_what_is_no_backup_is_not_put_back(tmp_path: Path, content: bytes | None, words: str):
    copy, target = tmp_path / "copy.db", tmp_path / "solido.db"
    target.write_bytes(b"as it was")
    if content is not None:
        copy.write_bytes(content)
    with pytest.raises(backup.CannotCopy, match=words):
        backup.put_back(copy, target, now=MONDAY_MORNING)
    assert target.read_bytes() == b"as it was"
