"""The app's Home: what somebody may see, as it is now, at most once a minute."""

import json
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from bot.commands.call import Call
from bot.installs import known
from bot.modals import submit
from bot.starting import know_team
from sandbox.slack import Person, pings
from storage.audit import Did
from tests.stories.play import HARBOUR, Play, shown, workspace_of


async def opened(play: Play, user: str = "admin") -> str:
    """What somebody sees who opens the app's Home, as text."""
    await play.slack.open_home(user)
    await play.settle()
    return seen(play, user)


def seen(play: Play, user: str = "admin") -> str:
    view = play.slack.home(user)
    return "" if view is None else json.dumps(view.blocks, ensure_ascii=False)


def published(play: Play) -> int:
    return sum(call.method == "views.publish" for call in play.slack.calls)


async def test_home_shows_how_a_channel_stands(play: Play):
    await play.connect()
    page = await opened(play)
    assert HARBOUR in page
    assert "Connected" in page
    assert "*Last successful sync:* <!date^" in page
    assert "the first one has ended" in page
    assert "\N{LARGE GREEN SQUARE}" in page
    assert "Not yet due" in page
    assert "Over 90 days" in page
    assert "*Reminders:* not started" in page
    assert "Calls to Xero today:" in page
    assert "Settings" in page
    assert play.slack.refused == []


async def test_home_changes_when_something_changes_and_only_then(play: Play):
    await play.connect()
    await opened(play)
    await play.let_pass(minutes=2)
    before = published(play)
    await play.let_pass(minutes=10)
    assert published(play) == before
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=10)
    assert "Reconnect needed" in seen(play)
    assert "could not be synced" in seen(play)
    assert published(play) > before


async def test_however_much_happens_a_home_is_published_once_a_minute_and_the_last_state_wins(play: Play):
    await play.connect()
    await opened(play)
    await play.let_pass(minutes=2)
    began = published(play)
    for _again in range(5):
        await play.say("sync")
    play.xero.revoke(play.organisation())
    await play.say("sync")
    await play.say("sync")
    assert published(play) - began <= 1
    await play.let_pass(minutes=1)
    assert published(play) - began <= 2
    assert "Reconnect needed" in seen(play)


async def test_a_press_in_home_is_answered_in_a_dialog(play: Play):
    await play.connect()
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=20)
    await opened(play)
    reply = await play.slack.press(play.slack.home("admin"), "Reconnect")
    assert reply.error is None
    await play.slack.until(lambda: play.slack.modal("admin"))
    assert "/xero/connect/" in json.dumps(play.slack.modal("admin").blocks)


@pytest.mark.parametrize("who", ["guest", "member elsewhere"])
async def test_home_shows_nothing_to_whom_it_does_not_concern(play: Play, who: str):
    play.slack.add_person(Person("member elsewhere", "U0ELSEWHERE", "Elsewhere", "T0SOLIDO", "D0ELSEWHERE"))
    await play.connect()
    page = await opened(play, who)
    assert HARBOUR not in page
    assert ("full members" if who == "guest" else "Three steps to the first sync") in page


async def test_a_member_sees_the_books_and_no_settings(play: Play):
    await play.connect()
    page = await opened(play, "member")
    assert HARBOUR in page
    assert "Settings" not in page


async def test_while_slack_does_not_say_who_somebody_is_home_stays_as_it_was(play: Play):
    await play.connect()
    play.slack.break_next("down", method="users.info", times=None)
    play.world.clock.forward(timedelta(minutes=6))
    await play.slack.open_home("member")
    await play.pass_without_rest(minutes=2)
    assert play.slack.home("member") is None
    play.slack.heal()
    await play.let_pass(minutes=2)
    assert HARBOUR in seen(play, "member")


@pytest.mark.parametrize("told", [("tokens_revoked",), ()], ids=["and said so", "and nobody told us"])
async def test_a_home_of_a_team_that_left_is_let_be_until_it_is_opened_after_another_install(play: Play, told):
    await play.connect()
    await opened(play, "member")
    play.world.clock.forward(timedelta(minutes=6))  # who somebody is has to be asked again
    await play.slack.uninstall(order=told)
    async with play.database.workspace(await workspace_of(play)) as store:
        store.audit.add("U0ADMIN", Did.EXPORTED, at=play.now)
    with capture_logs() as logged:
        await play.pass_without_rest(minutes=12)
    assert [line for line in logged if line["log_level"] in ("error", "critical")] == []
    assert len([line for line in logged if line["event"].startswith(("home.", "slack.person"))]) <= 2, (
        "no endless tries"
    )
    play.slack.token_error = None
    await know_team(play.world.solido.services.installs, play.world.solido.settings)
    assert HARBOUR in await opened(play, "member")


async def settings(play: Play, user: str = "admin", **values: object):
    reply = await play.command("settings", user=user)
    await play.slack.until(lambda: play.slack.modal(user))
    assert reply.error is None
    done = await play.slack.submit(play.slack.modal(user), values, user=user)
    await play.settle()
    return done


async def test_settings_are_kept_and_heeded(play: Play):
    await play.connect()
    done = await settings(play, rhythm="3600", mentions=["U0MEMBER"], admins=["U0MEMBER"], digest="no")
    assert done.error is None
    async with play.database.reading(await workspace_of(play)) as store:
        kept = await store.preferences.get()
        assert (kept.sync_every, kept.mentions, kept.digest) == (3600, ["U0MEMBER"], False)
        assert await store.admins.all() == {"U0MEMBER"}
        before = len(await store.runs.latest(50))
    await play.let_pass(minutes=59)
    async with play.database.reading(await workspace_of(play)) as store:
        assert len(await store.runs.latest(50)) <= before + 1
    assert "Settings" in await opened(play, "member")
    play.xero.revoke(play.organisation())
    play.to_call = {"U0MEMBER"}
    await play.let_pass(minutes=90)
    assert "<@U0MEMBER>" in play.slack.posts[-1].text
    assert [ping.whom for ping in pings(play.slack)] == ["U0MEMBER"], "once, when the trouble began"


