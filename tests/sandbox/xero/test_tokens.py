"""Codes, pairs, rotation and grace at the token endpoint."""

import base64
import hashlib

import pytest

from sandbox.xero import Switches
from tests.sandbox.xero.visitor import SCOPES, Visitor, claims

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


async def test_the_answer_has_the_fields_of_the_real_one(visitor):
    tokens = await visitor.connect()
    assert set(tokens) == {"id_token", "access_token", "expires_in", "token_type", "refresh_token", "scope"}
    assert (tokens["expires_in"], tokens["token_type"], tokens["scope"]) == (1800, "Bearer", SCOPES)


async def test_a_code_works_once(visitor):
    code = await visitor.code()
    assert (await visitor.exchange(code)).status_code == 200
    again = await visitor.exchange(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


async def test_a_code_lives_five_minutes(visitor):
    early, late = await visitor.code(), await visitor.code()
    visitor.clock.forward(minutes=4, seconds=59)
    assert (await visitor.exchange(early)).status_code == 200
    visitor.clock.forward(seconds=1)
    assert (await visitor.exchange(late)).json()["error"] == "invalid_grant"


async def test_a_code_belongs_to_its_redirect_address(visitor):
    answer = await visitor.exchange(await visitor.code(), redirect_uri="https://solido.example.com/other")
    assert answer.json()["error"] == "invalid_grant"


async def test_a_challenge_is_answered_by_its_verifier_only(visitor):
    good = await visitor.exchange(await visitor.code(**PKCE), code_verifier=VERIFIER)
    wrong = await visitor.exchange(await visitor.code(**PKCE), code_verifier="w" * 43)
    absent = await visitor.exchange(await visitor.code(**PKCE))
    assert [good.status_code, wrong.status_code, absent.status_code] == [200, 400, 400]


async def test_a_wrong_secret_is_invalid_client_and_leaves_the_code_usable(visitor):
    code = await visitor.code()
    body = {"grant_type": "authorization_code", "code": code, "redirect_uri": "x"}
    answer = await visitor.http.post("/connect/token", data=body, auth=("app", "wrong"))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")
    assert (await visitor.exchange(code)).status_code == 200


async def test_the_secret_may_come_in_the_body(visitor):
    tokens = await visitor.connect()
    body = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    answer = await visitor.http.post("/connect/token", data=body | {"client_id": "app", "client_secret": "s3cret"})
    assert answer.status_code == 200


async def test_another_grant_type_is_named_unsupported(visitor):
    answer = await visitor.http.post("/connect/token", data={"grant_type": "password"}, auth=("app", "s3cret"))
    assert answer.json()["error"] == "unsupported_grant_type"


async def test_without_offline_access_there_is_no_refresh_token(visitor):
    tokens = await visitor.connect(scope="accounting.invoices.read")
    assert "refresh_token" not in tokens
    assert "id_token" not in tokens


async def test_the_event_id_is_on_the_access_token_and_not_on_the_id_token(visitor):
    tokens = await visitor.connect()
    inside = claims(tokens["access_token"])
    assert inside["iss"] == "https://identity.xero.com"
    assert inside["scope"] == SCOPES.split()
    assert inside["exp"] - inside["nbf"] == 1800
    assert {"xero_userid", "authentication_event_id", "client_id", "sub", "jti"} <= set(inside)
    assert "authentication_event_id" not in claims(tokens["id_token"])


async def test_each_refresh_gives_a_new_pair(visitor):
    first = await visitor.connect()
    second = (await visitor.refresh()).json()
    assert first["access_token"] != second["access_token"]
    assert first["refresh_token"] != second["refresh_token"]


async def test_a_used_refresh_token_works_for_thirty_more_minutes(visitor):
    token = (await visitor.connect())["refresh_token"]
    await visitor.refresh(token)
    visitor.clock.forward(minutes=30)
    assert (await visitor.refresh(token)).status_code == 200
    visitor.clock.forward(seconds=1)
    answer = await visitor.refresh(token)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_an_unused_refresh_token_lives_sixty_days(visitor):
    token = (await visitor.connect())["refresh_token"]
    visitor.clock.forward(days=60, seconds=-1)
    newer = (await visitor.refresh(token)).json()["refresh_token"]
    visitor.clock.forward(days=60)
    assert (await visitor.refresh(newer)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(("survives", "expected"), [(True, 200), (False, 400)])
async def test_whether_the_first_pair_survives_a_second_refresh_is_a_switch(survives, expected):
    visitor = Visitor(switches=Switches(first_pair_survives=survives))
    token = (await visitor.connect())["refresh_token"]
    first = (await visitor.refresh(token)).json()
    await visitor.refresh(token)
    assert (await visitor.refresh(first["refresh_token"])).status_code == expected


async def test_killed_refresh_tokens_are_refused_and_a_new_consent_helps(visitor):
    await visitor.connect()
    visitor.xero.kill_refresh_tokens()
    assert (await visitor.refresh()).json()["error"] == "invalid_grant"
    await visitor.connect()
    assert (await visitor.refresh()).status_code == 200


async def test_revocation_ends_the_token_and_every_connection_of_the_user(visitor):
    other = visitor.xero.add_organisation("Other")
    await visitor.connect(other)
    tokens = await visitor.connect()
    answer = await visitor.http.post(
        "/connect/revocation", data={"token": tokens["refresh_token"]}, auth=("app", "s3cret")
    )
    assert (answer.status_code, answer.content) == (200, b"")
    assert await visitor.connections() == []
    assert (await visitor.refresh()).json()["error"] == "invalid_grant"


async def test_refreshing_works_while_the_organisation_is_disconnected(visitor):
    await visitor.connect()
    visitor.xero.revoke(visitor.acme)
    visitor.tokens = (await visitor.refresh()).json()
    assert (await visitor.get("/api.xro/2.0/Organisation")).status_code == 403
