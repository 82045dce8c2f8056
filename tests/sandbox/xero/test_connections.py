"""GET and DELETE /connections."""

import re

import pytest

from sandbox.xero import Switches
from tests.sandbox.xero.visitor import Visitor, claims


async def delete(visitor, id):
    return await visitor.http.delete(
        f"/connections/{id}", headers={"Authorization": f"Bearer {visitor.tokens['access_token']}"}
    )


async def test_a_connection_has_the_fields_and_dates_of_the_real_one(visitor):
    await visitor.connect()
    [found] = await visitor.connections()
    assert set(found) == {
        "id",
        "authEventId",
        "tenantId",
        "tenantType",
        "tenantName",
        "createdDateUtc",
        "updatedDateUtc",
    }
    assert (found["tenantId"], found["tenantType"]) == (visitor.acme.tenant_id, "ORGANISATION")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}", found["createdDateUtc"])


async def test_without_a_filter_every_organisation_of_the_user_is_listed(visitor):
    other = visitor.xero.add_organisation("Other")
    await visitor.connect(other)
    await visitor.connect()
    assert [each["tenantName"] for each in await visitor.connections()] == ["Other", "Acme"]


async def test_the_event_filter_lists_what_this_flow_connected(visitor):
    await visitor.connect(visitor.xero.add_organisation("Other"))
    tokens = await visitor.connect()
    event = claims(tokens["access_token"])["authentication_event_id"]
    assert [each["tenantName"] for each in await visitor.connections(authEventId=event)] == ["Acme"]


@pytest.mark.parametrize(("renews", "listed"), [(True, ["Acme"]), (False, [])])
async def test_whether_a_repeated_consent_is_in_the_filter_is_a_switch(renews, listed):
    visitor = Visitor(switches=Switches(reconsent_renews_event=renews))
    await visitor.connect()
    event = claims((await visitor.connect())["access_token"])["authentication_event_id"]
    assert [each["tenantName"] for each in await visitor.connections(authEventId=event)] == listed
    assert len(await visitor.connections()) == 1


async def test_deleting_a_connection_ends_this_organisation_only(visitor):
    other = visitor.xero.add_organisation("Other")
    await visitor.connect(other)
    await visitor.connect()
    by_name = {each["tenantName"]: each["id"] for each in await visitor.connections()}
    answer = await delete(visitor, by_name["Acme"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await visitor.get("/api.xro/2.0/Organisation")).status_code == 403
    assert (await visitor.get("/api.xro/2.0/Organisation", organisation=other)).status_code == 200


async def test_deleting_by_the_tenant_id_or_the_event_id_is_forbidden(visitor):
    await visitor.connect()
    [found] = await visitor.connections()
    answers = [await delete(visitor, found[name]) for name in ("tenantId", "authEventId")]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].json()["Detail"] == "AuthenticationUnsuccessful"
    assert len(await visitor.connections()) == 1


async def test_deleting_what_does_not_exist_is_not_found(visitor):
    await visitor.connect()
    assert (await delete(visitor, "00000000-0000-0000-0000-000000000000")).status_code == 404


async def test_a_reconnected_organisation_keeps_when_it_was_first_made(visitor):
    await visitor.connect()
    [before] = await visitor.connections()
    assert before["createdDateUtc"] == before["updatedDateUtc"]
    visitor.xero.revoke(visitor.acme)
    assert await visitor.connections() == []
    visitor.clock.forward(minutes=1)
    await visitor.connect()
    [after] = await visitor.connections()
    assert after["createdDateUtc"] == before["createdDateUtc"]
    assert after["updatedDateUtc"] > after["createdDateUtc"]
    assert after["id"] != before["id"]


async def test_the_path_may_be_written_with_a_capital_and_carries_no_limit_headers(visitor):
    await visitor.connect()
    answer = await visitor.get("/Connections")
    assert answer.status_code == 200
    assert not [name for name in answer.headers if "limit" in name]


async def test_another_users_connections_stay_theirs(visitor):
    await visitor.connect()
    second = visitor.xero.add_user("Second user")
    callback = await visitor.xero.consent(
        visitor.link(), organisations=[visitor.xero.add_organisation("Other")], user=second
    )
    visitor.tokens = (await visitor.exchange(callback.split("code=")[1].split("&")[0])).json()
    assert [each["tenantName"] for each in await visitor.connections()] == ["Other"]
    assert (await visitor.get("/api.xro/2.0/Organisation")).status_code == 403
