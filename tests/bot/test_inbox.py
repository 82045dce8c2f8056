"""Many requests at once: acknowledged soon, and what cannot wait is begun at once."""

import asyncio
import json
from collections.abc import AsyncIterator
from time import monotonic
from urllib.parse import urlencode

import pytest
from starlette.requests import Request
from starlette.responses import Response

from bot.inbox import FEW, Inbox
from core.lull import Lull
from storage.database import Database

HANDLING_SECONDS = 0.4


class Handling:
    """Takes its time over each request, and keeps when each was begun."""

    def __init__(self) -> None:
        self.begun: list[float] = []
        self.one_is_begun = asyncio.Event()

    async def __call__(self, _request: Request) -> Response:
        self.begun.append(monotonic())
        self.one_is_begun.set()
        await asyncio.sleep(HANDLING_SECONDS)
        return Response("done")


@pytest.fixture
async def database(migrated_sqlite_url: str) -> AsyncIterator[Database]:
    it = Database(migrated_sqlite_url)
    yield it
    await it.close()


def a_request(form: dict[str, str]) -> Request:
    body = urlencode(form).encode()

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"x-slack-signature", form["payload"].encode() if "payload" in form else form["trigger_id"].encode()),
    ]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}, receive)


def a_press(number: int) -> Request:
    return a_request({"payload": json.dumps({"type": "block_actions", "trigger_id": f"press {number}"})})


def a_command(number: int, text: str = "status") -> Request:
    address = "http://localhost:9/"
    return a_request({"command": "/solido", "text": text, "trigger_id": f"command {number}", "response_url": address})


def an_inbox(database: Database, handling: Handling, monkeypatch: pytest.MonkeyPatch) -> Inbox:
    """One whose answers that come later go nowhere."""
    inbox = Inbox(database, None, None, handling, None, Lull())  # type: ignore[arg-type]
    monkeypatch.setattr(inbox, "_deliver", nothing)
    return inbox


async def at_once(database: Database, handling: Handling, requests: list[Request], monkeypatch: pytest.MonkeyPatch):
    """Return when each was begun and when each was acknowledged, in seconds from the first."""
    inbox = an_inbox(database, handling, monkeypatch)
    began, acknowledged = monotonic(), []

    async def take(request: Request) -> None:
        await inbox.take(request)
        acknowledged.append(monotonic() - began)

    await asyncio.gather(*map(take, requests))
    await inbox.drain()
    return [at - began for at in handling.begun], acknowledged


async def nothing(*_about: object) -> None:
    """An answer that comes later goes nowhere here."""


async def test_of_many_presses_each_is_begun_at_once_for_a_dialog_does_not_wait(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, acknowledged = await at_once(database, Handling(), [a_press(n) for n in range(12)], monkeypatch)
    assert len(begun) == 12
    assert max(begun) < HANDLING_SECONDS
    assert max(acknowledged) < 2 * HANDLING_SECONDS + 1


async def test_a_command_that_opens_a_dialog_is_begun_at_once_and_acknowledged_without_a_word(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    handling = Handling()
    inbox = an_inbox(database, handling, monkeypatch)
    began = monotonic()
    words = ["Settings", " hold", "support", "forget"]
    answers = await asyncio.gather(*(inbox.take(a_command(n, words[n % len(words)])) for n in range(12)))
    await inbox.drain()
    assert max(handling.begun) - began < HANDLING_SECONDS
    assert {answer.body for answer in answers} == {b""}, "the first few as soon as there are many"


async def test_of_many_commands_each_is_acknowledged_before_most_are_begun(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, acknowledged = await at_once(database, Handling(), [a_command(n) for n in range(12)], monkeypatch)
    assert len(begun) == len(acknowledged) == 12
    assert sorted(acknowledged)[8] < sorted(begun)[11]
    assert max(begun) < 12 * HANDLING_SECONDS / 2, "one that waits for Slack does not keep the others"


async def test_a_few_wait_for_their_answers(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = an_inbox(database, Handling(), monkeypatch)
    answers = await asyncio.gather(*(inbox.take(a_command(number)) for number in range(FEW)))
    await inbox.drain()
    assert [answer.body for answer in answers] == [b"done"] * FEW


async def test_who_waits_for_an_answer_waits_no_more_once_there_are_many(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    handling = Handling()
    inbox = an_inbox(database, handling, monkeypatch)
    first = asyncio.ensure_future(inbox.take(a_command(0)))
    await handling.one_is_begun.wait()
    others = [asyncio.ensure_future(inbox.take(a_command(number))) for number in range(1, FEW + 1)]
    answers = await asyncio.gather(first, *others)
    await inbox.drain()
    assert answers[0].body != b"done"
    assert len(handling.begun) == FEW + 1, "each is answered, later"


async def test_while_others_wait_to_be_acknowledged_an_answer_that_may_follow_is_not_begun(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    handling = Handling()
    inbox = an_inbox(database, handling, monkeypatch)
    monkeypatch.setattr("bot.inbox.LULL_SECONDS", 60.0)
    first = [asyncio.ensure_future(inbox.take(a_command(number))) for number in range(6)]
    with inbox._lull.disturbed():
        await asyncio.wait(first, timeout=HANDLING_SECONDS)
        assert len(handling.begun) == FEW, "those that are answered each in its own time"
    await asyncio.gather(*first)
    await inbox.drain()
    assert len(handling.begun) == 6


async def test_whoever_stops_has_all_of_them_begun(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    handling = Handling()
    inbox = an_inbox(database, handling, monkeypatch)
    taking = [asyncio.ensure_future(inbox.take(a_command(number))) for number in range(30)]
    await asyncio.wait(taking[:5], timeout=2)
    await inbox.drain()
    await asyncio.gather(*taking)
    await inbox.drain()
    assert len(handling.begun) == 30


async def test_whoever_stops_does_not_wait_for_a_quiet_moment(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    handling = Handling()
    inbox = an_inbox(database, handling, monkeypatch)
    monkeypatch.setattr("bot.inbox.LULL_SECONDS", 60.0)
    taking = [asyncio.ensure_future(inbox.take(a_command(number))) for number in range(12)]
    with inbox._lull.disturbed():
        await asyncio.wait(taking, timeout=2)
        await inbox.drain()
        assert len(handling.begun) == 12
    await asyncio.gather(*taking)
