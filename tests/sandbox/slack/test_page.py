"""The page's server: what it tells, and whom it refuses."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.page import app as page_app
from sandbox.page import page
from sandbox.slack import FakeSlack
from sandbox.story import Line

from .conftest import Api, Clock, Product
from .said import actions, button, section

STATIC = Path(page_app.__file__).parent / "static"
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture
def desk(slack: FakeSlack, clock: Clock) -> httpx.AsyncClient:
    async def forward(seconds: int) -> list[Line]:
        clock.forward(seconds=seconds)
        return [Line("note", f"{seconds} seconds passed")]

    async def clock_change() -> list[Line]:
        return [Line("note", "The clocks changed")]

    async def xero(request: Any) -> JSONResponse:
        return JSONResponse({"organisations": []})

    routes = [Route("/desk/xero/state", xero)]
    links = {"Xero": "http://127.0.0.1:9/"}
    app = page(
        slack,
        clock=clock,
        forward=forward,
        clock_change=clock_change,
        extra_routes=routes,
        links=links,
        stream_seconds=0.2,
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost:8000")


async def act(desk: httpx.AsyncClient, **order: Any) -> httpx.Response:
    return await desk.post("/desk/slack/act", json={"as": "admin", **order})


async def state(desk: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await desk.get("/desk/slack/state", params=query)).json()
    return answer


async def test_the_page_brings_everything_it_needs(desk: httpx.AsyncClient):
    html = (await desk.get("/")).text
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', html):
        assert (await desk.get(path)).status_code == 200


async def test_the_page_allows_no_script_or_style_but_its_own(desk: httpx.AsyncClient):
    response = await desk.get("/")
    assert response.headers["content-security-policy"].startswith("default-src 'self'")
    assert not re.search(r"<style|style=|<script(?![^>]*src=)|\son\w+=", response.text)


@pytest.mark.parametrize("script", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_no_script_writes_markup(script: Path):
    code = script.read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", code)


@pytest.mark.parametrize("host", ["example.com", "localhost.example.com", "10.0.0.7:8000", "", "[::2]:8000", "[bad"])
async def test_another_host_name_is_refused(desk: httpx.AsyncClient, host: str):
    assert (await desk.get("/desk/slack/state", headers={"host": host})).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000"])
async def test_this_machine_is_welcome_under_its_names(desk: httpx.AsyncClient, host: str):
    assert (await desk.get("/", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json", "origin": "https://example.com"},
        {"content-type": "application/json", "origin": "null"},
        {"content-type": "text/plain"},
        {},
    ],
)
async def test_an_order_from_elsewhere_is_refused(
    desk: httpx.AsyncClient, slack: FakeSlack, headers: Mapping[str, str]
):
    body = b'{"action": "say", "as": "admin", "channel": "finance", "text": "x"}'
    assert (await desk.post("/desk/slack/act", content=body, headers=headers)).status_code == 403
    assert slack.messages == []


async def test_the_xero_desk_stands_behind_the_same_guard(desk: httpx.AsyncClient):
    assert (await desk.get("/desk/xero/state")).status_code == 200
    assert (await desk.get("/desk/xero/state", headers={"host": "example.com"})).status_code == 403


async def test_a_command_typed_on_the_page_reaches_the_product(desk: httpx.AsyncClient, product: Product):
    await act(desk, action="say", channel="finance", text="/solido sync Acme")
    assert product.form["text"] == "sync Acme"


async def test_slacks_own_words_come_when_the_product_fails(desk: httpx.AsyncClient, product: Product):
    product.status = 500
    await act(desk, action="say", channel="finance", text="/solido sync")
    seen = await state(desk, channel="finance")
    assert seen["messages"][-1]["text"] == '/solido failed with the error "dispatch_failed"'


async def test_what_is_only_visible_to_one_is_not_shown_to_another(desk: httpx.AsyncClient, product: Product):
    product.answer = "For you"
    await act(desk, action="say", channel="finance", text="/solido help")
    assert [m["ephemeral"] for m in (await state(desk, **{"as": "admin"}))["messages"]] == [True]
    assert (await state(desk, **{"as": "member"}))["messages"] == []


async def test_a_button_on_the_page_is_pressed(desk: httpx.AsyncClient, api: Api, product: Product):
    await api.post(blocks=[section(), actions(button("Go", action_id="go"), block_id="row")])
    [message] = (await state(desk))["messages"]
    assert (await act(desk, action="press", target=message["ts"], element="row/go")).status_code == 200
    assert product.payload["actions"][0]["action_id"] == "go"


async def test_an_impossible_order_is_explained(desk: httpx.AsyncClient):
    answer = await act(desk, action="press", target="1.1", element="go")
    assert (answer.status_code, answer.json()) == (400, {"error": "That is not there any more."})


@pytest.mark.parametrize("body", ["", "[]", "7", "{", '{"action": []}', '{"action": "say", "text": 7}'])
async def test_junk_is_refused_and_nothing_breaks(desk: httpx.AsyncClient, body: str):
    headers = {"content-type": "application/json"}
    assert (await desk.post("/desk/slack/act", content=body, headers=headers)).status_code == 400


async def test_hostile_text_travels_as_text(desk: httpx.AsyncClient, api: Api):
    await api.post(HOSTILE)
    response = await desk.get("/desk/slack/state")
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.json()["messages"][0]["text"] == HOSTILE


async def test_what_people_type_is_escaped_as_slack_does(desk: httpx.AsyncClient, slack: FakeSlack):
    await act(desk, action="say", channel="finance", text="<!channel> a < b")
    assert slack.messages[0].text == "&lt;!channel&gt; a &lt; b"


async def test_a_channel_one_is_not_in_stays_closed(desk: httpx.AsyncClient):
    answer = await desk.get("/desk/slack/state", params={"as": "guest", "channel": "finance-nz"})
    assert answer.status_code == 400


async def test_time_goes_forward_and_tells_what_happened(desk: httpx.AsyncClient):
    answer = await desk.post("/desk/time", json={"forward_seconds": 900})
    assert answer.json()["now"] == "2026-03-02T09:15:00+00:00"
    assert [line["text"] for line in answer.json()["happened"]] == ["900 seconds passed"]


async def test_a_night_with_a_clock_change_can_be_asked_for(desk: httpx.AsyncClient):
    answer = await desk.post("/desk/time", json={"to": "clock-change"})
    assert [line["text"] for line in answer.json()["happened"]] == ["The clocks changed"]


@pytest.mark.parametrize("seconds", [-1, 1.5, True, "900", None, 10**9])
async def test_time_goes_only_forward_and_not_too_far(desk: httpx.AsyncClient, seconds: object):
    assert (await desk.post("/desk/time", json={"forward_seconds": seconds})).status_code == 400


async def test_a_change_is_told_to_the_page(desk: httpx.AsyncClient, api: Api):
    await api.post()
    told = await desk.get("/desk/events", headers={"last-event-id": "0"})
    assert told.headers["content-type"].startswith("text/event-stream")
    assert "event: changed" in told.text
