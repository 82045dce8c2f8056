"""api.xero.com/api.xro/2.0: who is let in, and the answers' common clothes. The lists are in lists.py."""

import gzip
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.xero import lists, records, unallocated, wire
from sandbox.xero.books import Organisation
from sandbox.xero.endpoints import bearer
from sandbox.xero.identity import Identity
from sandbox.xero.limits import Limits
from sandbox.xero.papers import Invoice
from sandbox.xero.query import QueryError
from sandbox.xero.refusals import RefusedError, bad_request, forbidden, missing_scope, not_found, too_many
from sandbox.xero.switches import Switches

BASE = "/api.xro/2.0"
NOT_CACHED = {"Cache-Control": "max-age=0, no-cache, no-store", "Pragma": "no-cache", "Server": "nginx"}
QUICKLY = 1
"""gzip's level: the emulator's own time counts in benchmarks, the size hardly."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One admitted request."""

    organisation: Organisation
    request: Request
    correlation: str
    now: datetime


class NotFoundError(Exception):
    pass


Handler = Callable[["Accounting", Ask], Awaitable[Response]]


class Accounting:
    def __init__(
        self,
        identity: Identity,
        organisations: Sequence[Organisation],
        limits: Limits,
        *,
        clock: Callable[[], datetime],
        switches: Switches,
        app_name: str,
    ) -> None:
        self._identity, self._organisations, self._limits = identity, organisations, limits
        self._clock, self.switches, self._app_name = clock, switches, app_name

    def routes(self) -> list[Route]:
        settings, invoices, contacts = "accounting.settings", "accounting.invoices", "accounting.contacts"
        return [
            self._route("/organisation", organisation, settings),
            self._route("/organisations", organisation, settings),
            self._route("/invoicereminders/settings", reminders, settings),
            self._route("/invoices", invoice_list, invoices),
            self._route("/invoices/{id}", one_invoice, invoices),
            self._route("/invoices/{id}/onlineinvoice", online_invoice, invoices),
            self._route("/invoices/{id}/history", history, invoices),
            self._route("/invoices/{id}/history", add_history, invoices, method="PUT"),
            self._route("/contacts", contact_list, contacts),
            self._route("/contacts/{id}", one_contact, contacts),
            *(self._route(f"/{kind.plural.lower()}", list_of(kind), kind.scope) for kind in unallocated.KINDS),
        ]

    def _route(self, path: str, handler: Handler, scope: str, *, method: str = "GET") -> Route:
        """Reading is allowed by the scope or its .read; writing by the scope alone."""
        enough = {scope} if method != "GET" else {scope, scope + ".read"}

        async def endpoint(request: Request) -> Response:
            correlation = str(uuid4())
            tenant: str | None = None
            try:
                found = self._admit(request, enough)
                tenant = found.tenant_id
                answer = await self._answer(handler, Ask(found, request, correlation, self._clock()))
            except RefusedError as refused:
                answer = refused.answer(correlation)
            answer.headers.update(NOT_CACHED | self._limits.headers(tenant) | {"Xero-Correlation-Id": correlation})
            return answer

        return Route(BASE + path, endpoint, methods=[method])

    def _admit(self, request: Request, enough: set[str]) -> Organisation:
        token = bearer(request, self._identity, self._clock)
        tenant_id = request.headers.get("xero-tenant-id", "").lower()
        found = next((each for each in self._organisations if each.tenant_id == tenant_id), None)
        connection = found and next(
            (each for each in self._identity.live_connections(token.grant.user) if each.organisation is found), None
        )
        if not connection or not found or connection.locked_out:
            raise forbidden()
        if not enough & set(token.grant.scopes):
            raise missing_scope(self.switches)
        return found

    async def _answer(self, handler: Handler, ask: Ask) -> Response:
        exceeded = self._limits.spend(ask.organisation.tenant_id)
        if exceeded is not None:
            return too_many(exceeded.problem, exceeded.retry_after, ask.correlation, self.switches)
        longest = self.switches.longest_url
        if longest is not None and len(ask.request.url.path) + 1 + len(ask.request.url.query) > longest:
            return Response("Request-URI Too Long", 414, media_type="text/plain")
        try:
            return await handler(self, ask)
        except NotFoundError:
            return not_found(ask.correlation, self.switches)
        except QueryError as bad:
            return bad_request(bad.number, bad.type, str(bad))

    def document(self, ask: Ask, name: str, items: list[bytes], paging: dict[str, int] | None = None) -> Response:
        """The envelope as JSON; without `Accept: application/json` Xero's default, XML."""
        if "application/json" not in ask.request.headers.get("accept", "").lower():
            return _xml(ask, name, len(items))
        body = wire.envelope(
            name, items, request_id=ask.correlation, provider=self._app_name, now=ask.now, paging=paging
        )
        headers = {"Vary": "Accept-Encoding"}
        if self.switches.gzip and "gzip" in ask.request.headers.get("accept-encoding", "").lower():
            body = gzip.compress(body, QUICKLY, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return Response(body, media_type="application/json; charset=utf-8", headers=headers)

    def rendered(self, ask: Ask, name: str, shown: Sequence[dict[str, Any]]) -> Response:
        return self.document(ask, name, [wire.render(each, records.DEPTH).encode() for each in shown])


async def organisation(api: Accounting, ask: Ask) -> Response:
    it = ask.organisation
    shown = {
        "Name": it.name,
        "LegalName": it.name,
        "PaysTax": True,
        "Version": it.country,
        "OrganisationType": "COMPANY",
        "BaseCurrency": it.base_currency,
        "CountryCode": it.country,
        "IsDemoCompany": False,
        "OrganisationStatus": "ACTIVE",
        "FinancialYearEndDay": 31,
        "FinancialYearEndMonth": 12,
        "CreatedDateUTC": wire.bare_moment(it.created_at),
        "OrganisationEntityType": "COMPANY",
        "Timezone": it.timezone,
        "ShortCode": it.short_code,
        "OrganisationID": it.tenant_id,
        "Edition": "BUSINESS",
        "Class": "GROW",
        "Addresses": [],
        "Phones": [],
        "ExternalLinks": [],
        "PaymentTerms": {},
    }
    return api.rendered(ask, "Organisations", [shown])


async def reminders(api: Accounting, ask: Ask) -> Response:
    return api.rendered(ask, "InvoiceReminders", [{"Enabled": ask.organisation.sends_reminders}])


async def invoice_list(api: Accounting, ask: Ask) -> Response:
    found, detail, paging = lists.invoices(
        ask.organisation, ask.request.query_params, ask.request.headers, api.switches
    )
    items = [records.invoice_json(each, detail, api.switches) for each in found]
    return api.document(ask, "Invoices", items, paging)


async def one_invoice(api: Accounting, ask: Ask) -> Response:
    item = records.invoice_json(_invoice(api, ask), records.SINGLE, api.switches)
    return api.document(ask, "Invoices", [item])


async def online_invoice(api: Accounting, ask: Ask) -> Response:
    invoice = _invoice(api, ask)
    if invoice.type != "ACCREC" or invoice.status in ("DRAFT", "SUBMITTED"):
        raise QueryError("Online invoice URLs are for approved sales invoices", type="ValidationException", number=10)
    link = "https://in.xero.com/" + invoice.id.replace("-", "")[::-1]
    return api.rendered(ask, "OnlineInvoices", [{"OnlineInvoiceUrl": link}])


async def history(api: Accounting, ask: Ask) -> Response:
    invoice = _invoice(api, ask)
    return api.rendered(ask, "HistoryRecords", [_note(at, details) for at, details in invoice.history])


async def add_history(api: Accounting, ask: Ask) -> Response:
    invoice = _invoice(api, ask)
    details = _details(await ask.request.body())
    at = ask.organisation.note(invoice, details)
    return api.rendered(ask, "HistoryRecords", [_note(at, details)])


async def contact_list(api: Accounting, ask: Ask) -> Response:
    found, detail, paging = lists.contacts(
        ask.organisation, ask.request.query_params, ask.request.headers, api.switches
    )
    base, today = ask.organisation.base_currency, ask.organisation.today()
    items = [records.contact_json(each, detail, base_currency=base, today=today) for each in found]
    return api.document(ask, "Contacts", items, paging)


async def one_contact(api: Accounting, ask: Ask) -> Response:
    contact = lists.contact(ask.organisation, ask.request.path_params["id"])
    if contact is None:
        raise NotFoundError
    base, today = ask.organisation.base_currency, ask.organisation.today()
    item = records.contact_json(contact, records.SINGLE, base_currency=base, today=today)
    return api.document(ask, "Contacts", [item])


def list_of(kind: unallocated.Kind) -> Handler:
    async def listed(api: Accounting, ask: Ask) -> Response:
        query, headers = ask.request.query_params, ask.request.headers
        found, paging = unallocated.chosen(ask.organisation.unallocated, kind, query, headers, api.switches)
        return api.document(ask, kind.plural, [unallocated.as_json(each) for each in found], paging)

    return listed


def _invoice(api: Accounting, ask: Ask) -> Invoice:
    """The one that the path names; raise NotFoundError."""
    found = lists.invoice(ask.organisation, ask.request.path_params["id"], api.switches)
    if found is None:
        raise NotFoundError
    return found


def _note(at: datetime, details: str) -> dict[str, Any]:
    said = wire.Literal(f'"{at:%Y-%m-%dT%H:%M:%S}"')
    return {"Changes": "Note", "DateUTCString": said, "DateUTC": wire.moment(at), "User": "System Generated"} | {
        "Details": details
    }


def _details(body: bytes) -> str:
    """The text of a history note; Xero takes at most 2,500 characters."""
    try:
        details = json.loads(body)["HistoryRecords"][0]["Details"]
    except (ValueError, KeyError, IndexError, TypeError):
        details = None
    if not isinstance(details, str) or not 0 < len(details) <= 2500:
        raise QueryError("A validation exception occurred", type="ValidationException", number=10)
    return details


def _xml(ask: Ask, name: str, found: int) -> Response:
    body = (
        '<?xml version="1.0" encoding="utf-8"?>\r\n<Response xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"\r\n  <Id>{ask.correlation}</Id>\r\n  <Status>OK</Status>\r\n  <!-- {found} records -->\r\n  <{name} />"
        "\r\n</Response>"
    )
    return Response(body, media_type="text/xml; charset=utf-8")
