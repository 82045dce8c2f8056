"""Logging in and refreshing: what is sent, and what each answer of the token endpoint means."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from core import errors
from core.xero.oauth import READ_SCOPES, WRITE_SCOPES, Grant, XeroLogin, auth_event
from sandbox.xero import FakeXero

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CALLBACK = "https://solido.example.com/xero/callback"
VERIFIER = "v" * 64
TOKEN = {"access_token": "access", "refresh_token": "refresh", "expires_in": 1800, "token_type": "Bearer"}


@asynccontextmanager
async def login(transport: httpx.AsyncBaseTransport, *, secret: str = "s3cret") -> AsyncIterator[XeroLogin]:
    made = XeroLogin(
        client_id="app",
        client_secret=secret,
        login_url="https://login.xero.com/",
        identity_url="https://identity.xero.com/",
        redirect_uri=CALLBACK,
        scopes=WRITE_SCOPES,
        transport=transport,
    )
    yield made
    await made.close()


def answering(answer: Callable[[httpx.Request], httpx.Response] | httpx.Response) -> httpx.MockTransport:
    return httpx.MockTransport(answer if callable(answer) else lambda _request: answer)


def a_xero() -> FakeXero:
    return FakeXero(clock=lambda: NOW, client_id="app", client_secret="s3cret", redirect_uris=[CALLBACK])


async def a_code(xero: FakeXero, login: XeroLogin) -> str:
    url = login.authorize_url(state="a state", verifier=VERIFIER)
    back = await xero.consent(url, organisations=[xero.add_organisation("Acme")])
    return parse_qs(urlsplit(back).query)["code"][0]


async def test_the_way_to_xero_carries_state_scopes_and_a_challenge_but_not_the_verifier() -> None:
    async with login(answering(httpx.Response(500))) as it:
        url = it.authorize_url(state="a state", verifier=VERIFIER)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    assert url.startswith("https://login.xero.com/identity/connect/authorize?")
    assert asked == {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": CALLBACK,
        "scope": WRITE_SCOPES,
        "state": "a state",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    assert VERIFIER not in url


def test_only_granular_scopes_are_asked_for_and_reading_asks_for_none_to_write() -> None:
    assert "accounting.transactions" not in WRITE_SCOPES
    assert all(scope.endswith(".read") or scope == "offline_access" for scope in READ_SCOPES.split())
    assert set(WRITE_SCOPES.split()) - set(READ_SCOPES.split()) == {"accounting.invoices"}


async def test_a_code_becomes_a_grant_that_knows_its_consent() -> None:
    xero = a_xero()
    async with login(httpx.ASGITransport(app=xero.app)) as it:
        grant = await it.exchange(await a_code(xero, it), verifier=VERIFIER, now=NOW)
    assert grant.expires_at == NOW + timedelta(minutes=30)
    assert grant.access_token in xero.identity.access_tokens
    assert grant.refresh_token in xero.identity.refresh_tokens
    assert grant.auth_event_id == xero.identity.connections[0].event_id


async def test_a_code_works_once() -> None:
    xero = a_xero()
    async with login(httpx.ASGITransport(app=xero.app)) as it:
        code = await a_code(xero, it)
        await it.exchange(code, verifier=VERIFIER, now=NOW)
        with pytest.raises(errors.PermissionEnded):
            await it.exchange(code, verifier=VERIFIER, now=NOW)


async def test_a_code_without_its_verifier_is_worth_nothing() -> None:
    xero = a_xero()
    async with login(httpx.ASGITransport(app=xero.app)) as it:
        code = await a_code(xero, it)
        with pytest.raises(errors.PermissionEnded):
            await it.exchange(code, verifier="w" * 64, now=NOW)


async def test_a_refresh_gives_a_new_pair() -> None:
    xero = a_xero()
    async with login(httpx.ASGITransport(app=xero.app)) as it:
        first = await it.exchange(await a_code(xero, it), verifier=VERIFIER, now=NOW)
        second = await it.refresh(first.refresh_token, now=NOW)
    assert len({first.access_token, second.access_token, first.refresh_token, second.refresh_token}) == 4


async def test_a_wrong_client_secret_is_the_operators_to_mend_and_no_reason_to_connect_again() -> None:
    xero = a_xero()
    async with login(httpx.ASGITransport(app=xero.app), secret="wrong") as it:
        with pytest.raises(errors.Misconfigured):
            await it.refresh("refresh", now=NOW)


@pytest.mark.parametrize("way", ["exchange", "refresh"])
async def test_the_client_shows_itself_with_basic_and_never_in_the_body_or_address(way: str) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=TOKEN)

    async with login(answering(answer)) as it:
        await (it.refresh("old", now=NOW) if way == "refresh" else it.exchange("code", verifier=VERIFIER, now=NOW))
    [request] = seen
    assert (request.method, str(request.url)) == ("POST", "https://identity.xero.com/connect/token")
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"app:s3cret").decode()
    body = parse_qs(request.content.decode())
    assert "client_secret" not in body
    assert body["grant_type"] == ["refresh_token" if way == "refresh" else "authorization_code"]
    if way == "exchange":
        assert (body["code_verifier"], body["redirect_uri"]) == ([VERIFIER], [CALLBACK])


def refused(error: str, status: int = 400) -> httpx.Response:
    return httpx.Response(status, json={"error": error, "error_description": "words"})


@pytest.mark.parametrize(
    ("answer", "means"),
    [
        (refused("invalid_grant"), errors.PermissionEnded),
        (refused("invalid_grant", 401), errors.PermissionEnded),
        (refused("invalid_client"), errors.Misconfigured),
        (refused("invalid_client", 401), errors.Misconfigured),
        (refused("unauthorized_client"), errors.Misconfigured),
        (refused("unsupported_grant_type"), errors.Misconfigured),
        (refused("invalid_scope"), errors.Misconfigured),
        (refused("temporarily_unavailable"), errors.XeroUnavailable),
        (refused("invalid_grant", 500), errors.XeroUnavailable),
        (httpx.Response(429, headers={"Retry-After": "60"}), errors.XeroUnavailable),
        (httpx.Response(500), errors.XeroUnavailable),
        (httpx.Response(503, text="The Xero API is temporarily unavailable"), errors.XeroUnavailable),
        (httpx.Response(200, html="<!doctype html><html></html>"), errors.XeroUnreadable),
        (httpx.Response(403, html="<html>Blocked</html>"), errors.XeroUnreadable),
        (httpx.Response(200, content=b""), errors.XeroUnreadable),
        (httpx.Response(200, json=[]), errors.XeroUnreadable),
        (httpx.Response(200, json={"token_type": "Bearer"}), errors.XeroUnreadable),
        (httpx.Response(200, json=TOKEN | {"expires_in": "soon"}), errors.XeroUnreadable),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example.com"}), errors.XeroUnreadable),
    ],
)
async def test_each_answer_of_the_token_endpoint_has_its_meaning(
    answer: httpx.Response, means: type[errors.XeroError]
) -> None:
    async with login(answering(answer)) as it:
        with pytest.raises(errors.XeroError) as met:
            await it.refresh("old", now=NOW)
    assert type(met.value) is means


@pytest.mark.parametrize("failure", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
async def test_a_line_that_breaks_means_that_xero_is_unavailable(failure: type[httpx.TransportError]) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        raise failure("broken")

    async with login(answering(answer)) as it:
        with pytest.raises(errors.XeroUnavailable):
            await it.refresh("old", now=NOW)


async def test_refreshes_of_many_customers_at_once_are_never_mixed_up() -> None:
    """The client is shared, and remembers the token it saw last."""

    async def answer(request: httpx.Request) -> httpx.Response:
        old = parse_qs(request.content.decode())["refresh_token"][0]
        await asyncio.sleep(0.001 * (int(old) % 5))
        return httpx.Response(200, json=TOKEN | {"access_token": f"a{old}", "refresh_token": f"r{old}"})

    async with login(httpx.MockTransport(answer)) as it:
        grants = await asyncio.gather(*(it.refresh(str(index), now=NOW) for index in range(50)))
    assert [(grant.access_token, grant.refresh_token) for grant in grants] == [(f"a{i}", f"r{i}") for i in range(50)]


def test_a_grant_never_shows_its_tokens() -> None:
    grant = Grant("AAA", "RRR", NOW, "event")
    assert "AAA" not in f"{grant} {grant!r}"
    assert "RRR" not in f"{grant} {grant!r}"


def jwt(claims: Any) -> str:
    return f"head.{base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b'=').decode()}.sign"


@pytest.mark.parametrize(
    ("token", "event"),
    [
        (jwt({"authentication_event_id": "3f8a"}), "3f8a"),
        (jwt({"authentication_event_id": None}), None),
        (jwt({"other": 1}), None),
        (jwt([]), None),
        ("opaque", None),
        ("a.b.c", None),
        ("a.é.c", None),
        ("", None),
    ],
)
def test_the_consent_is_read_from_the_access_token_where_it_is_there(token: str, event: str | None) -> None:
    assert auth_event(token) == event
