"""What comes between the looks of sending: a slow mail server, people who decide something meanwhile, keys that go."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from core import progress
from core.reminders.facts import HoldReason
from core.vault import Vault, new_key
from storage.reminder_models import Scope
from tests.core.reminders.stage import a_stage

NOW = datetime(2026, 11, 24, 9, 5, tzinfo=UTC)


@pytest.fixture
async def stage():
    made = await a_stage("", NOW)
    yield made
    await made.close()


async def owing(stage, count: int) -> list:
    """So many customers, each with an invoice long due; returns the invoices."""
    books, due_on = stage.organisation, NOW.date() - timedelta(30)
    made = [
        books.add_invoice(
            books.add_contact(f"Customer {n}", f"c{n}@example.com"),
            number=f"INV-{n}", total=Decimal(120), issued_on=due_on, due_on=due_on,
        ) for n in range(count)
    ]  # fmt: skip
    await stage.sync()
    return made


async def policy(stage):
    async with stage.database.reading(stage.workspace) as store:
        return await store.reminders.policy()


@pytest.mark.slow
async def test_letters_that_a_slow_mail_server_keeps_waiting_are_asked_about_anew_and_not_held(stage):
    await owing(stage, 3)
    stage.mailer.watch = lambda mail: stage.clock.forward(timedelta(minutes=4))
    for count in (1, 2, 3):
        await stage.tick()
        assert len(stage.mailer.delivered) == count
        assert (await policy(stage)).next_look_at <= stage.now + timedelta(minutes=5)


async def test_while_xero_takes_too_long_to_answer_nothing_goes_and_it_is_not_asked_over_and_over(stage):
    await owing(stage, 3)

    async def slow() -> None:
        stage.clock.forward(timedelta(minutes=6))

    stage.meanwhile = slow
    await stage.tick()
    assert not stage.mailer.handed
    asked = stage.xero.asked
    await stage.tick()
    assert len(stage.mailer.delivered) == 2, "the one that the gate has held rests"
    assert stage.xero.asked - asked < 12


async def test_who_decides_something_during_a_look_is_heard_at_once(stage):
    one, two = await owing(stage, 2)
    hold = {"reason": HoldReason.OTHER, "by": "U"}
    await stage.reminding.hold(stage.workspace, Scope.INVOICE, UUID(one.id), now=stage.now, **hold)

    async def released() -> None:
        await stage.reminding.release(stage.workspace, Scope.INVOICE, UUID(one.id), by="U", now=stage.now)

    stage.clock.forward(timedelta(minutes=1))
    stage.meanwhile = released
    await stage.tick()
    assert [mail.recipients for mail in stage.mailer.delivered] == [(two.contact.email,)]
    assert (await policy(stage)).next_look_at == stage.now


async def test_what_xero_says_before_a_letter_is_in_the_books_that_people_look_at(stage):
    [one] = await owing(stage, 1)
    assert await outstanding(stage) == 1
    stage.clock.forward(timedelta(minutes=1))
    stage.organisation.pay(one)
    await stage.tick()
    assert not stage.mailer.handed
    assert await outstanding(stage) == 0


async def outstanding(stage) -> int:
    async with stage.database.reading(stage.workspace) as store:
        return (await progress.books(store, await store.connections.latest(), now=stage.now)).invoices


async def test_a_pay_link_sealed_with_a_key_that_is_gone_keeps_no_letter_back(stage):
    [one] = await owing(stage, 1)
    stage.mailer.crash = "before"
    await stage.tick()  # the links are kept, the letter never goes
    stage.clock.forward(timedelta(minutes=16))
    await stage.tick()
    async with stage.database.workspace(stage.workspace) as store:
        [lost] = await store.letters.latest(9)
        [link] = await store.reminders.pay_links([UUID(one.id)])
    assert link
    await stage.reminding.say_what_became(stage.workspace, lost.id, went=False, by="U", now=stage.now)
    stage.syncing = replace(stage.syncing, vault=Other(stage.keys))
    stage.clock.forward(timedelta(days=1))
    await stage.sync()
    await stage.tick()
    assert len(stage.mailer.delivered) == 1


class Other(Vault):
    """Knows the tokens' key, and not the one that sealed the pay links."""

    def open(self, sealed: bytes, *, place: str) -> str:
        return Vault([new_key()]).open(sealed, place=place) if "pay" in place else super().open(sealed, place=place)
