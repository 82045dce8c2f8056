"""One trouble, one alert; what passes by itself is told only when it lasts."""

from datetime import timedelta

import pytest

from sandbox.ahead import is_busy
from tests.stories.play import HARBOUR, Play, link_in, shown, words


async def test_one_failed_automatic_sync_that_passes_is_not_told(play: Play):
    await play.connect()
    said = len(play.slack.posts)
    play.xero.break_next("500", times=2)
    await play.let_pass(minutes=16)
    play.xero.heal()
    await play.let_pass(minutes=31)
    assert len(play.slack.posts) == said
    status = await play.say("status")
    assert "Failed · automatic" in shown(status)
    assert "Xero could not be reached." in shown(status)


async def test_three_failures_in_a_row_are_told_once_and_edited_from_then_on(play: Play):
    await play.connect()
    said = len(play.slack.posts)
    play.xero.break_next("503-maintenance", times=None)
    await play.let_pass(hours=4)
    [alert] = play.slack.posts[said:]
    assert "Xero could not be reached" in alert.text
    assert "Reconnect" not in shown(alert)
    assert alert.edits
    play.xero.heal()
    await play.let_pass(minutes=20)
    assert "Recovered after" in alert.text
    assert len(play.slack.posts) == said + 1


async def test_edits_of_an_alert_are_forty_five_seconds_apart(play: Play):
    await play.connect()
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=16)
    alert = play.slack.posts[-1]
    for _press in range(5):
        await play.slack.press(alert, "Try again")
        await play.settle(most_rounds=400)
    assert "6 failed tries" in shown(alert)


async def test_a_dead_permission_is_told_with_reconnect(play: Play):
    await play.connect()
    play.xero.kill_refresh_tokens()
    await play.let_pass(minutes=40)
    alert = play.slack.posts[-1]
    assert "no longer accepts the permission" in alert.text
    assert "Reconnect" in shown(alert)
    status = await play.say("status")
    assert "Reconnect needed" in status.text


async def test_several_failures_of_the_last_five_bring_advice_of_that_kind(play: Play):
    await play.connect()
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=46)
    status = await play.say("status")
    assert "Most of the last syncs failed. Solido was disconnected in Xero" in shown(status)


async def test_the_days_calls_used_up_is_one_calm_notice(play: Play):
    await play.connect()
    said = len(play.slack.posts)
    play.xero.break_next("429-day", times=None)
    await play.let_pass(hours=2)
    assert len(play.slack.posts) <= said + 1


async def test_a_manual_sync_that_fails_says_why_in_its_own_message(play: Play):
    await play.connect()
    play.xero.break_next("503-offline", times=None)
    await play.say("sync")
    assert f"Sync of *{HARBOUR}* did not work. Xero has taken this organisation offline" in play.slack.posts[-1].text


async def test_xero_failing_while_connecting_is_told_and_stores_nothing(play: Play):
    link = link_in(await play.command("connect"))
    play.xero.break_next("token-500", times=None)
    page = await play.walk_through_xero(link, play.organisation())
    await play.settle()
    assert page.status_code == 502
    assert "Xero could not be reached" in words(page)
    assert "Xero could not be reached" in play.slack.posts[-1].text


@pytest.mark.parametrize("lever", ["ratelimited", "internal_error", "down", "channel_not_found", "cut"])
async def test_nothing_is_lost_while_slack_does_not_listen(play: Play, lever: str):
    await play.connect()
    said = len(play.slack.posts)
    play.slack.break_next(lever, times=None, method="chat.postMessage")
    play.xero.revoke(play.organisation())
    await play.pass_without_rest(minutes=20)
    assert len(play.slack.posts) == said
    play.slack.heal()
    await play.let_pass(minutes=31, step=timedelta(minutes=5))
    assert [post for post in play.slack.posts[said:] if "could not be synced" in post.text]
    assert len(play.slack.posts) == said + 1


async def test_a_second_sync_is_not_started_while_one_is_under_way(play: Play):
    await play.connect()
    first = await play.slack.command("sync")
    second = await play.slack.command("sync")
    assert "The result follows here" in first.text
    assert "is already running" in second.text
    await play.settle()
    assert not await is_busy(play.database, play.now)
    assert sum("Sync done" in post.text for post in play.slack.posts) == 1
