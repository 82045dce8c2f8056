"""login.xero.com: from the authorise link to the redirect with a code, or to a page nobody returns from."""

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.xero import pages
from sandbox.xero.books import Organisation
from sandbox.xero.endpoints import form
from sandbox.xero.identity import PERMISSIONS, Identity, User

FLOW_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Flow:
    """A checked authorise request while the user decides."""

    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str | None
    several: bool
    expires_at: datetime


class Authorise:
    def __init__(
        self,
        identity: Identity,
        organisations: Collection[Organisation],
        *,
        clock: Callable[[], datetime],
        redirect_uris: Collection[str],
        bulk_connect: bool,
        app_name: str,
    ) -> None:
        self._identity, self._organisations, self._clock = identity, organisations, clock
        self._redirect_uris, self._bulk, self._app_name = frozenset(redirect_uris), bulk_connect, app_name
        self._flows: dict[str, Flow] = {}

    def routes(self) -> list[Route]:
        return [
            Route("/identity/connect/authorize", self.begin, methods=["GET"]),
            Route("/identity/connect/authorize", self.go_on, methods=["POST"]),
        ]

    async def begin(self, request: Request) -> Response:
        query = dict(request.query_params)
        wrong = self._wrong_with(query)
        if wrong:
            return pages.error(wrong, str(uuid4()))
        now = self._clock()
        self._flows = {id: flow for id, flow in self._flows.items() if flow.expires_at > now}
        id = secrets.token_urlsafe(16)
        self._flows[id] = Flow(
            query["redirect_uri"],
            tuple(dict.fromkeys(query["scope"].split())),
            query.get("state"),
            query.get("code_challenge"),
            self._bulk and "bulk_connect:false" not in query.get("acr_values", "").split(),
            now + FLOW_LIFE,
        )
        return pages.login(id, [(user.id, user.name) for user in self._identity.users], self._app_name)

    async def go_on(self, request: Request) -> Response:
        """The two pages of buttons: who you are, then what you allow."""
        fields, tenants = await form(request), await _tenants(request)
        flow = self._flows.get(fields.get("flow", ""))
        user = next((each for each in self._identity.users if each.id == fields.get("user")), None)
        if flow is None or flow.expires_at <= self._clock() or user is None:
            return pages.error("This login is over. Go back to the app and start again.", str(uuid4()))
        match fields.get("answer"):
            case "cancel":
                return self._send_back(
                    fields["flow"],
                    flow,
                    {"error": "access_denied", "error_description": "TenantConsent status DENIED"},
                )
            case "allow" if tenants:
                return self._allow(fields["flow"], flow, user, tenants)
            case _:
                return self._ask(fields["flow"], flow, user)

    def _ask(self, id: str, flow: Flow, user: User) -> Response:
        listed = [(each.tenant_id, each.name, self._identity.is_connected(user, each)) for each in self._organisations]
        asked = [PERMISSIONS[scope] for scope in flow.scopes]
        return pages.consent(id, (user.id, user.name), self._app_name, asked, listed, several=flow.several)

    def _allow(self, id: str, flow: Flow, user: User, tenants: list[str]) -> Response:
        chosen = [each for each in self._organisations if each.tenant_id in tenants]
        if not chosen or (len(chosen) > 1 and not flow.several):
            return pages.error("Choose one of your organisations.", str(uuid4()))
        code = self._identity.consented(
            user, chosen, flow.scopes, redirect_uri=flow.redirect_uri, challenge=flow.challenge
        )
        return self._send_back(id, flow, {"code": code})

    def _send_back(self, id: str, flow: Flow, told: Mapping[str, str]) -> Response:
        self._flows.pop(id, None)
        query = dict(told) | ({"state": flow.state} if flow.state is not None else {})
        joint = "&" if urlsplit(flow.redirect_uri).query else "?"
        return RedirectResponse(f"{flow.redirect_uri}{joint}{urlencode(query)}", 302)

    def _wrong_with(self, query: Mapping[str, str]) -> str:
        """What keeps the user on the error page; empty when all is well."""
        if query.get("client_id") != self._identity.client_id:
            return "unauthorized_client : Unknown client or client not enabled"
        uri = query.get("redirect_uri", "")
        if urlsplit(uri).scheme not in ("http", "https") or (self._redirect_uris and uri not in self._redirect_uris):
            return "unauthorized_client : Invalid redirect_uri"
        if query.get("response_type") != "code":
            return "unsupported_response_type : Response type not supported"
        scopes = query.get("scope", "").split()
        if not scopes or any(scope not in PERMISSIONS for scope in scopes):
            return "invalid_scope : Invalid scope"
        if "code_challenge" in query and query.get("code_challenge_method") != "S256":
            return "invalid_request : Transform algorithm not supported"
        return ""


async def _tenants(request: Request) -> list[str]:
    """Every `tenant` of the form: a page with checkboxes sends several."""
    from_form = (await request.body()).decode("utf-8", "replace")
    return [value for name, value in parse_qsl(from_form) if name == "tenant"]
