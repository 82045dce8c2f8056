"""Somebody from another company, or from another workspace of the installation, gets nothing."""

import pytest

from bot.actions import ACTIONS, press
from bot.commands import COMMANDS, dispatch
from bot.commands.call import Call
from bot.installs import KnownTeam, known
from core.errors import NotYours
from sandbox.slack import Channel, Person
from sandbox.slack import records as slack_records
from tests.stories.play import HARBOUR, MONDAY_MORNING, Play, shown, workspace_of

NO = "That is not available to you here"
THEIR_TOKEN = "xoxb-their-token"


async def another_team(play: Play) -> KnownTeam:
    """A second company that has installed the same Solido."""
    slack = play.slack
    slack.add_team(slack_records.Team("T0STRANGE", "Elsewhere", "elsewhere"), token=THEIR_TOKEN)
    slack.add_person(Person("stranger", "U0STRANGER", "Stranger", "T0STRANGE", "D0STRANGER", is_admin=True))
    slack.add_channel(Channel("strange", "C0STRANGE", "strange", {"U0STRANGER", slack.bot_user_id}), "T0STRANGE")
    installs = play.world.solido.services.installs
    await installs.add_by_token(THEIR_TOKEN, now=MONDAY_MORNING)
    team = await installs.find(enterprise_id="", slack_team_id="T0STRANGE")
    return known(team)


def call_of(play: Play, team: KnownTeam, argument: str = "") -> Call:
    return Call(play.world.solido.services, team, "U0STRANGER", "C0STRANGE", argument, play.now)


async def test_every_command_of_another_company_finds_nothing_of_ours(play: Play):
    await play.connect()
    stranger = await another_team(play)
    for command in sorted(set(COMMANDS) - {"help", "connect"}):
        said = await dispatch(call_of(play, stranger), command)
        assert HARBOUR not in shown(said), command
        assert "No channel is connected to Xero yet." in said.text, command


async def test_connect_of_another_company_makes_a_workspace_of_its_own(play: Play):
    await play.connect()
    stranger = await another_team(play)
    said = await dispatch(call_of(play, stranger), "connect")
    assert HARBOUR not in shown(said)
    async with play.database.unscoped() as unscoped:
        [place] = await unscoped.places(stranger.id)
    assert place.workspace_id != await workspace_of(play)


async def test_every_button_pressed_by_another_company_in_a_shared_channel_does_nothing(play: Play):
    await play.connect()
    alert = await an_alert(play)
    ids = {"reconnect": await connection_id(play), "retry": await connection_id(play)}
    before = await facts(play)
    for name in sorted(ACTIONS):
        value = ids.get(name) or str(await workspace_of(play))
        forged = {
            "type": "block_actions",
            "user": {"id": "U0OUTSIDE", "team_id": "T0OTHER"},
            "team": {"id": "T0SOLIDO", "domain": "harbour-lane"},
            "channel": {"id": "C0FINANCE"},
            "container": {"type": "message", "message_ts": alert.ts, "channel_id": "C0FINANCE"},
            "response_url": "",
            "trigger_id": "1.2.3",
            "api_app_id": "A0SOLIDO",
            "actions": [{"type": "button", "action_id": name, "block_id": "b", "value": value}],
        }
        await play.slack.interaction(forged)
    await play.settle()
    assert await facts(play) == before


async def test_every_button_with_an_id_of_another_companys_workspace_is_refused(play: Play):
    await play.connect()
    stranger = await another_team(play)
    before = await facts(play)
    ids = [await connection_id(play), str(await workspace_of(play))]
    for name in sorted(ACTIONS):
        for value in (*ids, "", "not-an-id", f"status {ids[1]}"):
            with pytest.raises(NotYours):
                await ACTIONS[name].handler(call_of(play, stranger, value))
    assert await facts(play) == before


async def test_the_outsider_in_the_shared_channel_is_told_so(play: Play):
    await play.connect()
    alert = await an_alert(play)
    answer = await play.press(alert, "Reconnect", user="outsider")
    assert NO in answer.text
    assert "/xero/connect/" not in shown(answer)


async def test_choosing_a_workspace_of_another_company_is_refused(play: Play):
    await play.connect()
    chosen = call_of(play, await another_team(play), f"status {await workspace_of(play)}")
    said = await press(chosen, "choose_0", presser_team="T0STRANGE")
    assert NO in said.text
    assert HARBOUR not in shown(said)


async def an_alert(play: Play):
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=16)
    return play.slack.posts[-1]


async def connection_id(play: Play) -> str:
    async with play.database.reading(await workspace_of(play)) as store:
        return str((await store.connections.latest()).id)


async def facts(play: Play) -> tuple:
    """What a stranger must not be able to change."""
    async with play.database.reading(await workspace_of(play)) as store:
        connection = await store.connections.latest()
        runs = await store.runs.latest(50)
        return connection.state, connection.token_version, len(runs), len(play.slack.posts)
