"""An emulated Slack whose time the test turns, and a small product of our own behind it."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.slack import FakeSlack

SECRET = "signing-secret-of-the-tests"
TOKEN = "xoxb-token-of-the-tests"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


class Product:
    """A product that remembers what it got and answers what the test set."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.bodies: list[bytes] = []
        self.answer: Any = ""
        self.status = 200
        self.work: Callable[[], Awaitable[None]] | None = None
        self.app = Starlette(routes=[Route("/slack/events", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        self.requests.append(request)
        self.bodies.append(await request.body())
        if self.work is not None:
            await self.work()
        if isinstance(self.answer, str):
            return PlainTextResponse(self.answer, status_code=self.status)
        return JSONResponse(self.answer, status_code=self.status)

    @property
    def form(self) -> dict[str, str]:
        """The last form-encoded body."""
        return dict(parse_qsl(self.bodies[-1].decode(), keep_blank_values=True))

    @property
    def payload(self) -> dict[str, Any]:
        """The last interaction."""
        decoded: dict[str, Any] = json.loads(self.form["payload"])
        return decoded

    @property
    def event(self) -> dict[str, Any]:
        """The last event envelope."""
        decoded: dict[str, Any] = json.loads(self.bodies[-1])
        return decoded


class Api:
    """The Web API, called as the product would."""

    def __init__(self, slack: FakeSlack) -> None:
        transport = httpx.ASGITransport(app=slack.app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://slack.test")

    async def __call__(self, method: str, *, token: str | None = TOKEN, **arguments: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = await self.http.post(f"/api/{method}", json=arguments, headers=headers)
        answer: dict[str, Any] = response.json()
        return answer

    async def post(self, text: str = "Hello", channel: str = "C0FINANCE", **more: Any) -> dict[str, Any]:
        return await self("chat.postMessage", channel=channel, text=text, **more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def product() -> Product:
    return Product()


@pytest.fixture
def slack(clock: Clock, product: Product) -> FakeSlack:
    slack = FakeSlack(signing_secret=SECRET, bot_token=TOKEN, clock=clock, ack_limit=0.2)
    slack.base_url, slack.request_url = "http://slack.test", "http://product.test/slack/events"
    slack.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=product.app))
    return slack


@pytest.fixture
def api(slack: FakeSlack) -> Api:
    return Api(slack)
