"""The desk: state and actions as JSON."""

import json
import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from sandbox import page as page_package
from sandbox.xero import desk
from tests.sandbox.xero.visitor import Visitor

TYPED = [None, "", True, -1, 1e308, float("inf"), float("nan"), 10**400, "1e999", "NaN", "sNaN", "Infinity"]
TYPED += [[], {}, "x" * 5000, "\ud800", "0001-01-01", "9999-12-31"]


@pytest.fixture
def page(visitor: Visitor) -> httpx.AsyncClient:
    app = Starlette(routes=desk.routes(visitor.xero))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost")


async def state(page, **query):
    return (await page.get("/desk/xero/state", params=query)).json()


async def act(page, **asked):
    body = json.dumps(asked)
    return await page.post("/desk/xero/act", content=body, headers={"Content-Type": "application/json"})


async def test_the_state_shows_overdue_invoices_first(visitor, page):
    visitor.an_invoice("LATER", due_in=5)
    visitor.an_invoice("LATE", due_in=-1, total="12.30")
    visitor.an_invoice("LATEST", due_in=-9)
    shown = await state(page)
    [acme] = shown["organisations"]
    assert [each["number"] for each in acme["invoices"]] == ["LATEST", "LATE", "LATER"]
    assert acme["invoices"][1]["total"] == "12.30"
    assert (acme["connected"], acme["counts"]["overdue"]) == (False, 2)
    assert shown["now"] == "2026-11-20T12:00:00+00:00"


async def test_the_state_can_be_searched_and_limited(visitor, page):
    for index in range(5):
        visitor.an_invoice(f"INV-{index}")
    assert len((await state(page, limit="2"))["organisations"][0]["invoices"]) == 2
    assert [each["number"] for each in (await state(page, q="inv-3"))["organisations"][0]["invoices"]] == ["INV-3"]
    assert (await state(page, limit="-1", q="\x00%"))["organisations"][0]["invoices"] == []


async def test_paying_says_what_happened_and_happens(visitor, page):
    invoice = visitor.an_invoice(total="100.00")
    said = await act(page, action="part_pay", invoice_id=invoice.id, amount="40")
    assert said.json() == {"said": "Invoice INV-1 got a payment of 40.00 USD; 60.00 USD is left."}
    said = await act(page, action="pay", invoice_id=invoice.id)
    assert said.json() == {"said": "Invoice INV-1 got a payment of 60.00 USD; nothing is left."}
    assert visitor.acme.outstanding() == []


async def test_what_xero_refuses_is_one_sentence(visitor, page):
    invoice = visitor.an_invoice()
    await act(page, action="pay", invoice_id=invoice.id)
    answer = await act(page, action="void", invoice_id=invoice.id)
    assert (answer.status_code, answer.json()["error"]) == (400, "Invoice INV-1 is PAID and cannot be voided.")


@pytest.mark.parametrize(
    "asked",
    [
        {"action": "void"},
        {"action": "credit", "amount": "5"},
        {"action": "change_due_date", "on": "2026-12-24"},
        {"action": "archive_contact"},
        {"action": "blank_email"},
        {"action": "add_invoice", "contact": "New & Co", "total": 12.5, "due_on": "2026-12-24"},
        {"action": "kill_refresh_tokens"},
        {"action": "expire_access_tokens"},
        {"action": "fault", "kind": "slow", "times": None, "seconds": 1},
        {"action": "heal"},
    ],
)
async def test_each_button_works_and_says_a_sentence(visitor, page, asked):
    invoice = visitor.an_invoice()
    ids = {"invoice_id": invoice.id, "contact_id": invoice.contact.id, "tenant_id": visitor.acme.tenant_id}
    answer = await act(page, **(ids | asked))
    assert answer.status_code == 200, answer.text
    assert answer.json()["said"].endswith(".")


async def test_revoking_needs_a_connection(visitor, page):
    asked = {"action": "revoke", "tenant_id": visitor.acme.tenant_id}
    assert (await act(page, **asked)).json() == {"error": "Acme is not connected to the app."}
    await visitor.connect()
    assert (await state(page))["organisations"][0]["connected"] is True
    assert (await act(page, **asked)).status_code == 200
    assert (await state(page))["organisations"][0]["connected"] is False


@pytest.mark.parametrize("value", TYPED, ids=lambda value: f"{value!r:.20}")
async def test_nothing_typed_crashes_it(visitor, page, value):
    invoice = visitor.an_invoice()
    good = {"invoice_id": invoice.id, "contact": "A", "total": "1", "kind": "500"}
    for action in ("part_pay", "change_due_date", "add_invoice", "fault", "archive_contact"):
        for name in ("amount", "on", "total", "times", "seconds", "kind", "contact", "invoice", "path", "tenant_id"):
            assert (await act(page, **({"action": action} | good | {name: value}))).status_code in (200, 400)
    assert (await page.get("/desk/xero/state")).status_code == 200


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b"\xff", b"[" * 50_000, b'{"action": []}'])
async def test_a_body_that_is_no_request_is_refused(page, body):
    answer = await page.post("/desk/xero/act", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_another_sites_form_is_refused(page):
    assert (await page.post("/desk/xero/act", data={"action": "heal"})).status_code == 400


async def test_the_state_lists_faults_and_the_last_requests(visitor, page):
    visitor.xero.break_next("503-offline", times=2)
    await visitor.connect()
    shown = await state(page)
    assert shown["faults"] == [
        {"kind": "503-offline", "label": "the organisation is offline", "times": 2, "path": "/api.xro/"}
    ]
    assert shown["requests"][0]["path"] == "/connect/token"
    assert shown["requests"][0]["status"] == 200


async def test_what_the_pages_buttons_send_is_what_the_desk_reads():
    """The page is JavaScript: the names of what it sends are compared with what is read here."""
    script = (Path(page_package.__file__).parent / "static" / "xero.js").read_text()
    sent = set(re.findall(r"\b(\w+_id): ", script))
    assert sent == {"tenant_id", "invoice_id", "contact_id"}
