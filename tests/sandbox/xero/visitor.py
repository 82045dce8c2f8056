"""What the conformance tests need: a clock to move, a Xero to visit, and an app's view of it over HTTP."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from sandbox.xero import FakeXero, Organisation

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CALLBACK = "https://solido.example.com/xero/callback"
SCOPES = "openid offline_access accounting.invoices.read accounting.contacts.read accounting.settings.read"
ALL_SALES = {"where": 'Type=="ACCREC"', "summaryOnly": "true", "page": "1", "pageSize": "1000"}


class Clock:
    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **passed: float) -> None:
        self.now += timedelta(**passed)


class Visitor:
    """An app with one client id, in front of an emulated Xero with one organisation called Acme."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.xero = FakeXero(clock=self.clock, client_id="app", client_secret="s3cret", **settings)
        self.acme = self.xero.add_organisation("Acme")
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.xero.app), base_url="https://xero.test")
        self.tokens: dict[str, Any] = {}

    def link(self, **changed: str) -> str:
        query = {
            "response_type": "code",
            "client_id": "app",
            "redirect_uri": CALLBACK,
            "scope": SCOPES,
            "state": "a state",
        }
        return "https://login.xero.com/identity/connect/authorize?" + urlencode(query | changed)

    async def code(self, *organisations: Organisation, **changed: str) -> str:
        chosen = organisations or (self.acme,)
        callback = await self.xero.consent(self.link(**changed), organisations=chosen, http=self.http)
        return parse_qs(urlsplit(callback).query)["code"][0]

    async def exchange(self, code: str, **changed: str) -> httpx.Response:
        body = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        return await self.http.post("/connect/token", data=body | changed, auth=("app", "s3cret"))

    async def refresh(self, token: str | None = None) -> httpx.Response:
        body = {"grant_type": "refresh_token", "refresh_token": token or self.tokens["refresh_token"]}
        return await self.http.post("/connect/token", data=body, auth=("app", "s3cret"))

    async def connect(self, *organisations: Organisation, **changed: str) -> dict[str, Any]:
        answer = await self.exchange(await self.code(*organisations, **changed))
        self.tokens = answer.json()
        return self.tokens

    async def get(
        self,
        path: str,
        query: dict[str, str] | None = None,
        *,
        organisation: Organisation | None = None,
        token: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        sent = {
            "Authorization": f"Bearer {token or self.tokens['access_token']}",
            "Accept": "application/json",
            "xero-tenant-id": (organisation or self.acme).tenant_id,
        }
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.get(path, params=query, headers=sent)

    async def invoices(self, query: dict[str, str] | None = None, **headers: str) -> list[dict[str, Any]]:
        answer = await self.get("/api.xro/2.0/Invoices", query or ALL_SALES, **headers)
        assert answer.status_code == 200, answer.text
        return decoded(answer)["Invoices"]

    async def contacts(self, query: dict[str, str] | None = None) -> list[dict[str, Any]]:
        return decoded(await self.get("/api.xro/2.0/Contacts", query or {"page": "1"}))["Contacts"]

    async def connections(self, **query: str) -> list[dict[str, Any]]:
        return (await self.get("/connections", query)).json()

    def an_invoice(self, number: str = "INV-1", total: str = "100.00", due_in: int = 14, **more: Any) -> Any:
        contact = more.pop("contact", None) or self.acme.add_contact("Quayside Books", "books@example.com")
        today = self.clock.now.date()
        return self.acme.add_invoice(
            contact,
            number=number,
            total=Decimal(total),
            issued_on=today,
            due_on=today + timedelta(days=due_in),
            **more,
        )


def decoded(answer: httpx.Response) -> dict[str, Any]:
    """The body with every number as Decimal."""
    return json.loads(answer.text, parse_float=Decimal)


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def numbers(invoices: Sequence[dict[str, Any]]) -> list[str]:
    return [each["InvoiceNumber"] for each in invoices]
