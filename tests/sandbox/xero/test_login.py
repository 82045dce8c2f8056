"""The authorise link, the pages, and the way back."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.xero import ConsentError
from tests.sandbox.xero.visitor import CALLBACK, Visitor


async def test_consent_sends_the_browser_back_with_code_and_state(visitor):
    callback = await visitor.xero.consent(visitor.link(state="x y&z"), organisations=[visitor.acme])
    assert callback.startswith(CALLBACK + "?")
    query = parse_qs(urlsplit(callback).query)
    assert set(query) == {"code", "state"}
    assert query["state"] == ["x y&z"]


async def test_cancelling_comes_back_as_access_denied(visitor):
    callback = await visitor.xero.consent(visitor.link(), organisations=[visitor.acme], deny=True)
    query = parse_qs(urlsplit(callback).query)
    assert query["error"] == ["access_denied"]
    assert query["error_description"] == ["TenantConsent status DENIED"]
    assert query["state"] == ["a state"]
    assert not visitor.xero.is_connected(visitor.acme)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"client_id": "stranger"}, "unauthorized_client"),
        ({"redirect_uri": "https://elsewhere.example.com/"}, "redirect_uri"),
        ({"redirect_uri": CALLBACK + "/"}, "redirect_uri"),
        ({"scope": "accounting.transactions.read offline_access"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": "abc", "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
async def test_a_wrong_link_ends_on_an_error_page_and_never_redirects(changed, said):
    visitor = Visitor(redirect_uris=[CALLBACK])
    answer = await visitor.http.get(visitor.link(**changed))
    assert answer.status_code == 400
    assert said in answer.text
    assert "location" not in answer.headers
    with pytest.raises(ConsentError, match=said):
        await visitor.xero.consent(visitor.link(**changed), organisations=[visitor.acme])


async def test_a_registered_redirect_address_is_accepted():
    visitor = Visitor(redirect_uris=[CALLBACK])
    assert await visitor.code()


async def test_names_on_the_pages_are_escaped(visitor):
    visitor.xero.add_organisation("<script>alert(1)</script> & Sons")
    page = await visitor.http.get(visitor.link())
    fields = dict(re.findall(r'name="(flow|user)" value="([^"]+)"', page.text))
    page = await visitor.http.post("/identity/connect/authorize", data=fields)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Sons" in page.text
    assert "<script" not in page.text


async def test_the_consent_page_names_permissions_and_marks_connected_organisations(visitor):
    await visitor.connect()
    page = await visitor.http.get(visitor.link())
    assert "Emulated Xero" in page.text
    fields = dict(re.findall(r'name="(flow|user)" value="([^"]+)"', page.text))
    page = await visitor.http.post("/identity/connect/authorize", data=fields)
    assert "View invoices, credit notes and quotes" in page.text
    assert "already connected" in page.text


async def test_one_organisation_a_flow_unless_bulk_connections_are_on(visitor):
    other = visitor.xero.add_organisation("Other")
    with pytest.raises(ConsentError, match="one of your organisations"):
        await visitor.code(visitor.acme, other)
    bulk = Visitor(bulk_connect=True)
    await bulk.connect(bulk.acme, bulk.xero.add_organisation("Other"))
    assert [each["tenantName"] for each in await bulk.connections()] == ["Acme", "Other"]


async def test_acr_values_switch_bulk_connections_off_for_a_flow():
    bulk = Visitor(bulk_connect=True)
    other = bulk.xero.add_organisation("Other")
    with pytest.raises(ConsentError):
        await bulk.code(bulk.acme, other, acr_values="bulk_connect:false")


async def test_a_finished_flow_cannot_be_answered_again(visitor):
    page = await visitor.http.get(visitor.link())
    fields = dict(re.findall(r'name="(flow|user)" value="([^"]+)"', page.text)) | {"answer": "cancel"}
    assert (await visitor.http.post("/identity/connect/authorize", data=fields)).status_code == 302
    assert (await visitor.http.post("/identity/connect/authorize", data=fields)).status_code == 400
