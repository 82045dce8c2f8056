"""Who may do what: users, authorization codes, tokens that expire and rotate, connections. No HTTP here.

Sources: Xero developer docs, auth flow, token types, tenants, OAuth 2 FAQ.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sandbox.xero.books import Organisation
from sandbox.xero.switches import Switches

CODE_LIFE = timedelta(minutes=5)
REFRESH_LIFE = timedelta(days=60)
GRACE = timedelta(minutes=30)
ID_TOKEN_SECONDS = 300

PERMISSIONS = {
    "openid": "Know who you are",
    "profile": "See your name",
    "email": "See your e-mail address",
    "offline_access": "Keep access while you are away",
    "accounting.invoices": "View and manage invoices, credit notes and quotes",
    "accounting.invoices.read": "View invoices, credit notes and quotes",
    "accounting.payments": "View and manage payments",
    "accounting.payments.read": "View payments",
    "accounting.banktransactions": "View and manage bank transactions",
    "accounting.banktransactions.read": "View bank transactions",
    "accounting.manualjournals": "View and manage manual journals",
    "accounting.manualjournals.read": "View manual journals",
    "accounting.contacts": "View and manage contacts",
    "accounting.contacts.read": "View contacts",
    "accounting.settings": "View and manage organisation settings",
    "accounting.settings.read": "View organisation settings",
    "accounting.attachments": "View and manage attachments",
    "accounting.attachments.read": "View attachments",
} | {
    f"accounting.reports.{report}.read": f"View the report: {words}"
    for report, words in {
        "aged": "aged receivables and payables",
        "balancesheet": "balance sheet",
        "banksummary": "bank summary",
        "budgetsummary": "budget summary",
        "executivesummary": "executive summary",
        "profitandloss": "profit and loss",
        "trialbalance": "trial balance",
        "taxreports": "tax reports",
    }.items()
}
"""Every granular scope, in the words of the consent page. Broad scopes are unknown: this is a new app."""


class OAuthError(Exception):
    """The token endpoint answers 400 with `error`."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass(slots=True, eq=False)
class User:
    name: str
    email: str
    id: str = field(default_factory=lambda: str(uuid4()))


@dataclass(slots=True, eq=False)
class Grant:
    """What one consent gave: the user, the scopes and the event that connections are marked with."""

    user: User
    scopes: tuple[str, ...]
    event_id: str
    at: datetime
    redirect_uri: str = ""
    challenge: str | None = None


@dataclass(slots=True, eq=False)
class Code:
    grant: Grant
    expires_at: datetime
    used: bool = False


@dataclass(slots=True, eq=False)
class AccessToken:
    grant: Grant
    expires_at: datetime
    dead: bool = False


@dataclass(slots=True, eq=False)
class RefreshToken:
    grant: Grant
    issued_at: datetime
    first_used_at: datetime | None = None
    dead: bool = False
    issued: list["AccessToken | RefreshToken"] = field(default_factory=list, repr=False)
    """The pairs that refreshing with this token gave."""


@dataclass(slots=True, eq=False)
class Connection:
    id: str
    user: User
    organisation: Organisation
    event_id: str
    created_at: datetime
    updated_at: datetime
    live: bool = True
    locked_out: bool = False
    """Still listed, but Accounting calls are refused: the plan ended or the user lost the role."""


