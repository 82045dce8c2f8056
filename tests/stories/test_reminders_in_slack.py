"""Reminders as people see and steer them in Slack."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import reminder_actions
from bot.actions import ACTIONS, press
from bot.commands import dispatch
from bot.installs import KnownTeam
from bot.modals import submit
from bot.permissions import BUTTONS, DIALOGS, checked
from bot.reminder_modals import REMINDER_MODALS
from bot.views.blocks import Modal
from bot.views.reasons import WORDS
from core.errors import NotAllowed, NotAMember, NotYours
from core.reminders.gate import Why
from sandbox.slack.records import View
from tests.stories.conftest import performed
from tests.stories.play import HARBOUR, Play, shown, workspace_of
from tests.stories.reminding import customer, letters, london, owes, started, told
from tests.stories.test_strangers import another_team, call_of

NO_ADMIN = "Only admins can do that"


@pytest.fixture
async def play(whole_sqlite_url):
    async with performed(whole_sqlite_url, london) as play:
        yield play


async def modal(play: Play, message, button: str, *, user: str = "admin", value=None) -> View:
    before = play.slack.modal(user)
    await play.slack.press(message, button, user=user, value=value)
    await play.slack.until(lambda: play.slack.modal(user) not in (None, before))
    return play.slack.modal(user)


async def enter(play: Play, view: View, **values) -> View:
    """Submit a dialog and return it as it is afterwards."""
    reply = await play.slack.submit(view, values)
    assert reply.error is None, reply.said
    await play.settle()
    return view


async def test_the_first_plan_is_a_preview_and_an_admin_starts_it(play):
    owes(play)
    await play.connect()
    seen = await play.say("reminders")
    assert "Preview: nothing is sent" in seen.text
    assert "23 Nov 2026: INV-1, 120.00 GBP (14 working days after the due date)" in shown(seen)
    assert letters(play) == []
    done = await play.press(seen.message, "Start reminders")
    assert "are on" in done.text
    assert len(letters(play)) == 1
    assert any("started reminders" in text for text in told(play))
    after = await play.say("reminders")
    assert ":large_green_circle: On" in after.text
    assert "23 Nov 2026, *Quayside Books*: went out" in shown(after)


async def test_a_member_sees_the_plan_but_cannot_start_it(play):
    owes(play)
    await play.connect()
    seen = await play.say("reminders", user="member")
    assert "'text': 'Start reminders'" not in shown(seen)
    admins = await play.say("reminders")
    answer = await play.press(admins.message, "Start reminders", user="admin")
    assert "are on" in answer.text


async def test_nobody_starts_what_no_admin_has_seen(play):
    owes(play)
    await play.connect()
    await play.say("reminders", user="member")
    call = replace(call_of(play, await our_team(play), str(await workspace_of(play))), user_id="U0ADMIN")
    said = await press(call, "reminders_start", presser_team="T0SOLIDO")
    assert "look at the plan first" in said.text
    assert letters(play) == []


async def our_team(play: Play) -> KnownTeam:
    async with play.database.unscoped() as unscoped:
        team = await unscoped.team(enterprise_id="", slack_team_id="T0SOLIDO")
    return KnownTeam(team.id, team.slack_team_id, team.enterprise_id, team.url)


async def test_who_would_get_two_reminders_is_warned_about_before_the_start(play):
    owes(play)
    play.organisation().sends_reminders = True
    await play.connect()
    seen = await play.say("reminders")
    asked = await play.press(seen.message, "Start reminders")
    assert "Xero sends its own reminders" in asked.text
    assert letters(play) == []
    done = await play.press(asked, "Start anyway")
    assert "are on" in done.text
    assert len(letters(play)) == 1


async def test_pausing_stops_everything_until_the_day_it_resumes(play):
    owes(play)
    await play.connect()
    await started(play)
    owes(play, "Second Customer", number="INV-2", late=40)
    seen = await play.say("reminders")
    view = await enter(play, await modal(play, seen.message, "Pause all"), resume_on="2026-11-26")
    assert "are paused" in str(view.blocks)
    await play.say("sync")
    await play.let_pass(days=2, hours=12, step=timedelta(hours=4))
    assert len(letters(play)) == 1
    assert "Paused by" in (await play.say("reminders")).text
    await play.let_pass(days=1, step=timedelta(hours=4))
    assert len(letters(play)) == 2


async def test_resuming_by_hand_goes_on_at_once(play):
    owes(play)
    await play.connect()
    seen = await play.say("reminders")
    await play.press(seen.message, "Start reminders")
    owes(play, "Second Customer", number="INV-2", late=40)
    await enter(play, await modal(play, (await play.say("reminders")).message, "Pause all"))
    await play.say("sync")
    assert len(letters(play)) == 1
    await play.press((await play.say("reminders")).message, "Resume now")
    assert len(letters(play)) == 2


async def test_rules_are_checked_field_by_field_and_kept(play):
    owes(play)
    await play.connect()
    view = await modal(play, (await play.say("reminders")).message, "Rules")
    for wrong in (
        {"steps": "soon"}, {"steps": "1,2,3,4,5,6,7,8,9"}, {"steps": "999"}, {"minimums": "5"},
        {"minimums": "5 QQQ"}, {"minimums": "x GBP"}, {"reply_to": "nobody"}, {"per_hour": "0"}, {"per_hour": "many"},
    ):  # fmt: skip
        reply = await play.slack.submit(
            view, {"steps": "0, 7", "per_hour": "60", "minimums": "", "reply_to": ""} | wrong
        )
        assert set(reply.errors) == set(wrong), wrong
    await enter(
        play, view, steps="−5, 0, 10", minimums="200 GBP", sender_name="Łódź Books", reply_to="b@example.com",
        per_hour="20", send_at="08:30",
    )  # fmt: skip
    rules = (await play.world.solido.services.reminding.outlook(await workspace_of(play), now=play.now)).standing.policy
    assert [step.days for step in rules.rules.steps] == [-5, 0, 10]
    assert "less is due than the minimum" in shown(await play.say("reminders"))
    assert (
        "changed the rules of the reminders: steps −3, 0, 7, 14 → −5, 0, 10; sent from 09:00 → 08:30; "
        "least amounts none → 200 GBP; sender none → Łódź Books; replies to none → b@example.com; "
        "letters an hour 60 → 20"
    ) in (await play.say("history")).text
    again = await modal(play, (await play.say("reminders")).message, "Rules")
    await enter(play, again, per_hour="20")
    assert (await play.say("history")).text.count("changed the rules") == 1, "nothing was changed"


async def test_a_letter_is_changed_with_a_preview_a_test_and_a_refusal_that_names_the_line(play):
    owes(play)
    await play.connect()
    menu = await play.press((await play.say("reminders")).message, "Letters")
    chosen = f"{await workspace_of(play)} 14"
    view = await modal(play, menu, "reminders_letter", value=chosen)
    assert "despite our reminders" in str(view.blocks)
    assert "Quayside Books" in str(view.blocks[-1])
    reply = await play.slack.submit(view, {"body": "Hello\n{{ nobody }}\n{{ invoices }}"})
    assert reply.errors == {"body": reply.errors["body"]}
    assert "Line 2: there is no {{ nobody }}" in reply.errors["body"]
    reply = await play.slack.submit(view, {"subject": "{{ x", "body": "{{ invoices }}"})
    assert "Line 1" in reply.errors["subject"]
    good = {"subject": "Ahoy {{ customer }}", "body": "Ahoy!\n{{ invoices }}"}
    await enter(play, view, **good, what="Show me how it reads")
    assert "Ahoy Quayside Books" in str(view.blocks[-1])
    reply = await play.slack.submit(view, {"what": "Send a test to me"})
    assert "address" in reply.errors
    await enter(play, view, what="Send a test to me", address="me@example.com")
    [letter] = letters(play)
    assert (letter.recipients, letter.subject) == (("me@example.com",), "[Test] Ahoy Quayside Books")
    await enter(play, view, what="Save it")
    assert (
        "changed the words of a letter: the letter 14 working days after the due date, "
        "now “Ahoy {{ customer }}” instead of “Still unpaid: {{ numbers }}”"
    ) in (await play.say("history")).text
    await started(play)
    assert letters(play)[-1].subject == "Ahoy Quayside Books"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("hold INV-1 until 12 Dec because disputed", "No reminders about *INV-1* through 12 Dec 2026"),
        ("hold inv-1", "No reminders about *INV-1* until somebody releases it"),
        ("hold Quayside Books until 2026-12-12", "No reminders about *Quayside Books* through 12 Dec 2026"),
        ("hold everything until 1 December because audit", "paused through 1 Dec 2026"),
    ],
)
async def test_what_is_held_is_not_written_about(play, words, said):
    owes(play)
    await play.connect()
    assert said in (await play.say(words)).text
    await started(play)
    assert letters(play) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("hold INV-9", "I know no invoice and no customer called INV-9."),
        ("hold INV-1 until soon", "I did not understand the date"),
        ("hold INV-1 until 1 Jan 2020", "has passed already"),
        ("hold INV-1 until 31 Feb", "I did not understand the date"),
        ("hold <!channel>", "&lt;!channel&gt;"),
        ("why INV-9", "I know no invoice INV-9."),
    ],
)
async def test_what_is_not_understood_is_said(play, words, said):
    owes(play)
    await play.connect()
    assert said in (await play.say(words)).text


async def test_holding_by_dialog_and_releasing_by_button(play):
    owes(play)
    await play.connect()
    view = await modal(play, (await play.say("reminders")).message, "Hold something")
    assert (await play.slack.submit(view, {"target": "INV-77"})).errors
    await enter(play, view, target="INV-1", reason="Payment is promised", until="2026-12-01", note="on the phone")
    story = await play.say("why INV-1")
    assert "a letter on 2 Dec 2026" in story.text
    assert "waits until then because payment is promised" in story.text
    assert "on the phone" in shown(story)
    released = await play.press(story.message, "Release")
    assert "is reminded of again" in released.text
    await started(play)
    assert len(letters(play)) == 1


async def test_why_tells_what_went_out_what_comes_and_what_the_gate_said(play):
    invoice = owes(play, late=-2)
    await play.connect()
    await started(play)
    story = await play.say("why inv-1")
    assert "*INV-1* of *Quayside Books*: 120.00 GBP of 120.00 GBP open, due 25 Nov 2026" in story.text
    assert "*Next:* a letter on 25 Nov 2026, on the due date" in story.text
    assert "23 Nov 2026, 3 working days before the due date, 120.00 GBP: went out" in story.text
    assert "nothing spoke against it" in shown(story)
    play.organisation().pay(invoice)
    await play.say("sync")
    assert "it is paid, voided or not approved in Xero" in (await play.say("why INV-1")).text


async def test_why_names_the_gates_reason_and_asking_again_gives_the_same(play):
    owes(play)
    await play.connect()
    play.organisation().leave_credit(customer(play, "Quayside Books"), "500")
    await started(play)
    story = await play.say("why INV-1")
    assert "the customer has credit that would cover it" in shown(story)
    assert "Asked again" not in shown(story)


async def test_the_plan_shows_what_credit_would_cover(play):
    owes(play)
    await play.connect()
    play.organisation().leave_credit(customer(play, "Quayside Books"), "500")
    await play.let_pass(days=1, step=timedelta(hours=4))
    assert "INV-1: the customer has credit that would cover it" in shown(await play.say("reminders"))


async def test_the_question_about_credit_is_answered_by_button_or_put_to_somebody(play):
    owes(play)
    await play.connect()
    play.organisation().leave_credit(customer(play, "Quayside Books"), "500")
    await started(play)
    [question] = [post for post in play.slack.posts if "on no invoice" in post.text]
    await enter(play, await modal(play, question, "Ask the bookkeeper"), whom="U0MEMBER")
    private = play.slack.posts[-1]
    assert "on no invoice" in private.text
    answered = await play.press(private, "Send anyway", user="member")
    assert "The reminder goes out" in answered.text
    assert len(letters(play)) == 1
    assert "decided: reminders go out anyway" in question.text


async def test_a_letter_of_unknown_fate_is_settled_by_button_once(play):
    owes(play)
    play.world.mailbox.break_next("cut-after-data")
    await started(play)
    [question] = [post for post in play.slack.posts if "may or may not" in post.text]
    assert "Thank you" in (await play.press(question, "It went out", user="member")).text
    assert "went out, says Member" in question.text


async def test_a_customer_who_unsubscribed_is_written_to_again_by_an_admin_only(play):
    owes(play)
    await started(play)
    stop = letters(play)[0].header("List-Unsubscribe").strip(" <>")
    await play.browser.post(stop)
    await play.settle()
    [said] = [post for post in play.slack.posts if "wants no more reminders" in post.text]
    assert NO_ADMIN in (await play.press(said, "Write again", user="member")).text
    assert "gets reminders again" in (await play.press(said, "Write again")).text


async def test_more_customers_than_fit_are_paged(play):
    for number in range(30):
        owes(play, f"Customer {number:02}", number=f"INV-{number}")
    await play.connect()
    seen = await play.say("reminders")
    assert "Customer 00" in shown(seen)
    assert "Customer 20" not in shown(seen)
    after = await play.press(seen.message, "More customers")
    assert "Customer 20" in shown(after)


async def test_names_from_xero_stay_text(play):
    owes(play, "<!channel> *bold* & Co", number="<@U0ADMIN>")
    await play.connect()
    for words in ("reminders", "why <@U0ADMIN>"):
        said = shown(await play.say(words))
        assert "<!channel>" not in said
        assert "<@U0ADMIN> of" not in said


ADMINS_ONLY = ["reminders_start", "reminders_start_anyway", "reminders_pause", "reminders_resume", "reminders_rules",
               "reminders_letters", "reminders_letter", "subscribe"]  # fmt: skip


async def test_what_is_for_admins_is_refused_to_members_and_everything_to_guests(play):
    owes(play)
    await play.connect()
    team, workspace = await our_team(play), await workspace_of(play)
    handlers = {name: button.handler for name, button in ACTIONS.items()}
    of_reminders = {name for name, handler in handlers.items() if handler.__module__ == reminder_actions.__name__}
    assert of_reminders > set(ADMINS_ONLY)
    for name in of_reminders:
        call = replace(call_of(play, team, f"{workspace} 14"), user_id="U0MEMBER" if name in ADMINS_ONLY else "U0GUEST")
        with pytest.raises(NotAllowed if name in ADMINS_ONLY else NotAMember):
            await handlers[name](await checked(call, BUTTONS[name]))


async def test_dialogs_of_strangers_guests_and_members_change_nothing(play):
    owes(play)
    await play.connect()
    team, workspace = await our_team(play), await workspace_of(play)
    stranger = await another_team(play)
    values = {"target": "INV-1", "steps": "0", "weekdays": "0", "per_hour": "1", "send_at": "09:00", "whom": "U0GUEST",
              "subject": "x", "body": "{{ invoices }}", "what": "save"}  # fmt: skip
    private = f"{workspace} 14"
    for name, handler in REMINDER_MODALS.items():
        with pytest.raises(NotYours):
            await handler(call_of(play, stranger, private), values)
        guests = replace(call_of(play, team, private), user_id="U0GUEST")
        with pytest.raises(NotAMember):
            await handler(await checked(guests, DIALOGS[name]), values)
        said = await submit(call_of(play, team, private), name, values, submitter_team="T0OTHER")
        assert "not available to you" in said.text
    async with play.database.reading(workspace) as store:
        assert await store.holds.live() == []
        assert (await store.reminders.policy()).rules == ""


async def test_hold_and_why_without_words_of_another_company_say_nothing_of_ours(play):
    owes(play)
    await play.connect()
    stranger = await another_team(play)
    for words in ("hold INV-1", "hold", "why INV-1", "reminders"):
        said = await dispatch(call_of(play, stranger), words)
        assert not isinstance(said, Modal)
        assert HARBOUR not in shown(said)


def test_every_reason_has_words():
    assert set(WORDS) == set(Why)
    assert len(set(WORDS.values())) == len(WORDS)
