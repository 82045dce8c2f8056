"""Stories without a browser."""

import gc
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from sandbox.__main__ import app
from sandbox.desk import Desk
from sandbox.script import Player, ScriptError, Unmet, read

ROOT = Path(__file__).parents[2]


def script(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "story.script"
    path.write_text("\n".join(lines))
    return path


async def played(desk: Desk, tmp_path: Path, *lines: str) -> list[str]:
    told: list[str] = []
    await Player(desk, told.append).play(read(script(tmp_path, *lines)))
    return told


async def test_the_tour_is_played_and_every_step_of_it_ticks_itself_off(desk: Desk):
    told: list[str] = []
    await Player(desk, told.append).play(read(ROOT / "docs" / "tour.script"))
    shown = "\n".join(told)
    assert "First sync done" in shown
    assert "#finance Solido" in shown
    assert desk.tour.done == ["connect", "sync", "pay", "break", "reconnect", "remind"]
    assert "  letter to " in shown
    assert "<@U0ADMIN>" not in shown


async def test_what_is_expected_and_not_shown_ends_the_play_with_its_line(desk: Desk, tmp_path: Path):
    with pytest.raises(Unmet, match="Line 3: expected pigs fly"):
        await played(desk, tmp_path, "# a comment", "say /solido help", "expect pigs fly")


async def test_an_expectation_looks_at_the_step_before_only(desk: Desk, tmp_path: Path):
    await played(desk, tmp_path, "say /solido help", "expect Solido", "say hello", "expect no Solido", "expect hello")


async def test_others_can_be_played_and_things_broken_and_healed(desk: Desk, tmp_path: Path):
    lines = ["be guest in general", "say hello", "break slack down 3 times", "break xero 500 until healed"]
    lines += ["break mail refuse-all", "break webhooks lose", "expect no letter"]
    told = await played(desk, tmp_path, *lines)
    assert "  #general Guest 02 Mar 09:00\n    hello" in told
    assert [one.times for one in desk.xero.faults] == [None]
    assert [len(desk.mailbox.faults), desk.courier.troubles, len(desk.slack.faults)] == [1, ["lose"], 1]
    await played(desk, tmp_path, "heal")
    assert [desk.mailbox.faults, desk.courier.troubles, desk.slack.faults, desk.xero.faults] == [[], [], [], []]


async def test_a_step_that_cannot_be_played_says_why_with_its_line(tmp_path: Path, desk: Desk):
    for line, why in {
        "press Nothing": "no message has a button",
        "be nobody": "nobody here is",
        "be": "say who to be",
        "forward soon": "say how long",
        "forward 5 fortnights": "say how long",
        "break everything": "say what",
        "xero pay INV-0": "no such invoice",
        "break slack x": "No such fault",
        "fill a=b": "no dialog is open",
    }.items():
        with pytest.raises(ScriptError, match=rf"(?i)Line 1: .*{why}"):
            await played(desk, tmp_path, line)


def test_an_unknown_step_is_refused_before_anything_is_played(tmp_path: Path):
    with pytest.raises(ScriptError, match="Line 2: there is no step “dance”"):
        read(script(tmp_path, "say hello", "dance"))


def begin(*arguments: str) -> subprocess.Popen[str]:
    """The program itself, in a process of its own."""
    command = [sys.executable, "-m", "sandbox", "--port", "0", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_what_is_not_shown_ends_the_program_with_a_sentence_and_its_exit_code(tmp_path: Path):
    running = begin("--script", str(script(tmp_path, "say hello", "expect goodbye")))
    said, _ = running.communicate(timeout=120)
    assert (running.returncode, "Line 2: expected goodbye" in said) == (1, True), said
    assert "Traceback" not in said


@pytest.fixture
def logging_as_it_was() -> Iterator[None]:
    """The program sets up logging for its whole process, which here is that of the tests."""
    root, quiet = logging.getLogger(), logging.getLogger("apscheduler")
    handlers, level, quiet_level = root.handlers[:], root.level, quiet.level
    yield
    structlog.reset_defaults()
    logging.disable(logging.NOTSET)
    root.handlers[:] = handlers
    root.setLevel(level)
    quiet.setLevel(quiet_level)


@pytest.mark.usefixtures("logging_as_it_was")
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # the program leaves its ports to its end
def test_wrong_use_is_one_sentence_and_its_exit_code(tmp_path: Path):
    bad, kept = tmp_path / "bad.csv", tmp_path / "kept"
    bad.write_text(
        "customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,SettledDate\nC,A,1/1/2026,2/1/2026,ten,\n"
    )
    kept.mkdir()
    (kept / "sandbox.json").write_text('{"format": 1, "now": "2026-03-02T09:00:00+00:00", "ports": {}, "tour": []}')
    wrong = {
        ("--host", "0.0.0.0"): "on this machine only",
        ("--script", "nowhere.script"): "nowhere.script cannot be read",
        ("--receivables", str(bad)): "Line 2, column InvoiceAmount: 'ten' is no amount",
        ("--data", str(kept), "--as-of", "2026-01-01"): "need --fresh",
    }
    for arguments, says in wrong.items():
        done = CliRunner().invoke(app, ["--port", "0", *arguments])
        assert (done.exit_code, type(done.exception), says in done.stderr) == (2, SystemExit, True), done.output
    gc.collect()
