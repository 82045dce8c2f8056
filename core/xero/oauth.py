"""Logging in to Xero and keeping the permission fresh. Authlib lives only here."""

import warnings
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
from authlib.deprecate import AuthlibDeprecationWarning

from core.errors import Misconfigured, PermissionEnded, XeroError, XeroUnavailable, XeroUnreadable
from core.tracing import span
from core.xero.http import TIMEOUT, trusted

with warnings.catch_warnings():
    # Authlib urges everybody on to httpx2; the design names httpx, and a test sees that httpx2 stays out.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.base_client.errors import OAuthError
    from authlib.integrations.httpx_client import AsyncOAuth2Client

AUTHORIZE = "/identity/connect/authorize"
TOKEN = "/connect/token"  # a path

READ_SCOPES = (
    "offline_access accounting.invoices.read accounting.payments.read accounting.contacts.read accounting.settings.read"
)
WRITE_SCOPES = READ_SCOPES.replace("accounting.invoices.read", "accounting.invoices")

OUR_FAULT = {"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "invalid_request"}


class Grant(msgspec.Struct, frozen=True):
    """A permission as Xero gives it. `expires_at` (aware UTC) is the access token's end. Its repr shows no secret."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    auth_event_id: str | None = None

    def __repr__(self) -> str:
        return f"<Grant until {self.expires_at.isoformat()}>"


class XeroLogin:
    """Xero's log-in and token endpoints for this installation's app."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        login_url: str,
        identity_url: str,
        redirect_uri: str,
        scopes: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._login_url = login_url.rstrip("/")
        self._token_url = identity_url.rstrip("/") + TOKEN
        self._redirect_uri = redirect_uri
        self._scopes = scopes
        self._client = AsyncOAuth2Client(
            client_id,
            client_secret,
            code_challenge_method="S256",
            timeout=TIMEOUT,
            transport=transport,
            verify=trusted(),
        )
        for answer in ("access_token_response", "refresh_token_response"):
            self._client.register_compliance_hook(answer, _readable)

    async def close(self) -> None:
        await self._client.aclose()

    def authorize_url(self, *, state: str, verifier: str) -> str:
        """Return where to send the browser. PKCE is sent beside the client secret; Xero may ignore it."""
        url: str
        url, _state = self._client.create_authorization_url(
            self._login_url + AUTHORIZE,
            state=state,
            code_verifier=verifier,
            redirect_uri=self._redirect_uri,
            scope=self._scopes,
        )
        return url

    async def exchange(self, code: str, *, verifier: str, now: datetime) -> Grant:
        """Turn the code the browser brought back into a grant. PermissionEnded means that Xero refused the code."""
        return await self._ask(
            now,
            self._client.fetch_token,
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
            redirect_uri=self._redirect_uri,
        )

    async def refresh(self, refresh_token: str, *, now: datetime) -> Grant:
        """Return a new pair; the old refresh token keeps working for 30 minutes after this, then never again
        (Xero developer FAQ, "OAuth 2.0"). PermissionEnded means that Xero no longer accepts it."""
        return await self._ask(now, self._client.refresh_token, refresh_token=refresh_token)

    async def _ask(self, now: datetime, call: Any, **details: str) -> Grant:
        try:
            with span("xero.call", method="POST", route=TOKEN.strip("/")):
                token = await call(self._token_url, **details)
        except OAuthError as refused:
            raise _meaning_of(refused.error) from None
        except httpx.HTTPError as exc:
            raise XeroUnavailable(f"POST {TOKEN}: {type(exc).__name__}") from None
        return _grant(token, now=now)


class _Answer(msgspec.Struct):
    """What authlib relies on without looking."""

    error: str | None = None
    expires_in: int | None = None


def _readable(answer: httpx.Response) -> httpx.Response:
    """Raise for answers that are no token and no OAuth error either."""
    if answer.status_code == 429 or answer.status_code >= 500:
        raise XeroUnavailable(f"POST {TOKEN}: {answer.status_code}")
    try:
        msgspec.json.decode(answer.content, type=_Answer)
    except msgspec.DecodeError:
        raise XeroUnreadable(f"POST {TOKEN}: {answer.status_code}") from None
    return answer


def _meaning_of(error: str | None) -> XeroError:
    if error == "invalid_grant":
        return PermissionEnded("invalid_grant")
    if error in OUR_FAULT:
        return Misconfigured(f"the token endpoint said {error}")
    return XeroUnavailable("the token endpoint refused without a known reason")


def _grant(token: dict[str, Any], *, now: datetime) -> Grant:
    access, refresh, seconds = token.get("access_token"), token.get("refresh_token"), token.get("expires_in")
    if not (isinstance(access, str) and isinstance(refresh, str) and isinstance(seconds, int)):
        raise XeroUnreadable(f"POST {TOKEN}: not a token")
    return Grant(access, refresh, now + timedelta(seconds=seconds), auth_event(access))


class _Claims(msgspec.Struct):
    authentication_event_id: str | None = None


def auth_event(access_token: str) -> str | None:
    """Return the consent an access token stems from, to choose among connections. It authenticates nothing."""
    try:
        payload = access_token.split(".")[1]
        claims = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        return msgspec.json.decode(claims, type=_Claims).authentication_event_id
    except (IndexError, ValueError, NotBase64, msgspec.DecodeError):
        return None
