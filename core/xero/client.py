"""Calls to Xero: bounded patience around each, every call and byte counted.

Retries live inside a run and are few; what outlasts them is an error, and the next automatic sync is the next try.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import httpx
import msgspec

from core import measures
from core.clock import utc_now
from core.errors import PermissionEnded, XeroError, XeroUnavailable, XeroUnreadable
from core.patience import Patience, patiently
from core.tracing import span
from core.xero.answers import AccessRefused, Forbidden, decipher, readable, size_of, told_apart
from core.xero.pacing import CALLS_A_MINUTE, Pace, Pacer

T = TypeVar("T")

ACCOUNTING = "/api.xro/2.0/"
ROUTES = {
    *("Contacts", "CreditNotes", "History", "InvoiceReminders", "Invoices", "OnlineInvoice", "Organisation"),
    *("Overpayments", "Payments", "Prepayments", "Settings", "connections"),
}
REMEMBERED = timedelta(seconds=30)


@dataclass
class Meter:
    """What one run has cost. `day_left` and `minute_left` are Xero's own counts of calls left, when it said so."""

    calls: int = 0
    bytes: int = 0
    day_left: int | None = None
    minute_left: int | None = None

    def count(self, answer: httpx.Response) -> None:
        self.bytes += size_of(answer.content)
        day, minute = (answer.headers.get(f"x-{window}limit-remaining", "") for window in ("day", "min"))
        self.day_left = int(day) if day.isdigit() else self.day_left
        self.minute_left = int(minute) if minute.isdigit() else self.minute_left


class Tenant(msgspec.Struct, rename="camel"):
    """An organisation of GET /connections. `id` is the connection's, needed to remove it."""

    id: str
    tenant_id: str
    tenant_name: str = ""
    tenant_type: str = "ORGANISATION"
    auth_event_id: str = ""


def route_of(path: str) -> str:
    """The address as a trace may show it: whatever is no word of Xero's own is left out."""
    parts = path.removeprefix(ACCOUNTING).strip("/").split("/")
    return "/".join(part if part in ROUTES else "{id}" for part in parts)


class AccessTokens(Protocol):
    """Where a usable access token comes from."""

    async def access_token(self, *, refused: str | None = None) -> str:
        """Return a token that is good for minutes; a newer one than `refused`, which Xero did not accept."""


def read_tenants(body: bytes) -> list[Tenant]:
    """Raise XeroUnreadable for what is no list of connections."""
    try:
        listed = msgspec.json.decode(body, type=list[Tenant])
    except msgspec.DecodeError:
        raise XeroUnreadable("GET /connections") from None
    return [tenant for tenant in listed if tenant.tenant_type == "ORGANISATION"]


class Remembering:
    """Tokens that are not looked up for every page of many in a second: each is good for minutes."""

    def __init__(self, tokens: AccessTokens) -> None:
        self._tokens = tokens
        self._token: tuple[str, datetime] | None = None

    async def access_token(self, *, refused: str | None = None) -> str:
        now = utc_now()
        if self._token is None or refused or not self._token[1] <= now < self._token[1] + REMEMBERED:
            self._token = (await self._tokens.access_token(refused=refused), now)
        return self._token[0]


