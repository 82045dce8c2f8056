"""Each request of Slack's is done once and acknowledged in time, whatever our database and Slack are doing."""

import asyncio
import hashlib
import hmac
import json
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlencode

import httpx

from bot.sent import read
from sandbox.world import SIGNING_SECRET
from tests.stories.play import HARBOUR, Play, shown, workspace_of

FORM = "application/x-www-form-urlencoded"


def signed(body: bytes, *, at: float | None = None, kind: str = FORM) -> dict[str, str]:
    stamp = str(int(at if at is not None else time.time()))
    mac = hmac.new(SIGNING_SECRET.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={mac}", "content-type": kind}


def a_command(text: str, **fields: str) -> bytes:
    about = {
        "command": "/solido",
        "text": text,
        "team_id": "T0SOLIDO",
        "channel_id": "C0FINANCE",
        "user_id": "U0ADMIN",
        "trigger_id": "1.2.abc",
        "response_url": "",
    }
    return urlencode(about | fields).encode()


async def send(play: Play, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return await play.browser.post(f"{play.world.product_at.url}/slack/events", content=body, headers=headers)


async def runs(play: Play) -> int:
    async with play.database.reading(await workspace_of(play)) as store:
        return len(await store.runs.latest(50))


async def test_the_same_signed_request_sent_again_does_nothing_and_tells_nothing(play: Play):
    await play.connect()
    body = a_command("sync")
    headers = signed(body)
    before = await runs(play)
    assert HARBOUR in (await send(play, body, headers)).text
    await play.settle()
    again = await send(play, body, headers)
    await play.settle()
    assert (again.status_code, again.text) == (200, "")
    assert await runs(play) == before + 1


async def test_the_same_request_ten_times_at_once_is_done_once(play: Play):
    await play.connect()
    body = a_command("status")
    headers = signed(body)
    answers = await asyncio.gather(*(send(play, body, headers) for _ in range(10)))
    assert sum(HARBOUR in answer.text for answer in answers) == 1
    assert all(answer.status_code == 200 for answer in answers)


async def test_a_request_signed_anew_around_an_old_trigger_does_nothing(play: Play):
    await play.connect()
    body = a_command("status")
    assert HARBOUR in (await send(play, body, signed(body))).text
    assert (await send(play, body, signed(body, at=time.time() - 30))).text == ""


async def test_what_has_been_seen_is_forgotten_when_it_can_not_come_again(play: Play):
    await play.connect()
    body = a_command("status")
    await send(play, body, signed(body))
    await play.world.solido.inbox.tidy()
    assert (await send(play, body, signed(body))).text == ""
    play.world.clock.forward(timedelta(minutes=11))
    await play.world.solido.inbox.tidy()
    async with play.database.unscoped() as unscoped:
        assert await unscoped.seen.forget_old(now=play.now + timedelta(days=2)) == 0


def test_an_event_is_known_by_its_id_for_a_day_and_by_its_signature():
    event = json.dumps({"type": "event_callback", "event_id": "Ev1"}).encode()
    first = read({"content-type": "application/json", "x-slack-signature": "v0=1"}, event)
    retried = read({"content-type": "application/json", "x-slack-signature": "v0=2"}, event)
    [shared] = set(first.keys) & set(retried.keys)
    assert first.keys[shared] == timedelta(hours=24)


@asynccontextmanager
async def a_stuck_database(play: Play) -> AsyncIterator[sqlite3.Connection]:
    """Somebody holds SQLite's one write lock."""
    other = sqlite3.connect(play.database.url.database or "", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        if other.in_transaction:
            other.execute("ROLLBACK")
        other.close()


async def test_while_the_database_is_slow_a_command_is_acknowledged_and_its_answer_follows(play: Play):
    await play.connect()
    async with a_stuck_database(play) as other:
        began = time.monotonic()
        reply = await play.slack.command("status")
        assert time.monotonic() - began < 3
        assert reply.error is None
        assert reply.text == "I am on it: the answer follows here in a moment."
        other.execute("ROLLBACK")
    await play.slack.until(lambda: reply.later, within=10)
    [answer] = reply.later
    assert HARBOUR in answer.text
    assert answer.ephemeral_to == "U0ADMIN"


async def test_of_many_commands_at_once_each_is_acknowledged_soon_and_each_has_its_answer(play: Play):
    await play.connect()
    replies = await asyncio.gather(*(play.slack.command("status") for _ in range(30)))
    assert [reply.error for reply in replies] == [None] * 30
    waiting = [reply for reply in replies if HARBOUR not in reply.text]
    assert waiting, "so many at once are more than a few"
    assert {reply.text for reply in waiting} == {"I am on it: the answer follows here in a moment."}
    await play.slack.until(lambda: all(reply.later for reply in waiting), within=20)
    assert all(HARBOUR in answer.text for reply in waiting for answer in reply.later)
    assert [len(reply.later) for reply in waiting] == [1] * len(waiting)


async def test_while_the_database_is_slow_a_press_is_acknowledged_and_its_answer_follows(play: Play):
    await play.connect()
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=16)
    async with a_stuck_database(play) as other:
        reply = await play.slack.press(play.slack.posts[-1], "Reconnect")
        assert reply.error is None
        other.execute("ROLLBACK")
    await play.slack.until(lambda: reply.later, within=10)
    assert "/xero/connect/" in shown(reply.later[-1])


async def test_an_answer_that_slack_wants_later_comes_later(play: Play):
    await play.connect()
    play.xero.revoke(play.organisation())
    await play.let_pass(minutes=16)
    play.slack.break_next("ratelimited", method="response_url", retry_after=1)
    reply = await play.slack.press(play.slack.posts[-1], "Reconnect")
    await play.slack.until(lambda: reply.later, within=10)
    assert len(reply.later) == 1


async def test_a_channel_that_slack_wants_left_alone_is_left_alone(play: Play):
    await play.connect()
    await play.connect("Southern Star Traders", channel="finance-nz")
    said = len(play.slack.posts)
    play.slack.break_next("ratelimited", method="chat.postMessage", retry_after=30)
    asked = len([call for call in play.slack.calls if call.method == "chat.postMessage"])
    await play.slack.command("sync")
    asked_whether = await play.slack.command("disconnect")
    await play.slack.press(asked_whether.message, "Disconnect")
    for _second in range(29):
        await play._every_tick()
        play.world.clock.forward(timedelta(seconds=1))
    calls = [call for call in play.slack.calls if call.method == "chat.postMessage"][asked:]
    assert [call.error for call in calls] == ["ratelimited"], "nothing more was tried there within the thirty seconds"
    play.world.clock.forward(timedelta(seconds=2))
    await play.settle()
    assert len(play.slack.posts) == said + 2
