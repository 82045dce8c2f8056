"""Alerts are never lost: an archived channel, a removed bot, a revoked token, a day without Slack, a killed process."""

from datetime import timedelta

import pytest

from core.operators import CannotWrite
from sandbox.slack import Message
from storage.models import Workspace
from tests.stories.play import HARBOUR, Play, shown, workspace_of

FIVE = timedelta(minutes=5)


class Letters:
    """Operators who read their mail; `closed` while their server takes none."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.closed = False

    async def write(self, *, subject: str, text: str) -> None:
        if self.closed:
            raise CannotWrite
        self.taken.append((subject, text))


def cards(play: Play) -> list[Message]:
    return [post for post in play.slack.posts if "could not be synced" in post.text or "Recovered" in post.text]


async def connected_by_another(play: Play) -> None:
    """By somebody else than the admin whom others turn to."""
    play.slack.person("member").is_admin = True
    await play.connect(user="member")


async def asked_for_a_sync(play: Play) -> None:
    """As by a command: nobody can give one while Slack is down."""
    await play.world.solido.syncing.request(await workspace_of(play), by="U0MEMBER", now=play.now)


@pytest.mark.parametrize("error", ["is_archived", "channel_not_found", "not_in_channel"])
async def test_where_the_channel_cannot_be_told_who_connected_is(play: Play, error: str):
    await connected_by_another(play)
    play.slack.channel("finance").is_archived = True
    if error != "is_archived":
        play.slack.channel("finance").is_archived = False
        play.slack.break_next(error, times=1)
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=17)
    [card] = cards(play)
    assert card.channel == play.slack.person("member").dm or card.channel == play.slack.person("member").id


async def test_the_card_told_elsewhere_is_edited_there_and_works_there(play: Play):
    await connected_by_another(play)
    play.slack.channel("finance").is_archived = True
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=40)
    [card] = cards(play)
    assert "2 failed tries" in shown(card)
    await play.press(card, "I'm on it", user="member")
    await play.let_pass(minutes=1)
    assert "Member is on it" in shown(card)


async def test_a_card_whose_channel_is_archived_later_moves(play: Play):
    await connected_by_another(play)
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=17)
    play.slack.channel("finance").is_archived = True
    await play.let_pass(minutes=17)
    first, second = cards(play)
    assert first.channel == "C0FINANCE"
    assert "2 failed tries" in shown(second)
    play.slack.channel("finance").is_archived = False
    assert "I'm on it" in shown(first)
    await play.press(first, "I'm on it", user="admin")
    await play.let_pass(minutes=1)
    assert f"The alert about *{HARBOUR}* goes on in a newer message." in first.text
    assert "Admin is on it" in shown(second)


async def test_who_connected_is_gone_so_those_of_the_teams_other_workspaces_are_told(play: Play):
    await connected_by_another(play)
    async with play.database.unscoped() as unscoped:
        team = await unscoped.team(enterprise_id="", slack_team_id="T0SOLIDO")
        other = Workspace(team_id=team.id, channel_id="C0FINNZ", created_by="U0ADMIN", created_at=play.now)
        unscoped.add_workspace(other)
    play.slack.channel("finance").is_archived = True
    play.slack.channel("dm-member").is_archived = True
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=17)
    [card] = cards(play)
    assert card.channel in (play.slack.person("admin").dm, "U0ADMIN")


@pytest.mark.parametrize("error", ["token_revoked", "account_inactive"])
async def test_where_slack_lets_us_in_no_more_the_operators_get_one_letter_for_each_turn(play: Play, error: str):
    operators = play.world.solido.support.operators = Letters()
    await play.connect()
    play.slack.token_error = error
    play.xero.revoke(play.organisation())
    await play.pass_without_rest(minutes=90)
    [(subject, text)] = operators.taken
    assert "Solido" in subject
    assert f"{HARBOUR} could not be synced. Solido was disconnected in Xero" in text
    assert "<" not in text
    play.slack.token_error = None
    await play.let_pass(minutes=31, step=FIVE)
    assert len(cards(play)) == 1


async def test_a_mail_server_that_is_down_is_asked_again(play: Play):
    operators = play.world.solido.support.operators = Letters()
    operators.closed = True
    await play.connect()
    play.slack.token_error = "token_revoked"
    play.xero.revoke(play.organisation())
    await play.pass_without_rest(minutes=20)
    assert operators.taken == []
    operators.closed = False
    await play.pass_without_rest(minutes=20)
    assert len(operators.taken) == 1


async def test_the_next_one_who_uses_solido_is_told_what_nobody_could_be_told_once(play: Play):
    await play.connect()
    play.slack.channel("finance").is_archived = True
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=17)
    status = await play.say("status", user="member", channel="finance-nz")
    assert "I could not write to <#C0FINANCE>" in status.text
    assert f"*{HARBOUR}* could not be synced" in status.text
    assert "Reconnect needed" in status.text
    assert "I could not write" not in (await play.say("status", user="member", channel="finance-nz")).text


async def test_who_has_nothing_to_do_with_it_is_not_told(play: Play):
    """Another channel of the team has its own workspace; only who connected the troubled one hears of it there."""
    await play.connect(user="admin")
    async with play.database.unscoped() as unscoped:
        team = await unscoped.team(enterprise_id="", slack_team_id="T0SOLIDO")
        unscoped.add_workspace(
            Workspace(team_id=team.id, channel_id="C0FINNZ", created_by="U0MEMBER", created_at=play.now)
        )
    play.slack.channel("finance").is_archived = True
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=17)
    assert "could not write" not in (await play.say("status", user="member", channel="finance-nz")).text
    assert "could not write" in (await play.say("status", user="admin", channel="finance-nz")).text


async def test_a_day_without_slack_loses_nothing_keeps_the_order_and_makes_one_card(play: Play):
    await play.connect()
    said = len(play.slack.posts)
    play.slack.break_next("down", times=None)
    await asked_for_a_sync(play)
    await play.pass_without_rest(minutes=5)
    play.xero.revoke(play.organisation())
    for _half_hour in range(24 * 2):
        play.world.clock.forward(timedelta(minutes=29))
        await play.pass_without_rest(minutes=1)
    await asked_for_a_sync(play)
    await play.pass_without_rest(minutes=5)
    assert len(play.slack.posts) == said
    play.slack.heal()
    await play.let_pass(minutes=31, step=FIVE)
    texts = [post.text for post in play.slack.posts[said:]]
    assert ["Sync done" in texts[0], "could not be synced" in texts[1], "did not work" in texts[2]] == [True] * 3
    assert len(texts) == 3


async def test_blocks_that_slack_refuses_are_said_in_plain_text(play: Play):
    await play.connect()
    play.slack.break_next("invalid_blocks", times=1, method="chat.postMessage")
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=17)
    [card] = cards(play)
    assert "could not be synced" in card.text


async def test_a_card_posted_by_a_process_that_died_is_found_again_by_a_press(play: Play):
    """The message is in Slack, and the row does not know: whoever presses tells us."""
    await play.connect()
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=17)
    [card] = cards(play)
    workspace = await workspace_of(play)
    async with play.database.workspace(workspace) as store:
        row = await store.outbox.get(card.metadata["event_payload"]["card"])
        row.channel_id = row.message_ts = row.told_at = None
        row.told_version, row.waiting, row.next_attempt_at = 0, True, play.now + timedelta(minutes=1)
    await play.press(card, "I'm on it", user="member")
    await play.let_pass(minutes=2)
    assert cards(play) == [card]
    assert "Member is on it" in shown(card)


async def test_a_card_posted_twice_because_the_answer_was_lost_is_put_right_by_a_press(play: Play):
    await play.connect()
    play.slack.break_next("posted-then-cut", times=1)
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=17)
    lost, known = cards(play)
    await play.press(lost, "I'm on it", user="member")
    await play.let_pass(minutes=1)
    assert "goes on in a newer message" in lost.text
    assert "Member is on it" in shown(known)