class Xero:
    """Xero's API over one HTTP client; `base_url` such as https://api.xero.com."""

    def __init__(
        self, http: httpx.AsyncClient, base_url: str, *, patience: Patience, pacer: Pacer | None = None
    ) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._patience = patience
        self._pacer = pacer

    async def tenants(self, access_token: str, *, auth_event_id: str | None = None) -> list[Tenant]:
        """Return the organisations this permission covers; those of one consent with `auth_event_id`."""
        params = {"authEventId": auth_event_id} if auth_event_id else {}
        try:
            listed = await self.call("GET", "/connections", access_token, params=params)
        except (AccessRefused, Forbidden) as refused:
            raise PermissionEnded(refused.detail, correlation_id=refused.correlation_id) from None
        return read_tenants(listed)

    async def lists(self, tokens: "AccessTokens", tenant_id: str) -> bool:
        """Whether Xero still lists this organisation among ours. Costs none of its calls.

        PermissionEnded where Xero does not even let us ask.
        """
        listed: list[Tenant] = []

        async def ask(token: str) -> None:
            try:
                found = await self.call("GET", "/connections", token)
            except Forbidden as refused:
                raise PermissionEnded(refused.detail, correlation_id=refused.correlation_id) from None
            listed.extend(read_tenants(found))

        await let_in(tokens, ask)
        return tenant_id in {tenant.tenant_id for tenant in listed}

    async def remove(self, tokens: "AccessTokens", connection_id: str) -> None:
        """End our access to one organisation; gone already is as good. Tried once: whoever asks comes back later.

        Never revokes: that would end the person's other connections too (Xero developer docs, "Managing
        connections").
        """

        async def delete(token: str) -> None:
            headers = {"Authorization": f"Bearer {token}"}
            try:
                await self._once(
                    "DELETE", f"/connections/{connection_id}", headers, params=None, meter=None, pace=None, fine=(404,)
                )
            except Forbidden as refused:
                raise PermissionEnded(refused.detail, correlation_id=refused.correlation_id) from None

        await let_in(tokens, delete)

    async def put(
        self,
        path: str,
        access_token: str,
        content: bytes,
        headers: Mapping[str, str],
        *,
        meter: Meter,
        pace: Pace | None,
    ) -> None:
        """Write something. Tried once: whoever asks knows whether twice would be too often."""
        sent = {"Authorization": f"Bearer {access_token}", "Content-Type": "application/json", **headers}
        await self._once("PUT", path, sent, params=None, meter=meter, pace=pace, content=content)

    def organisation(self, tenant_id: str, tokens: AccessTokens, meter: Meter) -> "OrganisationCalls":
        return OrganisationCalls(self, tenant_id, tokens, meter, self._pacer.of(tenant_id) if self._pacer else None)

    async def call(
        self,
        method: str,
        path: str,
        access_token: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        meter: Meter | None = None,
        pace: Pace | None = None,
        packed: bool = False,
    ) -> bytes:
        """Return the body of a good answer, `packed` as it came; raise the XeroError any other one means."""
        sent = {"Authorization": f"Bearer {access_token}", **(headers or {})}
        return await patiently(
            lambda: self._once(method, path, sent, params=params, meter=meter, pace=pace, packed=packed), self._patience
        )

    async def _once(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        params: Mapping[str, Any] | None,
        meter: Meter | None,
        pace: Pace | None,
        fine: tuple[int, ...] = (),
        content: bytes | None = None,
        packed: bool = False,
    ) -> bytes:
        try:
            async with pace.turn() if pace else nullcontext():
                if meter:
                    meter.calls += 1
                with span("xero.call", method=method, route=route_of(path)) as it:
                    answer = await self._http.request(
                        method, self._base_url + path, params=params, headers=dict(headers), content=content
                    )
                    it.note(status=answer.status_code)
                if pace:
                    pace.hear(answer.headers, utc_now())
        except httpx.HTTPError as exc:
            measures.unanswered()
            # `from None`: the request in httpx's exception carries the token.
            raise XeroUnavailable(f"{method} {path}: {type(exc).__name__}") from None
        measures.answered(answer.status_code, size_of(answer.content))
        if meter:
            meter.count(answer)
        body = answer.content if packed and answer.is_success else readable(answer.content)
        error = decipher(answer.status_code, answer.headers, body, now=utc_now())
        if error and answer.status_code not in fine:
            raise error
        return body


class OrganisationCalls:
    """Calls to the accounting API of one organisation."""

    def __init__(
        self, xero: Xero, tenant_id: str, tokens: AccessTokens, meter: Meter, pace: Pace | None = None
    ) -> None:
        self._pace = pace
        self._xero = xero
        self._tenant_id = tenant_id
        self._tokens = Remembering(tokens)
        self.meter = meter

    async def get(
        self,
        resource: str,
        params: Mapping[str, Any] | None = None,
        *,
        modified_since: datetime | None = None,
        packed: bool = False,
    ) -> bytes:
        """Return the body of a good answer, `packed` as it came; raise the XeroError a bad one means, told apart."""
        headers = {"xero-tenant-id": self._tenant_id}
        if modified_since is not None:
            # Documented form: UTC, seconds, no zone. Others are read day for month, or refused.
            headers["If-Modified-Since"] = modified_since.strftime("%Y-%m-%dT%H:%M:%S")

        async def ask(token: str) -> bytes:
            path, meter, pace = ACCOUNTING + resource, self.meter, self._pace
            try:
                return await self._xero.call(
                    "GET", path, token, params=params, headers=headers, meter=meter, pace=pace, packed=packed
                )
            except Forbidden as refused:
                raise await self._meaning_of(refused, token) from None

        return await let_in(self._tokens, ask)

    @property
    def room(self) -> int:
        """How many calls may be made this minute without waiting for the next."""
        return self._pace.room(utc_now()) if self._pace else CALLS_A_MINUTE

    async def put(self, resource: str, content: bytes, *, key: str) -> None:
        """Write JSON, once; `key` lets Xero tell the same wish from a new one. Raises as `get` does."""
        headers = {"xero-tenant-id": self._tenant_id, "Idempotency-Key": key}

        async def write(token: str) -> None:
            try:
                await self._xero.put(ACCOUNTING + resource, token, content, headers, meter=self.meter, pace=self._pace)
            except Forbidden as refused:
                raise await self._meaning_of(refused, token) from None

        await let_in(self._tokens, write)

    async def _meaning_of(self, refused: Forbidden, token: str) -> XeroError:
        """Ask Xero whether the organisation is still among our connections: that tells a 403 apart."""
        try:
            listed = await self._xero.tenants(token)
        except PermissionEnded:
            return PermissionEnded(refused.detail, correlation_id=refused.correlation_id)
        return told_apart(refused, still_listed=self._tenant_id in {tenant.tenant_id for tenant in listed})


async def let_in(tokens: AccessTokens, call: Callable[[str], Awaitable[T]]) -> T:
    """Call with an access token, and once more with a newer one where Xero refuses the first; then PermissionEnded."""
    token = await tokens.access_token()
    try:
        return await call(token)
    except AccessRefused:
        token = await tokens.access_token(refused=token)
    try:
        return await call(token)
    except AccessRefused as again:
        raise PermissionEnded(again.detail, correlation_id=again.correlation_id) from None
