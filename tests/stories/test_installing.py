"""Many teams install one Solido, each on its own; and leave it, in any order, and come back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from sqlalchemy import text

from bot.installs import NoToken
from bot.scopes import SCOPES
from sandbox.slack import Channel, Person
from sandbox.slack import records as slack_records
from sandbox.xero import demo_ledger
from storage.models import ConnectionState
from tests.stories.conftest import performed
from tests.stories.play import HARBOUR, Play, link_in, shown, words

SECOND = "T0SECOND"


@pytest.fixture
async def play(whole_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Play]:
    """Nobody has installed anything yet. The keys are in the environment too, where Bolt looks by itself."""
    monkeypatch.setenv("SLACK_CLIENT_ID", "from the environment")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "from the environment")
    async with performed(whole_sqlite_url, demo_ledger, many_teams=True) as play:
        two_teams(play)
        yield play


def two_teams(play: Play) -> None:
    slack = play.slack
    slack.add_team(slack_records.Team(SECOND, "Second & Sons", "second"))
    slack.add_person(Person("chief", "U0CHIEF", "Chief", SECOND, "D0CHIEF", is_admin=True))
    slack.add_person(Person("clerk", "U0CLERK", "Clerk", SECOND, "D0CLERK"))
    members = {"U0CHIEF", "U0CLERK", slack.bot_user_id}
    slack.add_channel(Channel("money", "C0MONEY", "money", members), SECOND)


def base(play: Play) -> str:
    return play.world.product_at.url


async def leave_for_slack(play: Play, **query: str) -> str:
    gone = await play.browser.get(f"{base(play)}/slack/install", params=query)
    assert gone.status_code == 303, gone.text
    return gone.headers["location"]


async def install(play: Play, user: str = "admin", **query: str) -> httpx.Response:
    back = play.slack.install(await leave_for_slack(play, **query), user=user)
    return await play.browser.get(back)


async def team_of(play: Play, slack_team_id: str = "T0SOLIDO", enterprise_id: str = ""):
    async with play.database.asking() as unscoped:
        return await unscoped.team(enterprise_id=enterprise_id, slack_team_id=slack_team_id)


def asked(play: Play, method: str) -> int:
    return sum(call.method == method for call in play.slack.calls)


async def test_from_the_install_link_to_the_first_sync(play: Play):
    away = await leave_for_slack(play)
    query = {name: found[0] for name, found in parse_qs(urlsplit(away).query).items()}
    assert query["scope"].split(",") == list(SCOPES)
    assert query["redirect_uri"] == f"{base(play)}/slack/oauth_redirect"
    page = await play.browser.get(play.slack.install(away))
    assert page.status_code == 200
    assert "Solido is installed in Harbour Lane" in words(page)
    [hello] = play.slack.posts
    assert hello.channel == play.slack.person("admin").dm
    for step in ("/invite @Solido", "/solido connect", "Log in to Xero"):
        assert step in hello.text
    await play.connect()
    assert "First sync done" in play.slack.posts[-1].text
    assert asked(play, "auth.test") == 1, "asked once, when it was installed"


async def test_whoever_installed_it_may_connect_without_being_an_admin_of_slack(play: Play):
    await install(play, "clerk")
    assert "/xero/connect/" in shown(await play.slack.command("connect", user="clerk", channel="money"))


async def test_two_teams_have_nothing_of_each_other(play: Play):
    await install(play)
    await install(play, "chief")
    await play.connect()
    theirs = await play.slack.command("status", user="chief", channel="money")
    assert HARBOUR not in shown(theirs)
    assert "No channel is connected to Xero yet." in theirs.text
    await play.connect("Southern Star Traders", user="chief", channel="money")
    assert {post.channel for post in play.slack.posts[-2:]} == {"C0MONEY"}
    ours, theirs = await team_of(play), await team_of(play, SECOND)
    installs = play.world.solido.services.installs
    tokens = [await installs.token(team) for team in (ours, theirs)]
    assert len(set(tokens)) == 2
    ours.bot_token_sealed = theirs.bot_token_sealed
    with pytest.raises(NoToken):  # sealed for its own row
        await installs.token(ours)


async def test_a_token_is_nowhere_in_the_database_as_it_is(play: Play):
    play.slack.installing.rotating = True
    await install(play)
    token = await play.world.solido.services.installs.token(await team_of(play))
    async with play.database.engine.connect() as connection:
        rows = repr((await connection.execute(text("SELECT * FROM team"))).all())
    assert len(token) > 150
    assert token not in rows
    assert "xoxe-1-" not in rows


async def told_later(play: Play, command: str) -> str:
    reply = await play.slack.command(command)
    await play.slack.until(lambda: reply.later)
    return reply.later[0].text


async def nothing_is_installed(play: Play) -> bool:
    return await team_of(play) is None


async def test_pressing_cancel_in_slack_gets_a_page(play: Play):
    page = await play.browser.get(play.slack.install(await leave_for_slack(play), allow=False))
    assert page.status_code == 400
    assert "it was not allowed in Slack" in words(page)
    assert await nothing_is_installed(play)


async def test_a_state_is_good_once(play: Play):
    back = play.slack.install(await leave_for_slack(play))
    assert (await play.browser.get(back)).status_code == 200
    again = await play.browser.get(back)
    assert again.status_code == 400
    assert "used already" in words(again)


async def test_a_state_is_good_in_its_own_browser_only(play: Play):
    back = play.slack.install(await leave_for_slack(play))
    async with httpx.AsyncClient() as elsewhere:
        page = await elsewhere.get(back)
    assert page.status_code == 400
    assert await nothing_is_installed(play)
    assert (await play.browser.get(back)).status_code == 200, "a stranger's try must not use it up"


async def test_two_at_once_with_one_state_install_once(play: Play):
    back = play.slack.install(await leave_for_slack(play))
    pages = await asyncio.gather(play.browser.get(back), play.browser.get(back))
    assert sorted(page.status_code for page in pages) == [200, 400]


async def test_a_state_lives_ten_minutes(play: Play):
    back = play.slack.install(await leave_for_slack(play))
    play.world.clock.forward(timedelta(minutes=11))
    assert (await play.browser.get(back)).status_code == 400


@pytest.mark.parametrize("team", ["T1&user_scope=admin", "t0solido", "C0FINANCE", "T", "T" * 100, "<script>", "é"])
async def test_a_team_that_is_none_never_reaches_slack(play: Play, team: str):
    page = await play.browser.get(f"{base(play)}/slack/install", params={"team": team})
    assert page.status_code == 400
    assert "This link is not right" in words(page)
    assert "<script>" not in page.text


async def test_a_team_that_is_one_is_passed_on(play: Play):
    away = await leave_for_slack(play, team="T0SOLIDO")
    assert parse_qs(urlsplit(away).query)["team"] == ["T0SOLIDO"]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"code": "not-the-code"}, "Slack did not confirm it."),
        ({"code": ""}, "it was not allowed in Slack"),
        ({"state": "wrong"}, "used already"),
        ({"error": "server_error", "code": ""}, "it was not allowed in Slack"),
    ],
)
async def test_whatever_comes_back_gets_a_page(play: Play, sent: dict[str, str], said: str):
    back = urlsplit(play.slack.install(await leave_for_slack(play)))
    query = {name: found[0] for name, found in parse_qs(back.query).items()} | sent
    page = await play.browser.get(f"{base(play)}{back.path}?{urlencode(query)}")
    assert page.status_code == 400
    assert said in words(page)
    assert "/slack/install" in words(page)
    assert await nothing_is_installed(play)


@pytest.mark.parametrize("kind", ["down", "cut", "ratelimited", "internal_error"])
async def test_while_slack_is_not_well_installing_gets_a_page(play: Play, kind: str):
    back = play.slack.install(await leave_for_slack(play))
    play.slack.break_next(kind, method="oauth.v2.access")
    page = await play.browser.get(back)
    assert page.status_code == 400
    assert "Solido was not installed" in words(page)
    assert await nothing_is_installed(play)


async def test_missing_permissions_are_named(play: Play):
    away = await leave_for_slack(play)
    less = away.replace("users%3Aread", "team%3Aread")
    page = await play.browser.get(play.slack.install(less))
    assert "users:read" in words(page)
    assert await nothing_is_installed(play)


async def test_the_first_message_comes_later_when_slack_is_down(play: Play):
    back = play.slack.install(await leave_for_slack(play))
    play.slack.break_next("down", method="chat.postMessage", times=2)
    assert (await play.browser.get(back)).status_code == 200
    assert play.slack.posts == []
    for _tick in range(3):
        await play.world.solido.installing.greet()
    assert len(play.slack.posts) == 1


async def test_tokens_are_renewed_in_time_by_one_at_a_time(play: Play):
    play.slack.installing.rotating = True
    await install(play)
    await play.connect()
    before, installs = asked(play, "oauth.v2.access"), play.world.solido.services.installs
    play.world.clock.forward(timedelta(hours=11, minutes=45))
    team = await team_of(play)
    tokens = await asyncio.gather(*(installs.token(team) for _ in range(8)))
    assert asked(play, "oauth.v2.access") == before + 1
    play.world.clock.forward(timedelta(hours=5))
    assert HARBOUR in (await play.slack.command("status")).text
    assert await installs.token(await team_of(play)) in tokens


async def test_a_message_in_the_background_renews_the_token_itself(play: Play):
    play.slack.installing.rotating = True
    await install(play)
    await play.connect()
    play.world.clock.forward(timedelta(hours=30))
    await play.settle()
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=16)
    assert "Solido was disconnected in Xero" in play.slack.posts[-1].text


async def test_while_slack_does_not_renew_the_token_it_is_used_to_its_end(play: Play):
    play.slack.installing.rotating = True
    await install(play)
    play.slack.break_next("down", method="oauth.v2.access", times=None)
    play.world.clock.forward(timedelta(hours=11, minutes=45))
    installs, team = play.world.solido.services.installs, await team_of(play)
    assert await installs.token(team)
    play.slack.heal()
    assert await installs.token(await team_of(play))
    assert (await team_of(play)).token_expires_at > play.now + timedelta(hours=11)


ORDERS = [
    ("app_uninstalled", "tokens_revoked"),
    ("tokens_revoked", "app_uninstalled"),
    ("app_uninstalled", "app_uninstalled", "tokens_revoked", "tokens_revoked"),
    ("tokens_revoked",),
]


@pytest.mark.parametrize("order", ORDERS, ids=", ".join)
async def test_removing_the_app_stops_everything_and_installing_again_goes_on(play: Play, order: tuple[str, ...]):
    await install(play)
    await play.connect()
    organisation = play.organisation()
    await play.slack.command("sync")  # under way, and told nowhere
    await play.slack.uninstall(order=order)
    await play.settle()
    assert not play.xero.is_connected(organisation)
    said, calls = len(play.slack.posts), len(play.xero.requests)
    await play.let_pass(hours=2, step=timedelta(minutes=15))
    assert (len(play.slack.posts), len(play.xero.requests)) == (said, calls)
    assert "not installed in your workspace" in await told_later(play, "status")

    play.world.clock.forward(timedelta(minutes=1))
    await install(play)
    back = play.slack.posts[-1]
    assert "Solido is back" in back.text
    assert "<#C0FINANCE>" in back.text
    status = await play.say("status")
    assert HARBOUR in status.text
    assert "Disconnected" in status.text
    await play.reconnect(link_in(await play.say("connect")), organisation)
    assert play.xero.is_connected(organisation)
    assert "Connected again" in shown(play.slack.posts[-2])


async def test_a_word_about_an_older_installation_does_not_stop_the_new_one(play: Play):
    await install(play)
    late = {"event_time": int(play.now.timestamp())}
    play.world.clock.forward(timedelta(minutes=5))
    await install(play)
    await play.connect()
    envelope = {"type": "event_callback", "team_id": "T0SOLIDO", "event_id": "Ev0LATE", **late}
    await play.slack.event({**envelope, "event": {"type": "app_uninstalled"}})
    assert (await team_of(play)).gone_at is None
    assert HARBOUR in (await play.say("status")).text


async def test_tokens_of_people_are_none_of_ours(play: Play):
    await install(play)
    await play.slack.event({"type": "tokens_revoked", "tokens": {"oauth": ["U0ADMIN"], "bot": []}})
    assert (await team_of(play)).gone_at is None


async def test_an_event_that_could_not_be_worked_on_is_taken_when_it_comes_again(play: Play):
    await install(play)
    event = {"type": "event_callback", "team_id": "T0SOLIDO", "event_id": "Ev0TWICE"}
    event |= {"event_time": int(play.now.timestamp()) + 1, "event": {"type": "app_uninstalled"}}
    async with play.database.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE team RENAME TO hidden"))
    play.slack.ack_limit = 30
    assert (await play.slack.event(event)).status in (500, 503)
    await play.world.solido.inbox.drain()
    async with play.database.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE hidden RENAME TO team"))
    assert (await play.slack.event(event, retry=1)).status == 200
    assert (await team_of(play)).gone_at is not None


async def test_other_teams_go_on_when_one_leaves(play: Play):
    await install(play)
    await install(play, "chief")
    await play.connect()
    await play.connect("Southern Star Traders", user="chief", channel="money")
    await play.slack.uninstall()
    await play.settle()
    assert "Southern Star Traders" in (await play.say("sync", user="chief", channel="money")).text
    assert play.slack.posts[-1].channel == "C0MONEY"


async def test_an_organisation_installs_it_once_for_all_of_its_workspaces(play: Play):
    slack = play.slack
    slack.installing.enterprise_id = "E0ORG"
    page = await install(play)
    assert "Solido is installed in Organisation" in words(page)
    slack.tokens |= dict.fromkeys(slack.tokens, "T0SOLIDO")
    await play.connect()
    assert (await team_of(play, "T0SOLIDO", "E0ORG")).served_by == (await team_of(play, "", "E0ORG")).id
    revoked = {"type": "team_access_revoked", "team_ids": ["T0SOLIDO"]}
    await play.slack.event(revoked)
    await play.slack.event(revoked)
    await play.settle()
    assert not play.xero.is_connected(play.organisation())
    assert "not installed in your workspace" in await told_later(play, "status")
    await play.slack.event({"type": "team_access_granted", "team_ids": ["T0SOLIDO"]})
    assert HARBOUR in (await play.say("status")).text
    await slack.uninstall()
    gone = [await team_of(play, "", "E0ORG"), await team_of(play, "T0SOLIDO", "E0ORG")]
    assert all(team.gone_at for team in gone)


async def an_organisation(play: Play) -> None:
    """One installation for all of its teams, of which the first has connected #finance."""
    play.slack.installing.enterprise_id = "E0ORG"
    await install(play)
    play.slack.tokens |= dict.fromkeys(play.slack.tokens, "T0SOLIDO")
    await play.connect()


