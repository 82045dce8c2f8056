"""Who is let in to the Accounting API, and how a refusal looks."""

import pytest

from sandbox.xero import Switches
from tests.sandbox.xero.visitor import Visitor

ORGANISATION = "/api.xro/2.0/Organisation"


async def test_the_organisation_looks_as_described(visitor):
    await visitor.connect()
    answer = await visitor.get(ORGANISATION)
    [found] = answer.json()["Organisations"]
    assert answer.json()["Id"] == answer.headers["xero-correlation-id"]
    assert answer.json()["Status"] == "OK"
    assert found["OrganisationID"] == visitor.acme.tenant_id
    assert (found["BaseCurrency"], found["Timezone"], found["OrganisationStatus"]) == ("USD", "UTC", "ACTIVE")
    assert found["ShortCode"].startswith("!")


async def test_an_expired_token_is_told_with_its_time(visitor):
    await visitor.connect()
    visitor.clock.forward(minutes=30)
    answer = await visitor.get(ORGANISATION)
    assert answer.status_code == 401
    body = answer.json()
    assert body["Detail"] == "TokenExpired: token expired at 11/20/2026 12:30:00"
    assert (body["Title"], body["Status"], body["Type"]) == ("Unauthorized", 401, None)
    assert body["Instance"] == answer.headers["xero-correlation-id"]


async def test_expiring_access_tokens_spares_those_issued_later(visitor):
    await visitor.connect()
    visitor.xero.expire_access_tokens()
    assert (await visitor.get(ORGANISATION)).status_code == 401
    visitor.tokens = (await visitor.refresh()).json()
    assert (await visitor.get(ORGANISATION)).status_code == 200


async def test_an_unknown_token_is_unsuccessful(visitor):
    answer = await visitor.get(ORGANISATION, token="a.b.c")
    assert (answer.status_code, answer.json()["Detail"]) == (401, "AuthenticationUnsuccessful")


async def test_a_missing_scope_is_a_401_with_its_own_header(visitor):
    await visitor.connect(scope="offline_access accounting.contacts.read")
    answer = await visitor.get("/api.xro/2.0/Invoices")
    assert (answer.status_code, answer.json()["Detail"]) == (401, "AuthorizationUnsuccessful")
    assert answer.headers["www-authenticate"] == "insufficient_scope"
    assert "x-appminlimit-remaining" in answer.headers
    assert "x-daylimit-remaining" not in answer.headers


async def test_the_writing_scope_allows_reading_and_the_reading_scope_no_writing(visitor):
    invoice = visitor.an_invoice()
    path = f"/api.xro/2.0/Invoices/{invoice.id}/History"
    note = {"HistoryRecords": [{"Details": "Reminder sent"}]}
    await visitor.connect()

    async def write():
        headers = {
            "Authorization": f"Bearer {visitor.tokens['access_token']}",
            "xero-tenant-id": visitor.acme.tenant_id,
            "Accept": "application/json",
        }
        return await visitor.http.put(path, json=note, headers=headers)

    assert (await write()).status_code == 401
    await visitor.connect(scope="offline_access accounting.invoices")
    assert (await write()).json()["HistoryRecords"][0]["Details"] == "Reminder sent"
    assert (await visitor.get(path)).json()["HistoryRecords"][0]["User"] == "System Generated"


@pytest.mark.parametrize("tenant", ["", "00000000-0000-0000-0000-000000000000"])
async def test_without_a_connected_tenant_the_answer_is_403(visitor, tenant):
    await visitor.connect()
    answer = await visitor.get(ORGANISATION, xero_tenant_id=tenant)
    assert (answer.status_code, answer.json()["Title"]) == (403, "Forbidden")
    assert answer.json()["Detail"] == "AuthenticationUnsuccessful"


async def test_a_revoked_organisation_is_403_and_no_longer_listed(visitor):
    await visitor.connect()
    visitor.xero.revoke(visitor.acme)
    assert (await visitor.get(ORGANISATION)).status_code == 403
    assert await visitor.connections() == []


async def test_a_lapsed_plan_is_403_while_still_listed(visitor):
    await visitor.connect()
    visitor.xero.lock_out(visitor.acme)
    assert (await visitor.get(ORGANISATION)).status_code == 403
    assert len(await visitor.connections()) == 1
    visitor.xero.lock_out(visitor.acme, locked=False)
    assert (await visitor.get(ORGANISATION)).status_code == 200


async def test_without_accept_json_the_answer_is_xml(visitor):
    await visitor.connect()
    answer = await visitor.get(ORGANISATION, Accept="*/*")
    assert answer.headers["content-type"].startswith("text/xml")
    assert answer.text.startswith("<?xml")


@pytest.mark.parametrize(("switch", "kind"), [("text", "text/plain"), ("problem", "application/json")])
async def test_what_is_not_there_is_404_in_the_switched_form(switch, kind):
    visitor = Visitor(switches=Switches(body_404=switch))
    await visitor.connect()
    answer = await visitor.get("/api.xro/2.0/Invoices/00000000-0000-0000-0000-000000000000")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith(kind)


async def test_paths_do_not_mind_capitals(visitor):
    await visitor.connect()
    assert (await visitor.get("/API.XRO/2.0/organisation")).status_code == 200


@pytest.mark.parametrize("on", [True, False])
async def test_gzip_is_a_switch(on):
    visitor = Visitor(switches=Switches(gzip=on))
    await visitor.connect()
    answer = await visitor.get(ORGANISATION, Accept_Encoding="gzip")
    assert (answer.headers.get("content-encoding") == "gzip") is on
    assert answer.json()["Status"] == "OK"


async def test_xeros_own_reminders_are_told(visitor):
    await visitor.connect()
    visitor.acme.sends_reminders = True
    answer = await visitor.get("/api.xro/2.0/InvoiceReminders/Settings")
    assert answer.json()["InvoiceReminders"] == [{"Enabled": True}]


async def test_the_request_log_holds_no_secrets(visitor):
    tokens = await visitor.connect()
    await visitor.get("/api.xro/2.0/Invoices", {"page": "1"})
    logged = repr(list(visitor.xero.requests))
    assert not [secret for secret in (tokens["access_token"], tokens["refresh_token"], "s3cret") if secret in logged]
    last = visitor.xero.requests[-1]
    assert (last.method, last.path, last.query, last.status) == ("GET", "/api.xro/2.0/Invoices", "page=1", 200)
    assert last.tenant_id == visitor.acme.tenant_id
    assert last.bytes_out > 0
