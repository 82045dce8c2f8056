"""NUL, which PostgreSQL cannot store: wherever it comes in, the sign for an unreadable character is kept instead."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr

from bot.settings import Settings
from core.vault import new_key
from sandbox.clock import VirtualClock
from sandbox.world import World
from sandbox.xero import demo_ledger
from sandbox.xero.webhooks import deliver, sign
from tests.engines import InlineEngine
from tests.stories.conftest import performed
from tests.stories.play import Play, shown, workspace_of
from tests.stories.reminding import london, owes
from tests.stories.test_installing import install, team_of
from tests.stories.test_requests import a_command, send, signed

FORM = "application/x-www-form-urlencoded"
KEY = "webhook-key"


@pytest.fixture
async def play(whole_url: str) -> AsyncIterator[Play]:
    async with performed(whole_url, london) as play:
        yield play


async def notes(play: Play) -> list[str]:
    async with play.database.reading(await workspace_of(play)) as store:
        return [hold.note for hold in await store.holds.live()]


async def test_in_what_is_typed(play: Play):
    owes(play)
    await play.connect()
    assert "I know no invoice" in (await play.say("why INV\x00-1")).text
    assert "No reminders about" in (await play.say("hold INV-1 because of\x00the phone")).text
    assert await notes(play) == ["of\ufffdthe phone"]
    assert "of\ufffdthe phone" in shown(await play.say("why INV-1"))


@pytest.mark.parametrize("nul", [b"%00", b"\x00"])
async def test_in_the_bytes_of_a_form(play: Play, nul: bytes):
    owes(play)
    await play.connect()
    body = a_command("hold INV-1 because of the phone").replace(b"of+the", b"of" + nul + b"the")
    body = body.replace(b"trigger_id=", b"trigger_id=" + nul)
    answer = await send(play, body, signed(body))
    assert (answer.status_code, "No reminders about" in answer.text) == (200, True)
    assert await notes(play) == ["of\ufffdthe phone"]


async def test_in_a_dialog(play: Play):
    owes(play)
    await play.connect()
    await play.say("hold")
    dialog = play.slack.modal()
    reply = await play.slack.submit(dialog, {"target": "INV-1\x00"})
    assert reply.errors == {"target": "I know no invoice and no customer called INV-1\ufffd."}
    reply = await play.slack.submit(dialog, {"target": "INV-1", "note": "of\x00the \\u0000 phone"})
    assert reply.error is None
    assert await notes(play) == ["of\ufffdthe \\u0000 phone"]


async def test_in_the_ids_of_a_press_and_an_event(play: Play):
    """Slack gives those; whatever it is, it is none that we know."""
    await play.connect()
    press = {
        "type": "block_actions",
        "team": {"id": "T0SOLIDO"},
        "user": {"id": "U\x00", "team_id": "T0SOLIDO"},
        "channel": {"id": "C\x00"},
        "trigger_id": "1\x00",
        "actions": [{"action_id": "sync\x00", "value": "\x00", "type": "button"}],
    }
    event = {
        "type": "event_callback",
        "team_id": "T0SOLIDO",
        "event_id": "Ev\x00",
        "event": {"type": "app_home_opened", "user": "U\x00", "tab": "home"},
    }
    elsewhere = event | {"team_id": "T\x00", "event_id": "Ev2", "event": {"type": "app_uninstalled"}}
    bodies = [(urlencode({"payload": json.dumps(press)}).encode(), FORM)]
    bodies += [(json.dumps(each).encode(), "application/json") for each in (event, elsewhere)]
    for body, kind in bodies:
        assert (await send(play, body, signed(body, kind=kind))).status_code == 200, body


async def test_in_the_name_of_a_team_that_installs_it(whole_url: str):
    async with performed(whole_url, demo_ledger, many_teams=True) as play:
        play.slack.team = replace(play.slack.team, name="Harbour\x00Lane")
        assert (await install(play)).status_code == 200
        assert (await team_of(play)).name == "Harbour\ufffdLane"


class Subscribed(World):
    def settings(self) -> Settings:
        return super().settings().model_copy(update={"xero_webhook_key": SecretStr(KEY)})


async def test_in_a_webhook_of_xeros(whole_url: str):
    event = {
        "resourceId": "6f1d4b46-6a3a-4b6f-9d5e-0c1f0c7a1a11",
        "tenantId": "acme\x00",
        "eventCategory": "INVOICE",
        "eventDateUtc": "2026-11-20\x00",
    }
    told = {"events": [event], "firstEventSequence": 1, "lastEventSequence": 1}
    clock = VirtualClock(datetime(2026, 11, 20, 12, tzinfo=UTC))
    world = Subscribed(clock, whole_url, demo_ledger, engine=InlineEngine(), keys=new_key())
    await world.start()
    async with httpx.AsyncClient() as http:
        status = await deliver(http, f"{world.product_at.url}/xero/webhooks", sign(json.dumps(told).encode(), KEY))
    await world.stop()
    assert status == 200