WORDS = {
    "access": {"type": "team_access_revoked", "team_ids": ["T0SOLIDO"]},
    "app": {"type": "app_uninstalled"},
    "tokens": {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0SOLIDO"]}},
}


@pytest.mark.parametrize("order", ["access app tokens", "tokens access app access", "app app tokens access tokens"])
async def test_an_organisation_may_leave_in_any_order_of_words(play: Play, order: str):
    await an_organisation(play)
    whole = {"authorizations": [{"is_enterprise_install": True}], "enterprise_id": "E0ORG", "team_id": "T0SOLIDO"}
    for number, word in enumerate(order.split()):
        envelope = {"type": "event_callback", "event_id": f"Ev{number}", "event_time": int(play.now.timestamp())}
        assert (await play.slack.event({**envelope, **whole, "event": WORDS[word]})).status == 200
    await play.settle()
    assert not play.xero.is_connected(play.organisation())
    assert all([(await team_of(play, team, "E0ORG")).gone_at for team in ("", "T0SOLIDO")])
    said, calls = len(play.slack.posts), len(play.xero.requests)
    await play.let_pass(hours=1, step=timedelta(minutes=20))
    assert (len(play.slack.posts), len(play.xero.requests)) == (said, calls)


async def test_whoever_shares_a_channel_with_an_organisation_is_a_stranger_to_it(play: Play):
    await an_organisation(play)
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=20)
    [alert] = [one for one in play.slack.posts if "Reconnect" in str(one.blocks)]
    for button in ("Reconnect", "I'm on it"):
        reply = await play.slack.press(alert, button, user="outsider")
        await play.slack.until(lambda reply=reply: reply.later)
        assert "not available to you here" in reply.later[-1].text
    assert "is on it" not in alert.text


