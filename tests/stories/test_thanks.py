"""Thank-you letters, where the rules want them."""

from datetime import timedelta

import pytest

from core.reminders.rules import THANKS, Rules
from tests.stories.conftest import performed
from tests.stories.play import Play, workspace_of
from tests.stories.reminding import letters, london, owes, started, told
from tests.stories.test_reminders_in_slack import enter, modal

A_DAY = {"days": 1, "step": timedelta(hours=3)}


@pytest.fixture
async def play(whole_sqlite_url):
    async with performed(whole_sqlite_url, london) as play:
        yield play


async def thanking(play: Play) -> None:
    await play.connect()
    reminding, workspace = play.world.solido.services.reminding, await workspace_of(play)
    await reminding.set_rules(workspace, Rules(thank=True), by="U0ADMIN", now=play.now)


async def test_who_pays_after_a_reminder_is_thanked_once_on_the_next_day(play):
    one, two = owes(play), owes(play, number="INV-2")
    await thanking(play)
    await started(play)
    assert len(letters(play)) == 1
    for invoice in (one, two):
        play.organisation().pay(invoice)
    await play.let_pass(**A_DAY)
    thanks = letters(play)[-1]
    assert len(letters(play)) == 2
    assert thanks.subject == "Thank you: INV-1 and INV-2"
    assert "thank you for your payment" in thanks.text
    assert "INV-1: 120.00 GBP\nINV-2: 120.00 GBP\nTotal: 240.00 GBP" in thanks.text
    assert "already paid" not in thanks.text
    assert "View and pay" not in thanks.text
    assert "To receive no more letters like this one" in thanks.text
    await play.let_pass(**A_DAY)
    assert len(letters(play)) == 2
    assert "24 Nov 2026, thanks for the payment, went out" in (await play.say("why INV-1")).text
    assert not [text for text in told(play) if "24 Nov 2026: " in text]


async def test_the_words_of_thanks_are_changed_like_those_of_any_letter(play):
    paid = owes(play)
    await thanking(play)
    menu = await play.press((await play.say("reminders")).message, "Letters")
    view = await modal(play, menu, "reminders_letter", value=f"{await workspace_of(play)} {THANKS.days}")
    assert "thank you for your payment" in str(view.blocks)
    assert "due 1" not in str(view.blocks[-1])
    reply = await play.slack.submit(view, {"body": "Hello\n{{ nobody }}\n{{ invoices }}"})
    assert "Line 2: there is no {{ nobody }}" in reply.errors["body"]
    good = {"subject": "Merci, {{ customer }}", "body": "Merci!\n{{ invoices }}\n{{ total }}"}
    await enter(play, view, **good, what="Send a test to me", address="me@example.com")
    assert letters(play)[-1].subject == "[Test] Merci, Quayside Books"
    await enter(play, view, what="Save it")
    await started(play)
    assert letters(play)[-1].subject == "Still unpaid: INV-1"
    play.organisation().pay(paid)
    await play.let_pass(**A_DAY)
    assert letters(play)[-1].subject == "Merci, Quayside Books"
    assert "Merci!\nINV-1: 120.00 GBP\n120.00 GBP" in letters(play)[-1].text


async def test_nobody_is_thanked_unless_the_rules_say_so_or_without_a_reminder_before(play):
    one, two = owes(play), owes(play, "Ridgeway University", late=-60)
    await started(play)
    play.organisation().pay(one)
    play.organisation().pay(two)
    await play.let_pass(**A_DAY)
    assert len(letters(play)) == 1


async def test_an_admin_switches_both_on_and_off_in_the_rules(play):
    owes(play)
    await play.connect()
    seen = await play.say("reminders")
    view = await modal(play, seen.message, "Rules")
    await enter(play, view, also=["thank"])
    rules = (await play.world.solido.services.reminding.outlook(await workspace_of(play), now=play.now)).standing
    assert (rules.policy.rules.thank, rules.policy.rules.note_in_xero) == (True, False)
