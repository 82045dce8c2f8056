"""A trouble's card: what people can do with it, and who may."""

from datetime import timedelta

import pytest

from sandbox.slack import Message
from storage.models import Team
from tests.stories.play import HARBOUR, Play, link_in, shown, workspace_of


async def lost(play: Play) -> Message:
    """Connected, and then disconnected in Xero: the card that says so."""
    await play.connect()
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=16, step=timedelta(minutes=4))
    return play.slack.posts[-1]


def story(play: Play, card: Message) -> str:
    return "\n".join(f"{reply.text}" for reply in play.slack.thread_of(card))


async def test_the_card_says_what_why_what_it_means_and_what_to_do(play: Play):
    card = await lost(play)
    assert f"*{HARBOUR}* could not be synced. Solido was disconnected in Xero" in shown(card)
    assert "What it means:* Invoices here stay as they were" in shown(card)
    assert "What to do:* Press *Reconnect*" in shown(card)
    assert "Last success" in shown(card)
    assert play.slack.thread_of(card) == []


async def test_who_is_on_it_is_there_for_all_to_see(play: Play):
    card = await lost(play)
    answer = await play.press(card, "I'm on it", user="member")
    assert "says so to everybody" in answer.text
    await play.let_pass(minutes=1)
    assert "Member is on it." in shown(card)
    assert "Member is on it." in story(play, card)
    await play.press(card, "I'm on it", user="admin")
    await play.let_pass(minutes=1)
    assert "Admin is on it." in shown(card)
    assert "U0MEMBER" not in shown(card)


async def test_a_snooze_is_shown_lasts_and_then_reminds_who_asked_for_it(play: Play):
    card = await lost(play)
    answer = await play.press(card, "1 hour", user="member")
    assert answer.text.startswith("Snoozed until ")
    await play.let_pass(minutes=1)
    assert "Snoozed until" in shown(card)
    await play.let_pass(minutes=70, step=timedelta(minutes=5))
    assert "Snoozed" not in shown(card)
    assert f"Member, the snooze is over, and *{HARBOUR}* is still in trouble." in story(play, card)
    assert story(play, card).count("the snooze is over") == 1


async def test_a_snooze_can_be_ended_from_the_same_menu(play: Play):
    card = await lost(play)
    await play.press(card, "A week")
    await play.let_pass(minutes=1)
    await play.press(card, "No longer")
    await play.let_pass(minutes=1)
    assert "Snoozed" not in shown(card)


async def test_pressing_twice_is_the_same_as_once(play: Play):
    card = await lost(play)
    for _press in range(2):
        await play.press(card, "I'm on it", user="member")
        await play.press(card, "1 hour", user="member")
    await play.let_pass(minutes=1)
    assert story(play, card).count("is on it") == 1
    assert story(play, card).count("asked for quiet") == 1


async def test_a_card_pressed_when_all_is_well_again_changes_nothing(play: Play):
    card = await lost(play)
    buttons = card.blocks
    await play.reconnect(link_in(await play.press(card, "Reconnect")), play.organisation())
    text = card.text
    assert "Recovered after" in text
    card.blocks = buttons  # somebody's Slack still shows them
    for button in ("I'm on it", "1 hour"):
        assert "is over already" in (await play.press(card, button)).text
    assert "is connected to" in (await play.press(card, "Reconnect")).text
    await play.let_pass(minutes=1)
    assert card.text == text


async def test_after_recovery_there_are_no_buttons_and_the_story_is_in_the_thread(play: Play):
    card = await lost(play)
    await play.let_pass(minutes=31, step=timedelta(minutes=2))
    await play.reconnect(link_in(await play.press(card, "Reconnect")), play.organisation())
    assert "Recovered after 3 failures, " in card.text
    assert not [block for block in card.blocks if block["type"] == "actions"]
    assert "Admin connected to Xero again." in story(play, card)
    assert "All is well again." in story(play, card)


async def test_disconnecting_closes_the_card(play: Play):
    card = await lost(play)
    question = await play.say("disconnect")
    await play.press(question.message, "Disconnect")
    await play.let_pass(minutes=1)
    assert "closed, because Admin disconnected it from Xero" in card.text


