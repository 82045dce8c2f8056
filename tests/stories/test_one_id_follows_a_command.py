"""Whoever reads the log finds all of a command by one id, and all of its sync by another that stands beside it."""

from sqlalchemy import text
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from tests.stories.play import Play, shown


def events(lines: list[dict], **about: object) -> list[str]:
    """What the lines with these fields tell of, in order."""
    return [line["event"] for line in lines if about.items() <= line.items()]


async def test_a_sync_is_followed_from_the_command_to_the_message(play: Play):
    await play.connect()
    await play.settle()
    with capture_logs(processors=[merge_contextvars]) as lines:
        await play.say("sync")
    [typed] = [line for line in lines if line["event"] == "command.typed"]
    command = typed["command"]
    assert events(lines, command=command) == ["command.typed", "sync.queued", "slack.acknowledged"]
    [queued] = [line for line in lines if line["event"] == "sync.queued"]
    assert queued["run"].startswith(command), "so that either is found by looking for the shorter one"
    told = events(lines, run=queued["run"])
    assert told[0] == "sync.queued"
    assert {"sync.page", "sync.finished", "slack.told"} <= set(told)
    assert told.index("sync.page") < told.index("sync.finished") < len(told) - 1 - told[::-1].index("slack.told")


async def test_two_commands_at_once_keep_their_ids_apart(play: Play):
    await play.connect()
    with capture_logs(processors=[merge_contextvars]) as lines:
        await play.command("status")
        await play.command("help")
    ids = {line["name"]: line["command"] for line in lines if line["event"] == "command.typed"}
    assert len(set(ids.values())) == 2
    assert [line["command"] for line in lines if line["event"] == "slack.acknowledged"] == list(ids.values())


async def test_the_number_that_a_person_reads_is_the_one_in_the_log(play: Play):
    """Where something of ours breaks, people are shown a number to tell those who run Solido."""
    await play.connect()
    async with play.database.unscoped() as unscoped:
        await unscoped.session.exec(text("ALTER TABLE sync_run RENAME TO gone"))
    with capture_logs(processors=[merge_contextvars]) as lines:
        reply = await play.command("status")
    [broken] = [line for line in lines if line["event"] == "unexpected"]
    assert broken["command"] == broken["reference"]
    assert broken["command"] in shown(reply)


async def test_what_was_typed_is_not_in_the_log(play: Play):
    await play.connect()
    with capture_logs(processors=[merge_contextvars]) as lines:
        await play.command("Northgate Bakery owes us")
        await play.command("hold INV-0042 because disputed")
    assert [line["name"] for line in lines if line["event"] == "command.typed"] == ["unknown", "hold"]
    assert "northgate" not in str(lines).lower()
    assert "INV-0042" not in str(lines)
