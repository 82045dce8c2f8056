"""A line in the invoice's history in Xero for each letter that went, at most once, and never in a letter's way."""

import pytest

from core.reminders.noting import Noting
from core.reminders.rules import Rules
from storage.models import Connection
from tests.stories.conftest import performed
from tests.stories.play import Play, workspace_of
from tests.stories.reminding import address, letters, london, owes, started


@pytest.fixture
async def play(whole_sqlite_url):
    async with performed(whole_sqlite_url, london) as play:
        yield play


@pytest.fixture
async def play_on_both(whole_url):
    async with performed(whole_url, london) as play:
        yield play


async def set_rules(play: Play, **about) -> None:
    reminding, workspace = play.world.solido.services.reminding, await workspace_of(play)
    await reminding.set_rules(workspace, Rules(**about), by="U0ADMIN", now=play.now)


async def test_each_invoice_of_a_letter_gets_one_note(play_on_both):
    play = play_on_both
    one, two = owes(play), owes(play, number="INV-2")
    await started(play)
    await play.let_pass(hours=1)
    for invoice in (one, two):
        [(_at, details)] = invoice.history
        assert (
            details
            == f"Reminder by e-mail on 23 November 2026 to {address('Quayside Books')}; 120.00 GBP due (Solido)."
        )


async def test_the_rules_can_leave_the_note_out(play):
    invoice = owes(play)
    await play.connect()
    await set_rules(play, note_in_xero=False)
    await started(play)
    assert len(letters(play)) == 1
    assert invoice.history == []


async def test_who_may_only_read_writes_nothing(play):
    invoice = owes(play)
    play.world.solido.ticks = lambda roles, ticks=play.world.solido.ticks: [
        tick for tick in ticks(roles) if tick.name != "notes"
    ]
    await started(play)
    await Noting(play.world.solido.syncing, writes=False).tick()
    assert invoice.history == []
    await Noting(play.world.solido.syncing, writes=True).tick()
    assert len(invoice.history) == 1


async def test_a_note_that_fails_holds_no_letter_and_is_not_tried_again(play):
    invoice = owes(play)
    await play.connect()
    play.xero.break_next("500", times=None, path=f"/api.xro/2.0/Invoices/{invoice.id}/History")
    await started(play)
    assert len(letters(play)) == 1
    play.xero.heal()
    await play.let_pass(hours=1)
    assert invoice.history == []


async def test_no_note_is_written_with_calls_that_are_kept_for_people(play):
    invoice = owes(play)
    await play.connect()
    await play.settle()
    async with play.database.workspace(await workspace_of(play)) as store:
        connection: Connection = await store.connections.latest()
        connection.day_left, connection.metered_at, connection.day_resets_by = 50, play.now, play.now
    await started(play)
    assert len(letters(play)) == 1
    assert invoice.history == []