async def test_over_one_socket_each_of_several_teams_is_answered_for_its_own(whole_sqlite_url: str):
    about = {"many_teams": True, "socket_mode": True}
    async with performed(whole_sqlite_url, demo_ledger, **about) as play:
        two_teams(play)
        await install(play)
        await install(play, "chief")
        await play.connect()
        assert HARBOUR in (await play.say("status")).text
        other = await play.say("status", user="chief", channel="money")
        assert HARBOUR not in shown(other)
        assert "`/solido connect`" in shown(other)
        button = await play.slack.press((await play.say("disconnect")).message, "Disconnect")
        await play.slack.until(lambda: button.later)
        assert "Disconnected from" in shown(button.later[-1]) or "disconnect" in shown(button.later[-1]).lower()


async def test_where_solido_belongs_to_one_team_there_is_nothing_to_install(whole_sqlite_url: str):
    async with performed(whole_sqlite_url, demo_ledger) as play:
        for path in ("/slack/install", "/slack/oauth_redirect"):
            page = await play.browser.get(base(play) + path)
            assert page.status_code == 404
            assert "belongs to one Slack workspace already" in words(page)


async def test_a_connection_cannot_be_finished_for_a_team_that_left_meanwhile(play: Play):
    await install(play)
    page = await play.walk_through_xero(link_in(await play.command("connect")), play.organisation())
    await play.slack.uninstall()
    answer = await play.confirm(page, play.organisation())
    assert answer.status_code == 400
    team = await team_of(play)
    async with play.database.asking() as unscoped:
        [place] = await unscoped.places(team.id)
        connection = await unscoped.within(place.workspace_id).connections.latest()
    assert connection is None or connection.state == ConnectionState.DISCONNECTED