async def test_whoever_chooses_a_shared_channel_is_warned(play: Play):
    await play.connect(channel="finance-nz")
    reply = await play.command("settings", channel="finance-nz")
    await play.slack.until(lambda: play.slack.modal("admin"))
    assert reply.error is None
    done = await play.slack.submit(play.slack.modal("admin"), {"channel": "C0FINANCE"}, user="admin")
    assert done.error is None
    said = str(play.slack.modal("admin").blocks)
    assert "The settings are saved." in said
    assert "I tell <#C0FINANCE> how the books stand. People of another company are in this channel" in said


async def test_an_alert_calls_the_user_group_that_was_chosen(play: Play):
    await play.connect()
    said = await play.say("settings mention <!subteam^S0FINANCE|@finance> and @member")
    assert said.text == "When a trouble begins, I mention <!subteam^S0FINANCE> and <@U0MEMBER>."
    await settings(play, mentions=[])
    play.xero.revoke(play.organisation())
    play.to_call = {"S0FINANCE"}
    await play.let_pass(minutes=30)
    assert "For <!subteam^S0FINANCE>" in shown(play.slack.posts[-1]), "the dialog, which shows no groups, keeps them"
    assert [ping.whom for ping in pings(play.slack)] == ["S0FINANCE"]
    assert (await play.say("settings mention nobody")).text == "Alerts mention nobody."
    assert "alerts mention <!subteam^S0FINANCE> → nobody" in (await play.say("history")).text


@pytest.mark.parametrize("typed", ["mention", "mention @finance", "mention <!channel>", "mention everyone", "turn 3"])
async def test_whom_slack_does_not_name_an_alert_cannot_call(play: Play, typed: str):
    await play.connect()
    said = await play.say(f"settings {typed}")
    assert "`/solido settings mention" in said.text
    async with play.database.reading(await workspace_of(play)) as store:
        assert (await store.preferences.get()).mentions == []


async def test_only_admins_choose_whom_alerts_call(play: Play):
    await play.connect()
    assert "Only" in (await play.say("settings mention @member", user="member")).text
    async with play.database.reading(await workspace_of(play)) as store:
        assert (await store.preferences.get()).mentions == []


async def test_history_says_what_was_changed_from_what_to_what(play: Play):
    await play.connect()
    await settings(play)
    assert "changed the settings" not in (await play.say("history")).text, "nothing was"
    wanted = {"rhythm": "3600", "admins": ["U0MEMBER"], "quiet_from": "18:00", "quiet_until": "07:00", "digest": "no"}
    await settings(play, channel="C0FINNZ", mentions=["U0ADMIN", "U0MEMBER"], **wanted)
    assert (
        "changed the settings: channel <#C0FINANCE> → <#C0FINNZ>; automatic syncs as usual → every 60 minutes; "
        "alerts mention nobody → <@U0ADMIN> and <@U0MEMBER>; quiet hours none → 18:00 to 07:00; "
        "further admins nobody → <@U0MEMBER>; Monday summary on → off"
    ) in (await play.say("history", channel="finance-nz")).text


async def test_nothing_is_said_unasked_in_quiet_hours(play: Play):
    await play.connect()
    await settings(play, quiet_from="08:00", quiet_until="12:00")
    posts = len(play.slack.posts)
    play.xero.revoke(play.organisation())
    await play.let_pass(hours=1)
    assert len(play.slack.posts) == posts
    await play.let_pass(hours=3)
    assert "could not be synced" in play.slack.posts[-1].text


async def test_a_channel_that_has_books_of_its_own_is_not_taken(play: Play):
    await play.connect()
    await play.connect("Southern Star Traders", channel="finance-nz")
    done = await settings(play, channel="C0FINNZ")
    assert "keeps the books of another organisation" in done.errors["channel"]


async def test_a_forged_dialog_brings_no_markup_into_messages_and_no_strange_places(play: Play):
    await play.connect()
    workspace_id = await workspace_of(play)
    call = await an_admins_call(play, str(workspace_id))
    forged = {"channel": "C0FINANCE", "mentions": "U0MEMBER,U1> <!channel,*,", "admins": "<@U0>,W0ADDED"}
    await submit(call, "settings", forged, submitter_team="T0SOLIDO")
    async with play.database.reading(workspace_id) as store:
        assert (await store.preferences.get()).mentions == ["U0MEMBER"]
        assert await store.admins.all() == {"W0ADDED"}
    for place in ("", "U0MEMBER", "#finance", "C0 <!channel>"):
        said = await submit(call, "settings", {**forged, "channel": place}, submitter_team="T0SOLIDO")
        assert said.by_block == {"channel": "Choose a channel."}


async def an_admins_call(play: Play, argument: str) -> Call:
    async with play.database.unscoped() as unscoped:
        team = await unscoped.team(enterprise_id="", slack_team_id="T0SOLIDO")
    return Call(play.world.solido.services, known(team), "U0ADMIN", "", argument, play.now)


async def test_a_member_may_not_change_settings(play: Play):
    await play.connect()
    reply = await play.say("settings", user="member")
    assert "Only admins can do that" in reply.text
