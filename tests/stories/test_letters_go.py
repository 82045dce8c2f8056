"""Letters to customers, from the books in Xero to the mailbox: what goes, what does not, and what is said of it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from sandbox.xero import Person
from sandbox.xero.unallocated import CREDIT_NOTE, OVERPAYMENT, PREPAYMENT
from storage.reminder_models import LetterState
from tests.stories.conftest import performed
from tests.stories.play import Play, workspace_of
from tests.stories.reminding import TODAY, address, customer, letters, london, owes, started, told


@pytest.fixture
async def play(whole_sqlite_url):
    async with performed(whole_sqlite_url, london) as play:
        yield play


@pytest.fixture
async def play_on_both(whole_url):
    async with performed(whole_url, london) as play:
        yield play


async def states(play: Play) -> list[str]:
    async with play.database.reading(await workspace_of(play)) as store:
        return [letter.state for letter in await store.letters.latest(99)]


async def test_a_customer_who_owes_gets_one_letter_about_all_that_is_due(play_on_both):
    play = play_on_both
    owes(play, number="INV-1")
    owes(play, number="INV-2", late=60, total="80.50")
    owes(play, number="INV-3", late=-90)
    await started(play)
    [letter] = letters(play)
    assert letter.recipients == (address("Quayside Books"),)
    assert letter.subject == "Still unpaid: INV-2 and INV-1"
    assert "Total: 200.50 GBP" in letter.text
    assert "INV-3" not in letter.text
    assert letter.text.count("https://in.xero.com/") == 2
    assert letter.header("From") == "Harbour Lane Ltd <accounts@example.com>"
    await play.let_pass(days=1, step=timedelta(hours=4))
    assert len(letters(play)) == 1


async def test_nothing_goes_before_an_admin_has_started_reminders(play):
    owes(play)
    await play.connect()
    await play.let_pass(days=3, step=timedelta(hours=4))
    assert letters(play) == []


@pytest.mark.parametrize("how", ["pay", "credit", "void"])
async def test_what_was_settled_a_moment_ago_is_not_chased_although_no_sync_has_seen_it(play, how):
    gone, stays = owes(play, number="INV-1"), owes(play, number="INV-2")
    await play.connect()
    await play.settle()
    getattr(play.organisation(), how)(gone)
    await started(play)
    [letter] = letters(play)
    assert "INV-1" not in letter.text
    assert stays.number in letter.text


async def test_of_a_part_paid_invoice_the_letter_names_the_rest(play):
    invoice = owes(play)
    await play.connect()
    play.organisation().pay(invoice, Decimal("100.00"))
    await started(play)
    assert "20.00 GBP of 120.00 GBP" in letters(play)[0].text


async def test_a_due_date_that_moved_keeps_the_letter_back(play):
    invoice = owes(play)
    await play.connect()
    play.organisation().change_due_date(invoice, TODAY + timedelta(days=30), silent=True)
    await started(play)
    assert letters(play) == []
    await play.let_pass(days=1, step=timedelta(hours=4))
    assert letters(play) == []


@pytest.mark.parametrize("kind", [CREDIT_NOTE, OVERPAYMENT, PREPAYMENT], ids=lambda kind: kind.plural)
async def test_money_on_no_invoice_holds_the_letter_and_is_asked_about_once(play, kind):
    owes(play)
    await play.connect()
    play.organisation().add_unallocated(customer(play, "Quayside Books"), Decimal(120), kind)
    await started(play)
    await play.let_pass(days=1, step=timedelta(hours=4))
    assert letters(play) == []
    asked = [text for text in told(play) if "credit of 120.00 GBP" in text]
    assert len(asked) == 1
    reminding, workspace = play.world.solido.services.reminding, await workspace_of(play)
    async with play.database.reading(workspace) as store:
        [question] = (await store.reminders.credit_questions()).values()
    await reminding.answer_about_credit(workspace, question.contact_id, "send", by="U0ADMIN", now=play.now)
    await play.let_pass(days=1, step=timedelta(hours=4))
    assert len(letters(play)) == 1
    assert any("reminders go out anyway" in text for text in told(play))


async def test_what_the_permission_hides_is_said_and_holds_nothing(play):
    owes(play)
    await play.connect()
    play.organisation().add_unallocated(customer(play, "Quayside Books"), Decimal(120), OVERPAYMENT)
    async with play.database.workspace(await workspace_of(play)) as store:
        (await store.connections.latest()).lacks_payments = True
    assert "Overpayments and prepayments are hidden from me" in (await play.say("reminders")).text
    await started(play)
    assert len(letters(play)) == 1


async def test_credit_nobody_can_look_up_holds_the_letter(play):
    owes(play)
    await play.connect()
    play.xero.break_next("html", times=None, path="/api.xro/2.0/CreditNotes")
    await started(play)
    assert letters(play) == []
    play.xero.heal()
    await play.let_pass(hours=2)
    assert len(letters(play)) == 1


async def test_a_disconnected_organisation_sends_nothing(play):
    owes(play)
    await play.connect()
    services, workspace = play.world.solido.services, await workspace_of(play)
    await services.reminding.saw_plan(workspace, by="U0ADMIN", now=play.now)
    await services.reminding.start(workspace, by="U0ADMIN", now=play.now)
    await services.connecting.disconnect(workspace, by="U0ADMIN", now=play.now)
    await play.let_pass(days=2, step=timedelta(hours=4))
    assert letters(play) == []


async def test_lost_access_sends_nothing_and_afterwards_only_the_latest_step_goes(play):
    owes(play, late=-1, number="INV-1")
    await started(play)
    play.xero.revoke(play.organisation())
    play.world.mailbox.letters.clear()
    await play.let_pass(days=15, step=timedelta(hours=5))
    assert letters(play) == []
    link = (await play.slack.command("connect")).blocks
    url = next(element["url"] for block in link for element in block.get("elements", []) if element.get("url"))
    await play.reconnect(url, play.organisation())
    await play.let_pass(days=4, step=timedelta(hours=4))
    assert [letter.subject for letter in letters(play)] == ["Payment overdue: INV-1"]


async def test_books_that_are_old_send_nothing(play):
    owes(play)
    await play.connect()
    play.world.clock.forward(timedelta(days=1))
    play.xero.break_next("500", times=None)
    await started(play)
    await play.let_pass(hours=7, step=timedelta(minutes=20))
    play.xero.heal()
    assert letters(play) == []


@pytest.mark.parametrize("trouble", ["cut-after-data", "cut-and-lost"])
async def test_a_letter_whose_fate_is_unknown_is_asked_about_and_never_sent_again(play_on_both, trouble):
    play = play_on_both
    owes(play)
    play.world.mailbox.break_next(trouble)
    await started(play)
    await play.let_pass(days=2, step=timedelta(hours=4))
    assert await states(play) == [LetterState.UNKNOWN]
    assert len(letters(play)) == (trouble == "cut-after-data")
    assert len(play.world.mailbox.visits) == 1
    [question] = [post for post in play.slack.posts if "may or may not have gone out" in post.text]
    assert "Quayside Books" in question.text


@pytest.mark.parametrize(("went", "again"), [(True, 0), (False, 1)])
async def test_what_a_person_says_of_an_unknown_letter_counts(play, went, again):
    owes(play)
    play.world.mailbox.break_next("cut-and-lost")
    await started(play)
    reminding, workspace = play.world.solido.services.reminding, await workspace_of(play)
    async with play.database.reading(workspace) as store:
        [letter] = await store.letters.latest(9)
    assert await reminding.say_what_became(workspace, letter.id, went=went, by="U0ADMIN", now=play.now)
    assert not await reminding.say_what_became(workspace, letter.id, went=not went, by="U0ADMIN", now=play.now)
    await play.let_pass(days=2, step=timedelta(hours=4))
    assert len(letters(play)) == again


@pytest.mark.parametrize("trouble", ["busy", "cut-before", "temporary", "refuse-all"])
async def test_a_letter_refused_before_it_was_on_its_way_is_tried_again(play, trouble):
    owes(play)
    play.world.mailbox.break_next(trouble)
    await started(play)
    assert await states(play) == [LetterState.REFUSED]
    await play.let_pass(minutes=25)
    assert await states(play) == [LetterState.SENT, LetterState.REFUSED]
    assert len(letters(play)) == 1


async def test_a_refused_letter_whose_invoice_is_paid_meanwhile_does_not_go(play):
    invoice = owes(play)
    play.world.mailbox.break_next("busy")
    await started(play)
    play.organisation().pay(invoice)
    await play.let_pass(days=1, step=timedelta(minutes=30))
    assert letters(play) == []


async def test_a_bounce_is_told_at_once_and_the_step_does_not_go_again(play):
    owes(play)
    play.world.mailbox.break_next("refuse-recipient", times=None)
    await started(play)
    assert any("was not accepted by the mail server" in text for text in told(play))
    await play.let_pass(days=3, step=timedelta(hours=4))
    assert await states(play) == [LetterState.BOUNCED]


async def test_people_who_are_included_in_emails_get_the_letter_too(play):
    books = play.organisation()
    contact = books.add_contact(
        "Łódź Müller & 東京 <b>",
        "one@example.com; not an address",
        [Person("Sam", "Field", "sam@example.com"), Person("Not", "Me", "no@example.com", include=False)],
    )
    books.add_invoice(contact, number="<INV & 1>", total=Decimal(5), issued_on=TODAY, due_on=TODAY - timedelta(30))
    await started(play)
    [letter] = letters(play)
    assert letter.recipients == ("one@example.com", "sam@example.com")
    assert "Łódź Müller & 東京 <b>" in letter.text
    assert "<b>," not in letter.html


async def test_a_customer_without_an_address_breaks_nothing(play):
    owes(play, "Silent Supplies", number="INV-1")
    play.organisation().blank_email(customer(play, "Silent Supplies"))
    owes(play, "Quayside Books", number="INV-2")
    await started(play)
    assert [letter.recipients for letter in letters(play)] == [(address("Quayside Books"),)]


async def test_the_day_is_told_in_one_line_once(play):
    for number in range(4):
        owes(play, f"Customer {number}", number=f"INV-{number}")
    await started(play)
    await play.let_pass(hours=20, step=timedelta(minutes=30))
    days = [text for text in told(play) if text.startswith(":envelope: *Harbour Lane Ltd*, 23 Nov 2026")]
    [line] = days
    assert line.startswith(":envelope: *Harbour Lane Ltd*, 23 Nov 2026: 4 reminders about 4 invoices.")


async def test_no_more_letters_an_hour_go_than_the_cap(play):
    for number in range(70):
        owes(play, f"Customer {number}", number=f"INV-{number}")
    await started(play)
    await play.let_pass(minutes=50)
    assert len(letters(play)) == 60
    await play.let_pass(minutes=20)
    assert len(letters(play)) == 70


async def test_one_click_stops_letters_and_the_channel_hears_of_it(play):
    owes(play)
    owes(play, number="INV-2", late=-2)
    await started(play)
    stop = letters(play)[0].header("List-Unsubscribe").strip(" <>")
    assert stop.startswith(play.world.product_at.url)
    looked = await play.browser.get(stop)
    assert looked.status_code == 200
    assert "Harbour Lane Ltd" in looked.text
    assert not any("wants no more reminders" in text for text in told(play))
    done = await play.browser.post(stop, content="List-Unsubscribe=One-Click")
    assert done.status_code == 200
    await play.let_pass(days=4, step=timedelta(hours=4))
    assert len(letters(play)) == 1
    assert sum("wants no more reminders" in text for text in told(play)) == 1


async def test_a_made_up_unsubscribe_link_does_nothing_and_says_nothing(play):
    await play.connect()
    for secret in ("x", "a" * 32, "%00", "a" * 5000):
        answer = await play.browser.post(f"{play.world.product_at.url}/unsubscribe/{secret}")
        assert answer.status_code in (404, 400)
        assert "Harbour" not in answer.text
