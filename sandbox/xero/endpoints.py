"""The token, revocation and connections endpoints over HTTP."""

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.xero.identity import AccessToken, Connection, Identity, OAuthError
from sandbox.xero.refusals import RefusedError, forbidden, not_found, unauthorized
from sandbox.xero.switches import Switches

NO_STORE = {"Cache-Control": "no-store, no-cache, max-age=0", "Pragma": "no-cache"}


def bearer(request: Request, identity: Identity, clock: Callable[[], datetime]) -> AccessToken:
    """The access token of the request; raises the 401 that Xero would answer."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    found = identity.access_tokens.get(token.strip()) if kind.lower() == "bearer" else None
    if found is None or found.dead:
        raise unauthorized("AuthenticationUnsuccessful")
    if found.expires_at <= clock():
        raise unauthorized(f"TokenExpired: token expired at {found.expires_at:%m/%d/%Y %H:%M:%S}")
    return found


async def form(request: Request) -> dict[str, str]:
    """The url-encoded body; of a name given twice the last one counts."""
    body = await request.body()
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


class Endpoints:
    def __init__(self, identity: Identity, *, clock: Callable[[], datetime], switches: Switches) -> None:
        self._identity, self._clock, self._switches = identity, clock, switches

    def routes(self) -> list[Route]:
        return [
            Route("/connect/token", self.token, methods=["POST"]),
            Route("/connect/revocation", self.revocation, methods=["POST"]),
            Route("/connections", self.connections, methods=["GET"]),
            Route("/connections/{id}", self.disconnect, methods=["DELETE"]),
        ]

    async def token(self, request: Request) -> Response:
        fields = await form(request)
        try:
            self._check_client(request, fields)
            answer = self._grant(fields)
        except OAuthError as refused:
            return JSONResponse({"error": refused.error}, 400, headers=NO_STORE)
        return JSONResponse(answer, headers=NO_STORE | {"Vary": "Accept-Encoding"})

    def _grant(self, fields: dict[str, str]) -> dict[str, Any]:
        match fields.get("grant_type"):
            case "authorization_code":
                return self._identity.exchange(
                    fields.get("code", ""),
                    redirect_uri=fields.get("redirect_uri", ""),
                    verifier=fields.get("code_verifier"),
                )
            case "refresh_token":
                return self._identity.refresh(fields.get("refresh_token", ""))
            case _:
                raise OAuthError("unsupported_grant_type")

    async def revocation(self, request: Request) -> Response:
        fields = await form(request)
        try:
            self._check_client(request, fields)
        except OAuthError as refused:
            return JSONResponse({"error": refused.error}, 400, headers=NO_STORE)
        self._identity.revoke(fields.get("token", ""))
        return Response(b"", 200)

    async def connections(self, request: Request) -> Response:
        correlation = str(uuid4())
        query = {name.lower(): value for name, value in request.query_params.items()}
        try:
            token = bearer(request, self._identity, self._clock)
        except RefusedError as refused:
            return _marked(refused.answer(correlation), correlation)
        found = self._identity.live_connections(token.grant.user, query.get("autheventid"))
        return _marked(JSONResponse([connection_json(each) for each in found]), correlation)

    async def disconnect(self, request: Request) -> Response:
        correlation = str(uuid4())
        try:
            token = bearer(request, self._identity, self._clock)
            done = self._disconnect(token, request.path_params["id"])
        except RefusedError as refused:
            return _marked(refused.answer(correlation), correlation)
        answer = Response(status_code=204) if done else not_found(correlation, self._switches)
        return _marked(answer, correlation)

    def _disconnect(self, token: AccessToken, id: str) -> bool:
        """Only by the connection's own id; the tenant's or the event's id is refused with 403."""
        for connection in self._identity.live_connections(token.grant.user):
            if id == connection.id:
                connection.live = False
                return True
            if id in (connection.organisation.tenant_id, connection.event_id):
                raise forbidden()
        return False

    def _check_client(self, request: Request, fields: dict[str, str]) -> None:
        client_id, secret = _basic(request.headers.get("authorization", ""))
        if client_id is None:
            client_id, secret = fields.get("client_id"), fields.get("client_secret")
        if not self._identity.knows_client(client_id or "", secret or ""):
            raise OAuthError("invalid_client")


def _basic(header: str) -> tuple[str | None, str | None]:
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return None, None
    try:
        name, _, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def connection_json(connection: Connection) -> dict[str, str]:
    return {
        "id": connection.id,
        "authEventId": connection.event_id,
        "tenantId": connection.organisation.tenant_id,
        "tenantType": "ORGANISATION",
        "tenantName": connection.organisation.name,
        "createdDateUtc": seven_digits(connection.created_at),
        "updatedDateUtc": seven_digits(connection.updated_at),
    }


def seven_digits(moment: datetime) -> str:
    """UTC without a zone, seven fraction digits, as .NET writes it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0"


def _marked(response: Response, correlation: str) -> Response:
    response.headers["Xero-Correlation-Id"] = correlation
    return response
