"""Installing the app: the page that asks, and `oauth.v2.access`.

Source: docs.slack.dev/authentication/installing-with-oauth. What Slack does not document is chosen: a code lives ten
minutes and is good once, and so is a refresh token.
"""

import base64
import secrets
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from .chat import Arguments
from .records import ApiError, Code, Person
from .world import World

CODE_LIFE = timedelta(minutes=10)
TOKEN_SECONDS = 43_200


def decide(world: World, query: Arguments, person: Person, *, allow: bool = True) -> str:
    """Return where the browser is sent after somebody pressed Allow or Cancel; LookupError for a wrong request."""
    desk = world.installing
    if query.get("client_id") != desk.client_id:
        raise LookupError("bad_client_id")
    if query.get("user_scope"):
        raise LookupError("nobody asked for user scopes")
    back = {"state": str(query.get("state") or "")}
    redirect_uri = str(query.get("redirect_uri") or "")
    if not allow:
        return f"{redirect_uri}?{urlencode({**back, 'error': 'access_denied'})}"
    code = f"{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
    lives_until = world.clock() + CODE_LIFE
    desk.codes[code] = Code(person, redirect_uri, str(query.get("scope") or ""), desk.enterprise_id, lives_until)
    return f"{redirect_uri}?{urlencode({**back, 'code': code})}"


async def page(world: World, request: Request) -> Response:
    """Allow or Cancel, as each person who could."""
    query = dict(request.query_params)
    rows = [
        f'<li>{escape(person.name)}: <a href="{escape(decide(world, query, person))}">Allow</a> '
        f'<a href="{escape(decide(world, query, person, allow=False))}">Cancel</a></li>'
        for person in world.people.values()
        if not person.is_restricted
    ]
    return HTMLResponse(f"<h1>Solido wants to be installed</h1><ul>{''.join(rows)}</ul>")


def access(world: World, request: Request, arguments: Arguments) -> dict[str, Any]:
    """`oauth.v2.access`: a code, or a refresh token, for a bot token."""
    desk = world.installing
    sent = request.headers.get("authorization", "").removeprefix("Basic ")
    if base64.b64decode(sent.encode()).decode() != f"{desk.client_id}:{desk.client_secret}":
        raise ApiError("bad_client_secret")
    if arguments.get("grant_type") == "refresh_token":
        team_id = desk.refresh.pop(str(arguments.get("refresh_token")), None)
        if team_id is None:
            raise ApiError("invalid_refresh_token")
        return {**new_token(world, team_id), "token_type": "bot", "team": {"id": team_id}}
    code = desk.codes.pop(str(arguments.get("code")), None)
    if code is None or world.clock() > code.expires_at:
        raise ApiError("invalid_code")
    if code.redirect_uri != arguments.get("redirect_uri"):
        raise ApiError("bad_redirect_uri")
    return installed(world, code)


def installed(world: World, code: Code) -> dict[str, Any]:
    person = code.person
    team = world.team_with(person.team_id)
    if person.team_id == world.team.id:
        world.token_error = None
    enterprise = {"id": code.enterprise_id, "name": "Organisation"} if code.enterprise_id else None
    return {
        **new_token(world, person.team_id),
        "token_type": "bot",
        "scope": code.scope,
        "bot_user_id": world.bot_user_id,
        "app_id": world.app_id,
        "team": None if enterprise else {"id": team.id, "name": team.name},
        "enterprise": enterprise,
        "is_enterprise_install": enterprise is not None,
        "authed_user": {"id": person.id},
    }


def new_token(world: World, team_id: str) -> dict[str, Any]:
    desk = world.installing
    token = f"xoxe.xoxb-{secrets.token_hex(80)}" if desk.rotating else f"xoxb-{secrets.token_hex(20)}"
    world.tokens[token] = team_id
    if not desk.rotating:
        return {"access_token": token}
    renewal = f"xoxe-1-{secrets.token_hex(70)}"
    desk.refresh[renewal] = team_id
    desk.expires[token] = world.clock() + timedelta(seconds=TOKEN_SECONDS)
    return {"access_token": token, "refresh_token": renewal, "expires_in": TOKEN_SECONDS}


def check_age(world: World, token: str) -> None:
    expires = world.installing.expires.get(token)
    if expires is not None and world.clock() >= expires:
        raise ApiError("token_expired")
