"""Over Socket Mode Slack needs no address of ours: the same requests take the same way, down a line that we open."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import make_url
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.app import Role, Solido
from bot.doctor import examine
from bot.doctor.finding import Health
from bot.socket_mode import SocketMode
from bot.starting import CannotStart
from sandbox.world import APP_TOKEN
from sandbox.xero import demo_ledger
from tests.engines import InlineEngine
from tests.stories.conftest import performed
from tests.stories.play import HARBOUR, Play, shown


@pytest.fixture
async def play(whole_template: Path, whole_sqlite_url: str) -> AsyncIterator[Play]:
    shutil.copyfile(whole_template, make_url(whole_sqlite_url).database or "")
    async with performed(whole_sqlite_url, demo_ledger, socket_mode=True) as play:
        yield play


async def until_open_again(play: Play) -> None:
    """Reconnecting takes the client up to five real seconds."""
    sockets = play.slack.sockets
    await play.slack.until(lambda: sockets.opened == 2 and len(sockets.lines) == 1, within=20)


async def test_a_command_a_button_and_a_dialog_are_answered_over_the_socket(play: Play):
    await play.connect()
    status = await play.say("status", user="member")
    assert status.response_type == "ephemeral"
    assert HARBOUR in status.text
    assert "Connected" in shown(status)

    question = await play.say("disconnect")
    assert "Nothing was changed." in (await play.press(question.message, "Cancel")).text

    await play.say("hold")
    dialog = play.slack.modal()
    assert dialog is not None
    assert (await play.slack.submit(dialog, {"target": "INV-9999"})).errors == {
        "target": "I know no invoice and no customer called INV-9999."
    }
    dialog = play.slack.modal()
    assert dialog is not None
    number = play.organisation().outstanding()[0].number
    assert (await play.slack.submit(dialog, {"target": number})).error is None
    assert "*Holds* • invoice, disputed, by <@U0ADMIN>" in (await play.say(f"why {number}")).text


async def test_a_stranger_is_refused_as_over_http(play: Play):
    await play.connect()
    reply = await play.say("sync", user="guest")
    assert "full members" in reply.text


async def test_an_event_that_comes_twice_is_worked_on_once(play: Play):
    event = {
        "type": "event_callback",
        "event_id": "Ev1",
        "team_id": "T0SOLIDO",
        "event": {"type": "app_home_opened", "user": "U0ADMIN", "channel": "D0ADMIN", "tab": "home"},
    }
    assert [(await play.slack.event(event, retry=n, reason="timeout")).error for n in (0, 1)] == [None, None]
    await play.settle()
    assert [call.method for call in play.slack.calls].count("views.publish") == 1


async def test_slack_ends_a_line_and_another_one_is_opened(play: Play):
    await play.slack.sockets.hang_up()
    await until_open_again(play)
    assert "`/solido connect`" in (await play.say("help")).text


async def test_over_http_nobody_can_pass_for_slack(play: Play):
    answer = await play.browser.post(f"{play.world.product_at.url}/slack/events", content=b"command=%2Fsolido")
    assert answer.status_code == 401


async def test_a_line_that_breaks_is_opened_again(play: Play):
    await play.slack.sockets.cut()
    await until_open_again(play)
    assert "`/solido connect`" in (await play.say("help")).text


async def test_what_is_under_way_is_acknowledged_before_the_line_ends(play: Play):
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def take(_request: Request) -> Response:
        begun.set()
        await may_end.wait()
        return JSONResponse({"text": "done"})

    await play.world.solido.socket_mode.stop()
    await play.slack.until(lambda: not play.slack.sockets.lines)
    client = AsyncWebClient(base_url=play.world.solido.settings.slack_api_url)
    line = SocketMode(client, APP_TOKEN, "a secret", take)
    await line.start()
    asked = asyncio.ensure_future(play.slack.command("help"))
    await begun.wait()
    ended = asyncio.ensure_future(line.stop())
    await asyncio.sleep(0)
    may_end.set()
    await ended
    assert (await asked).text == "done"


async def test_ready_only_while_the_line_is_open(play: Play):
    assert (await play.browser.get(f"{play.world.product_at.url}/readyz")).json()["slack"] is True
    await play.world.solido.socket_mode.stop()
    assert await play.world.solido.socket_mode.is_open() is False
    await play.slack.until(lambda: not play.slack.sockets.lines)
    assert (await play.slack.command("help")).error == "dispatch_failed"
    assert (await play.browser.get(f"{play.world.product_at.url}/readyz")).status_code == 503


async def test_the_doctor_says_whether_slack_gives_us_a_line(play: Play):
    settings = play.world.solido.settings
    lines = len(play.slack.sockets.lines)
    said = {each.what: each for each in await examine(settings)}
    assert said["socket"].health == Health.OK
    assert len(play.slack.sockets.lines) == lines
    wrong = settings.model_copy(update={"slack_app_token": SecretStr("xapp-wrong")})
    said = {each.what: each for each in await examine(wrong)}
    assert said["socket"].health == Health.BROKEN
    assert "connections:write" in said["socket"].do


async def test_a_token_that_slack_does_not_know_is_said_in_a_sentence(play: Play):
    settings = play.world.solido.settings.model_copy(update={"slack_app_token": SecretStr("xapp-wrong")})
    other = Solido(settings, roles=frozenset([Role.WEB]), engine=InlineEngine())
    with pytest.raises(CannotStart, match=r"does not accept SLACK_APP_TOKEN.*\(invalid_auth\)"):
        await other.start()