class Identity:
    """identity.xero.com's memory. Every method reads the emulator's clock, never the machine's."""

    def __init__(
        self, *, clock: Callable[[], datetime], client_id: str, secret: str, access_seconds: int, switches: Switches
    ) -> None:
        self.client_id = client_id
        self.users = [User("Xero user (admin)", "admin@example.com")]
        self.connections: list[Connection] = []
        self.codes: dict[str, Code] = {}
        self.access_tokens: dict[str, AccessToken] = {}
        self.refresh_tokens: dict[str, RefreshToken] = {}
        self._clock = clock
        self._secret = secret
        self._access_seconds = access_seconds
        self._switches = switches
        self._key = secrets.token_bytes(32)

    def memory(self) -> dict[str, Any]:
        """What is kept over a restart; tokens that ended more than a day ago are forgotten."""
        long_ago = self._clock() - timedelta(days=1)
        return {
            "users": self.users,
            "connections": self.connections,
            "codes": {key: code for key, code in self.codes.items() if code.expires_at > long_ago},
            "access_tokens": {key: each for key, each in self.access_tokens.items() if each.expires_at > long_ago},
            "refresh_tokens": {
                key: each
                for key, each in self.refresh_tokens.items()
                if not each.dead and (each.first_used_at is None or each.first_used_at > long_ago)
            },
            "key": self._key,
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        self.users, self.connections = memory["users"], memory["connections"]
        self.codes, self._key = memory["codes"], memory["key"]
        self.access_tokens, self.refresh_tokens = memory["access_tokens"], memory["refresh_tokens"]

    def knows_client(self, client_id: str, secret: str) -> bool:
        return hmac.compare_digest(client_id.encode(), self.client_id.encode()) and hmac.compare_digest(
            secret.encode(), self._secret.encode()
        )

    def consented(
        self,
        user: User,
        organisations: list[Organisation],
        scopes: tuple[str, ...],
        *,
        redirect_uri: str,
        challenge: str | None,
    ) -> str:
        """Connect the organisations and return the code to send back."""
        now = self._clock()
        grant = Grant(user, scopes, str(uuid4()), now, redirect_uri, challenge)
        for organisation in organisations:
            self._connect(user, organisation, grant.event_id, now)
        code = secrets.token_urlsafe(32)
        self.codes[code] = Code(grant, now + CODE_LIFE)
        return code

    def _connect(self, user: User, organisation: Organisation, event_id: str, now: datetime) -> None:
        """A renewed connection has a new id and keeps the moment it was first made."""
        earlier = [each for each in self.connections if each.user is user and each.organisation is organisation]
        last = earlier[-1] if earlier else None
        if last is not None and last.live:
            if self._switches.reconsent_renews_event:
                last.event_id = event_id
            return
        created_at = last.created_at if last else now
        self.connections = [each for each in self.connections if each is not last]
        self.connections.append(Connection(str(uuid4()), user, organisation, event_id, created_at, now))

    def exchange(self, code: str, *, redirect_uri: str, verifier: str | None) -> dict[str, Any]:
        found = self.codes.get(code)
        if found is None or found.used or found.expires_at <= self._clock():
            raise OAuthError("invalid_grant")
        found.used = True
        if found.grant.redirect_uri != redirect_uri or not _proves(verifier, found.grant.challenge):
            raise OAuthError("invalid_grant")
        return self._issue(found.grant, None)

    def refresh(self, token: str) -> dict[str, Any]:
        """A new pair; the old token works for 30 minutes from its first use, unused for 60 days."""
        found, now = self.refresh_tokens.get(token), self._clock()
        if found is None or found.dead or now - found.issued_at >= REFRESH_LIFE:
            raise OAuthError("invalid_grant")
        if found.first_used_at is not None and self._switches.reuse_ends_grant:
            self._end(found.grant)
            raise OAuthError("invalid_grant")
        if found.first_used_at is None:
            found.first_used_at = now
        elif now - found.first_used_at > GRACE:
            raise OAuthError("invalid_grant")
        if not self._switches.first_pair_survives:
            for earlier in found.issued:
                earlier.dead = True
        return self._issue(found.grant, found)

    def _end(self, grant: Grant) -> None:
        tokens: list[AccessToken | RefreshToken] = [*self.refresh_tokens.values(), *self.access_tokens.values()]
        for token in tokens:
            token.dead = token.dead or token.grant is grant

    def change_secret(self, secret: str) -> None:
        """As in the developer portal: who still sends the old one is refused as `invalid_client`."""
        self._secret = secret

    def revoke(self, token: str) -> None:
        """The token and every connection of its user; an unknown token changes nothing."""
        found = self.refresh_tokens.get(token)
        if found is None:
            return
        user = found.grant.user
        for each in self.refresh_tokens.values():
            each.dead = each.dead or each.grant.user is user
        for connection in self.connections:
            connection.live = connection.live and connection.user is not user

    def live_connections(self, user: User, event_id: str | None = None) -> list[Connection]:
        return [
            each
            for each in self.connections
            if each.live and each.user is user and (event_id is None or each.event_id == event_id.lower())
        ]

    def is_connected(self, user: User, organisation: Organisation) -> bool:
        return any(each.organisation is organisation for each in self.live_connections(user))

    def _issue(self, grant: Grant, parent: RefreshToken | None) -> dict[str, Any]:
        now = self._clock()
        access = AccessToken(grant, now + timedelta(seconds=self._access_seconds))
        access_token = self._jwt(self._access_claims(grant, now, access.expires_at))
        self.access_tokens[access_token] = access
        answer: dict[str, Any] = {
            "access_token": access_token,
            "expires_in": self._access_seconds,
            "token_type": "Bearer",
        }
        if "openid" in grant.scopes:
            answer = {"id_token": self._jwt(self._id_claims(grant, now))} | answer
        if "offline_access" in grant.scopes:
            refresh, answer["refresh_token"] = RefreshToken(grant, now), secrets.token_urlsafe(32)
            self.refresh_tokens[answer["refresh_token"]] = refresh
            if parent is not None:
                parent.issued += [access, refresh]
        return answer | {"scope": " ".join(grant.scopes)}

    def _access_claims(self, grant: Grant, now: datetime, expires_at: datetime) -> dict[str, Any]:
        session = hashlib.sha256(grant.event_id.encode()).hexdigest()[:32]
        return {
            "nbf": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "iss": "https://identity.xero.com",
            "aud": "https://identity.xero.com/resources",
            "client_id": self.client_id,
            "sub": hashlib.sha256(grant.user.id.encode()).hexdigest()[:32],
            "auth_time": int(grant.at.timestamp()),
            "xero_userid": grant.user.id,
            "global_session_id": session,
            "sid": session,
            "jti": secrets.token_hex(16).upper(),
            "authentication_event_id": grant.event_id,
            "scope": list(grant.scopes),
            "amr": ["pwd"],
        }

    def _id_claims(self, grant: Grant, now: datetime) -> dict[str, Any]:
        """No authentication_event_id here: that is on the access token."""
        claims: dict[str, Any] = {
            "nbf": int(now.timestamp()),
            "exp": int(now.timestamp()) + ID_TOKEN_SECONDS,
            "iat": int(now.timestamp()),
            "iss": "https://identity.xero.com",
            "aud": self.client_id,
            "sub": hashlib.sha256(grant.user.id.encode()).hexdigest()[:32],
            "auth_time": int(grant.at.timestamp()),
            "xero_userid": grant.user.id,
        }
        if "profile" in grant.scopes:
            claims |= {"name": grant.user.name}
        if "email" in grant.scopes:
            claims |= {"email": grant.user.email, "preferred_username": grant.user.email}
        return claims

    def _jwt(self, claims: Mapping[str, Any]) -> str:
        head = _part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        body = _part(json.dumps(claims).encode())
        return f"{head}.{body}.{_part(hmac.digest(self._key, f'{head}.{body}'.encode(), 'sha256'))}"


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _proves(verifier: str | None, challenge: str | None) -> bool:
    """PKCE S256; without a challenge nothing is to be proved."""
    if challenge is None:
        return True
    if verifier is None or not 43 <= len(verifier) <= 128:
        return False
    return hmac.compare_digest(_part(hashlib.sha256(verifier.encode()).digest()), challenge)
