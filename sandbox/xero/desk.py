"""The bookkeeper's desk as JSON: what the emulated Xero holds, and buttons to change it."""

import heapq
import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.xero.acts import ActError, act
from sandbox.xero.books import Organisation, is_outstanding
from sandbox.xero.papers import Contact, Invoice
from sandbox.xero.server import FakeXero

USUAL, MOST = 60, 1000
SHOWN_REQUESTS = 50
LONGEST_BODY = 100_000


def routes(xero: FakeXero) -> list[Route]:
    """GET /desk/xero/state and POST /desk/xero/act."""

    async def state(request: Request) -> Response:
        xero.settle()
        query = request.query_params.get("q", "").strip().lower()
        return JSONResponse(shown(xero, query, _limit(request.query_params.get("limit"))))

    async def do(request: Request) -> Response:
        try:
            return JSONResponse({"said": act(xero, await _asked(request))})
        except ActError as refused:
            return JSONResponse({"error": str(refused)}, 400)

    return [
        Route("/desk/xero/state", state, methods=["GET"]),
        Route("/desk/xero/act", do, methods=["POST"]),
    ]


async def _asked(request: Request) -> Mapping[str, Any]:
    """The body as an object. A form of another site cannot send this content type, so it is asked for."""
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        raise ActError("The desk takes JSON only.")
    body = await request.body()
    try:
        asked = json.loads(body) if len(body) <= LONGEST_BODY else None
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise ActError("That is not a JSON object the desk can read.")
    return asked


def shown(xero: FakeXero, query: str, limit: int) -> dict[str, Any]:
    requests = list(xero.requests)[-SHOWN_REQUESTS:]
    return {
        "now": xero.clock().isoformat(),
        "organisations": [_organisation(xero, each, query, limit) for each in xero.organisations],
        "faults": [
            {"kind": each.kind, "label": each.label, "times": each.times, "path": each.path} for each in xero.faults
        ],
        "requests": [
            {
                "at": each.at.isoformat(),
                "method": each.method,
                "path": each.path,
                "query": each.query,
                "status": each.status,
                "bytes": each.bytes_out,
            }
            for each in reversed(requests)
        ],
    }


def _organisation(xero: FakeXero, organisation: Organisation, query: str, limit: int) -> dict[str, Any]:
    today = organisation.today()
    invoices = [each for each in organisation.invoices if _fits(query, (each.number, each.contact.name))]
    contacts = [each for each in organisation.contacts if _fits(query, (each.name, each.email))]
    outstanding = [each for each in organisation.invoices if is_outstanding(each)]
    return {
        "tenant_id": organisation.tenant_id,
        "name": organisation.name,
        "currency": organisation.base_currency,
        "connected": xero.is_connected(organisation),
        "counts": {
            "invoices": len(organisation.invoices),
            "contacts": len(organisation.contacts),
            "outstanding": len(outstanding),
            "overdue": sum(_overdue(each, today) for each in outstanding),
            "found": len(invoices),
        },
        "invoices": [_invoice(each, today) for each in _first(invoices, today, limit)],
        "contacts": [_contact(each) for each in heapq.nsmallest(limit, contacts, key=lambda each: each.name.lower())],
    }


def _first(invoices: Iterable[Invoice], today: date, limit: int) -> list[Invoice]:
    """Overdue ones first, the longest overdue on top; then the rest, the newest on top."""

    def place(invoice: Invoice) -> tuple[bool, int, str]:
        late = _overdue(invoice, today)
        day = invoice.due_on if late and invoice.due_on else invoice.issued_on
        return not late, day.toordinal() if late else -day.toordinal(), invoice.number

    return heapq.nsmallest(limit, invoices, key=place)


def _overdue(invoice: Invoice, today: date) -> bool:
    return is_outstanding(invoice) and invoice.due_on is not None and invoice.due_on < today


def _invoice(invoice: Invoice, today: date) -> dict[str, Any]:
    return {
        "id": invoice.id,
        "number": invoice.number,
        "contact": invoice.contact.name,
        "type": invoice.type,
        "status": invoice.status,
        "issued_on": invoice.issued_on.isoformat(),
        "due_on": invoice.due_on.isoformat() if invoice.due_on else None,
        "total": str(invoice.total),
        "due": str(invoice.due),
        "currency": invoice.currency,
        "overdue": _overdue(invoice, today),
    }


def _contact(contact: Contact) -> dict[str, str]:
    return {"id": contact.id, "name": contact.name, "email": contact.email, "status": contact.status}


def _fits(query: str, words: Iterable[str]) -> bool:
    return not query or any(query in word.lower() for word in words)


def _limit(value: str | None) -> int:
    if value is None or not value.isascii() or not value.isdigit() or len(value) > 6:
        return USUAL
    return min(MOST, max(1, int(value)))
