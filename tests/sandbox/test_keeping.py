"""A sandbox that is stopped, or dies, goes on where it was."""

import asyncio
import json
import shutil
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from sandbox.browser import Visit
from sandbox.clock import VirtualClock
from sandbox.desk import Desk
from sandbox.keeping import NAME, CannotRemember, Keeper, start_over
from sandbox.world import sqlite_in
from sandbox.xero import demo_ledger, load_receivables
from tests.sandbox.conftest import MONDAY

HARBOUR = "Harbour Lane Ltd"


async def open_in(folder: Path) -> Desk:
    keeper = Keeper(folder)
    desk = Desk(VirtualClock(MONDAY), sqlite_in(folder), demo_ledger, kept=keeper.read(), keeper=keeper)
    await desk.start()
    return desk


async def a_day_of_work(desk: Desk) -> None:
    """Connected, an hour on, something paid, a letter, trouble set."""
    async with Visit(desk) as visit:
        await visit.connect(HARBOUR)
    await desk.settled()
    books = desk.xero.organisation(HARBOUR)
    books.pay(books.outstanding()[0])
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "books@example.com", "pay@example.com", "Kept"
    letter.set_content("Hello")
    await aiosmtplib.send(letter, hostname="127.0.0.1", port=desk.mailbox.port)
    desk.mailbox.break_next("refuse-all", times=3)
    desk.slack.break_next("slow", times=7)
    await desk.forward(3600)
    desk.slack.heal()
    await desk.tour.look()


def seen(desk: Desk) -> dict:
    """What a person would recognise."""
    books = desk.xero.organisation(HARBOUR)
    return {
        "messages": [(one.ts, one.at, one.text, one.blocks, len(one.edits)) for one in desk.slack.messages],
        "invoices": {one.id: (one.status, one.due, one.updated_at, one.due_on) for one in books.invoices},
        "connected": desk.xero.is_connected(books),
        "letters": [(one.at, one.raw) for one in desk.mailbox.letters],
        "mail_faults": [(one.kind, one.times) for one in desk.mailbox.faults],
        "tour": desk.tour.done,
        "ports": (desk.slack_at.port, desk.xero_at.port, desk.product_at.port),
    }


async def test_everything_is_there_after_a_restart_and_goes_on(tmp_path: Path):
    desk = await open_in(tmp_path)
    await a_day_of_work(desk)
    before, now = seen(desk), desk.clock.now()
    await desk.stop()
    desk = await open_in(tmp_path)
    assert seen(desk) == before
    assert timedelta(0) <= desk.clock.now() - now < timedelta(seconds=30)
    old = before["messages"][-1][0]
    books = desk.xero.organisation(HARBOUR)
    calls = desk.xero.limits.used_today(books.tenant_id)
    await desk.forward(2 * 3600)
    assert desk.xero.limits.used_today(books.tenant_id) > calls > 0
    reply = await desk.slack.command("status")
    assert "Connected" in reply.text
    assert reply.message.ts > old
    await desk.stop()


async def test_after_a_crash_the_last_state_is_taken_up(tmp_path: Path):
    desk = await open_in(tmp_path / "living")
    await a_day_of_work(desk)
    desk.write()
    before = seen(desk)
    shutil.copytree(tmp_path / "living", tmp_path / "dead")  # as it lies on the disk in the middle of things
    await desk.stop()
    desk = await open_in(tmp_path / "dead")
    assert seen(desk) == before
    await desk.forward(3600)
    assert "Connected" in (await desk.slack.command("status")).text
    await desk.stop()


async def test_what_changes_is_written_soon(tmp_path: Path):
    desk = await open_in(tmp_path)
    desk.slack.say_line("Remember this")
    for _ in range(50):
        await asyncio.sleep(0.1)
        if (tmp_path / NAME).exists() and "Remember this" in (tmp_path / NAME).read_text():
            break
    else:
        pytest.fail("it was not written")
    await desk.stop()


async def test_a_ledger_from_a_file_goes_on_being_played(tmp_path: Path, ledger_file: Path):

    keeper = Keeper(tmp_path)
    desk = Desk(
        VirtualClock(MONDAY), sqlite_in(tmp_path), lambda xero: load_receivables(xero, ledger_file), keeper=keeper
    )
    await desk.start()
    assert [one.number for one in desk.xero.organisations[0].invoices] == ["A-1"]
    await desk.stop()
    desk = await open_in(tmp_path)
    await desk.forward(40 * 86400)
    desk.xero.settle()
    books = desk.xero.organisations[0]
    assert {one.number: one.status for one in books.invoices} == {"A-1": "PAID", "A-2": "AUTHORISED"}
    await desk.stop()


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.csv"
    path.write_text(
        "customerID,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,SettledDate\n"
        "C1,A-1,2/20/2026,3/20/2026,10.00,3/10/2026\n"
        "C1,A-2,3/5/2026,4/5/2026,20.00,\n"
    )
    return path


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 99}', '{"format": 1}'])
def test_a_file_that_is_not_ours_is_refused_with_the_way_out(tmp_path: Path, content: str):
    (tmp_path / NAME).write_text(content)
    with pytest.raises(CannotRemember, match="--fresh"):
        Keeper(tmp_path).read()


def test_starting_over_removes_what_a_sandbox_made_and_nothing_else(tmp_path: Path):
    for name in (NAME, "solido.db", "solido.db-wal", "solido.key", "my-notes.txt"):
        (tmp_path / name).write_text("x")
    start_over(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["my-notes.txt"]
    start_over(tmp_path / "nowhere")


async def test_the_file_holds_data_only(tmp_path: Path):
    desk = await open_in(tmp_path)
    desk.slack.say_line("plain")
    await desk.stop()
    kept = json.loads((tmp_path / NAME).read_text())
    assert kept["format"] == 1
    assert not (tmp_path / "sandbox.new").exists()