async def test_a_trouble_that_comes_back_within_the_hour_uses_its_old_card(play: Play):
    await play.connect()
    play.xero.break_next("503-maintenance", times=None)
    await play.let_pass(hours=1, step=timedelta(minutes=2))
    card, said = play.slack.posts[-1], len(play.slack.posts)
    play.xero.heal()
    await play.let_pass(minutes=40, step=timedelta(minutes=2))
    assert "Recovered after" in card.text
    play.xero.break_next("503-maintenance", times=None)
    await play.let_pass(minutes=17, step=timedelta(minutes=1))
    assert "could not be synced" in card.text
    assert len(play.slack.posts) == said
    assert "It is back." in story(play, card)


async def test_nothing_else_is_told_while_a_reconnect_is_needed(play: Play):
    await lost(play)
    said = len(play.slack.posts)
    play.xero.break_next("503-maintenance", times=None)
    await play.let_pass(hours=3, step=timedelta(minutes=5))
    assert len(play.slack.posts) == said


async def test_a_trouble_that_lasts_an_hour_is_told_although_nothing_is_tried_meanwhile(play: Play):
    """Xero asks for two hours of patience."""
    await play.connect()
    said = len(play.slack.posts)
    play.xero.break_next("429-minute", times=None, seconds=7200)
    await play.let_pass(minutes=74, step=timedelta(minutes=1))
    assert len(play.slack.posts) == said
    await play.let_pass(minutes=3, step=timedelta(minutes=1))
    [card] = play.slack.posts[said:]
    assert "Xero asked us to slow down" in card.text
    assert "Next try by itself" in shown(card)


@pytest.mark.parametrize("button", ["Reconnect", "Try again", "I'm on it", "1 hour"])
async def test_a_stranger_who_sees_the_card_can_press_nothing(play: Play, button: str):
    card = await lost(play)
    calls = len(play.xero.requests)
    answer = await play.press(card, button, user="outsider")
    assert "not available to you" in answer.text
    await play.let_pass(minutes=1)
    assert len(play.xero.requests) == calls
    assert "U0OUTSIDE" not in shown(card) + story(play, card)


async def test_a_guest_may_not_ask_for_quiet(play: Play):
    card = await lost(play)
    assert "Only full members" in (await play.press(card, "A week", user="guest")).text
    await play.let_pass(minutes=1)
    assert "Snoozed" not in shown(card)


@pytest.mark.parametrize("value", ["", "hour", "hour x", "year 00000000-0000-0000-0000-000000000000"])
async def test_a_press_that_names_nothing_of_ours_is_refused(play: Play, value: str):
    card = await lost(play)
    menu = next(e for b in card.blocks if b["type"] == "actions" for e in b["elements"] if e["action_id"] == "snooze")
    menu["options"][0]["value"] = value
    assert "not available to you" in (await play.press(card, "1 hour")).text


async def test_a_trouble_of_another_team_cannot_be_reached(play: Play):
    """The same card, but the workspace it names belongs to another Slack team."""
    card = await lost(play)
    elsewhere = Team(
        slack_team_id="T-ELSEWHERE",
        name="Elsewhere",
        url="https://elsewhere.example.com/",
        bot_id="B1",
        bot_user_id="U1",
        bot_token_sealed=b"",
        installed_at=play.now,
    )
    workspace = await workspace_of(play)
    async with play.database.unscoped() as unscoped:
        unscoped.add_team(elsewhere)
        await unscoped.session.flush()
        (await unscoped.within(workspace).about.get()).team_id = elsewhere.id
    for button in ("Reconnect", "Try again", "I'm on it", "A week"):
        reply = await play.slack.press(card, button)
        await play.slack.until(lambda reply=reply: reply.later)
        assert "not available to you" in reply.later[-1].text
    async with play.database.reading(workspace) as store:
        [incident] = await store.incidents.open((await store.connections.latest()).id)
        assert (incident.taken_by, incident.snoozed_by) == (None, None)
        assert {event.what for event in await store.audit.latest(9)} == {"connected"}
