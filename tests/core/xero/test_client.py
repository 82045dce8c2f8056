"""Calls to Xero: what is tried again, what is refreshed, what a 403 turns out to mean, and what nobody ever gets to
read. Over the emulated Xero, on SQLite."""

import asyncio
import logging
import time
import traceback
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs

from core import errors
from core.patience import Patience
from core.xero.client import Meter, OrganisationCalls, Tenant, Xero
from core.xero.http import make_http
from sandbox.xero import Organisation, Switches
from storage.models import RunState
from tests.core.house import QUICK, House, open_house, owing

ORGANISATION = "GET /api.xro/2.0/Organisation"
REFRESH = "POST /connect/token"


async def calls(house: House, organisation: Organisation, patience: Patience = QUICK) -> OrganisationCalls:
    """Connected, nothing fetched yet, and the line's memory empty."""
    workspace = await house.connect(organisation)
    house.line.calls.clear()
    connection = await house.connection(workspace)
    api = Xero(house.http, "https://api.xero.com/", patience=patience)
    return api.organisation(connection.tenant_id, house.tokens(connection), Meter())


@pytest.mark.parametrize("kind", ["500", "502", "503-maintenance", "429-concurrent", "reset", "cut", "garbled"])
async def test_what_passes_is_tried_again_and_every_try_is_counted(
    cottage: House, acme: Organisation, kind: str
) -> None:
    xero = await calls(cottage, acme)
    cottage.xero.break_next(kind, times=2)
    assert b"Acme" in await xero.get("Organisation")
    assert xero.meter.calls == 3
    assert xero.meter.bytes > 500


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("500", errors.XeroUnavailable),
        ("502", errors.XeroUnavailable),
        ("503-maintenance", errors.XeroUnavailable),
        ("reset", errors.XeroUnavailable),
        ("cut", errors.XeroUnavailable),
        ("garbled", errors.XeroUnavailable),
        ("429-concurrent", errors.RateLimited),
    ],
)
async def test_tries_are_bounded(cottage: House, acme: Organisation, kind: str, error: type[errors.XeroError]) -> None:
    xero = await calls(cottage, acme)
    cottage.xero.break_next(kind, times=None)
    with pytest.raises(error):
        await xero.get("Organisation")
    assert cottage.line.paths() == [ORGANISATION] * 3


async def test_retry_after_is_waited_for(cottage: House, acme: Organisation) -> None:
    xero = await calls(cottage, acme, Patience(tries=2, first_wait=0.001, longest_wait=2))
    cottage.xero.break_next("429-minute", seconds=1)
    began = time.monotonic()
    await xero.get("Organisation")
    assert 1 <= time.monotonic() - began < 5


async def test_a_retry_after_beyond_patience_is_handed_on_instead_of_waited_for(
    cottage: House, acme: Organisation
) -> None:
    xero = await calls(cottage, acme)
    cottage.xero.break_next("429-minute", seconds=50)
    with pytest.raises(errors.RateLimited) as limited:
        await xero.get("Organisation")
    assert limited.value.retry_at == cottage.now + timedelta(seconds=50)
    assert len(cottage.line.calls) == 1


async def test_a_used_up_day_is_not_tried_again(cottage: House, acme: Organisation) -> None:
    xero = await calls(cottage, acme)
    cottage.xero.break_next("429-day", seconds=66_975)
    with pytest.raises(errors.DailyLimitReached) as limited:
        await xero.get("Organisation")
    assert limited.value.retry_at == cottage.now + timedelta(seconds=66_975)
    assert len(cottage.line.calls) == 1
    assert xero.meter.day_left == 0


async def test_an_expired_access_token_is_refreshed_once_and_nobody_notices(cottage: House, acme: Organisation) -> None:
    xero = await calls(cottage, acme)
    cottage.xero.expire_access_tokens()
    assert b"Acme" in await xero.get("Organisation")
    assert cottage.line.paths() == [ORGANISATION, REFRESH, ORGANISATION]


async def test_a_second_401_ends_the_permission_instead_of_refreshing_for_ever(
    cottage: House, acme: Organisation
) -> None:
    xero = await calls(cottage, acme)
    cottage.line.before = lambda _request: cottage.xero.expire_access_tokens()
    with pytest.raises(errors.PermissionEnded):
        await xero.get("Organisation")
    assert cottage.line.paths() == [ORGANISATION, REFRESH, ORGANISATION]


@pytest.mark.parametrize("misspelt", [False, True])
async def test_a_missing_scope_never_refreshes(migrated_sqlite_url: str, misspelt: bool) -> None:
    async with open_house(migrated_sqlite_url, switches=Switches(scope_header_misspelt=misspelt)) as house:
        xero = await calls(house, house.xero.add_organisation("Acme"))
        for token in house.xero.identity.access_tokens.values():
            token.grant.scopes = ("offline_access",)
        with pytest.raises(errors.PermissionMissing):
            await xero.get("Organisation")
        assert house.line.paths() == [ORGANISATION]


async def test_a_403_after_a_disconnect_in_xero_says_so(cottage: House, acme: Organisation) -> None:
    xero = await calls(cottage, acme)
    cottage.xero.revoke(acme)
    with pytest.raises(errors.DisconnectedInXero):
        await xero.get("Organisation")
    assert cottage.line.paths() == [ORGANISATION, "GET /connections"]


async def test_a_403_though_the_organisation_is_still_ours_is_another_matter(
    cottage: House, acme: Organisation
) -> None:
    xero = await calls(cottage, acme)
    cottage.xero.lock_out(acme)
    with pytest.raises(errors.ChangedInXero):
        await xero.get("Organisation")


async def test_while_nobody_can_tell_what_a_403_means_it_is_not_taken_for_the_end(
    cottage: House, acme: Organisation
) -> None:
    xero = await calls(cottage, acme)
    cottage.xero.revoke(acme)
    cottage.xero.break_next("500", path="/connections", times=None)
    with pytest.raises(errors.XeroUnavailable):
        await xero.get("Organisation")


async def test_only_organisations_are_listed(cottage: House, acme: Organisation) -> None:
    """Xero lists practices too; and fields may be missing."""
    listed = [
        {"id": "1", "tenantId": "a", "tenantType": "ORGANISATION", "tenantName": "Acme", "novelty": 1},
        {"id": "2", "tenantId": "b", "tenantType": "PRACTICEMANAGER", "tenantName": "Books & Co"},
        {"id": "3", "tenantId": "c"},
    ]
    async with make_http(httpx.MockTransport(lambda _request: httpx.Response(200, json=listed))) as http:
        found = await Xero(http, "https://api.xero.com", patience=QUICK).tenants("token")
    assert found == [Tenant("1", "a", "Acme"), Tenant("3", "c")]


@pytest.mark.parametrize("status", [401, 403])
async def test_a_list_that_is_refused_means_that_the_permission_ended(status: int) -> None:
    async with make_http(httpx.MockTransport(lambda _request: httpx.Response(status))) as http:
        with pytest.raises(errors.PermissionEnded):
            await Xero(http, "https://api.xero.com", patience=QUICK).tenants("token")


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'[{"id": 1}]'])
async def test_a_list_that_is_no_list_is_unreadable(body: bytes) -> None:
    async with make_http(httpx.MockTransport(lambda _request: httpx.Response(200, content=body))) as http:
        with pytest.raises(errors.XeroUnreadable):
            await Xero(http, "https://api.xero.com", patience=QUICK).tenants("token")


async def test_a_redirect_is_not_followed_with_the_token() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"Location": "https://elsewhere.example.com/"})

    async with make_http(httpx.MockTransport(answer)) as http:
        with pytest.raises(errors.XeroUnreadable):
            await Xero(http, "https://api.xero.com", patience=QUICK).tenants("token")
    assert asked == ["https://api.xero.com/connections"]


TROUBLES = ["500", "502", "429-day", "429-minute", "429-concurrent", "503-offline", "reset", "cut", "garbled", "html"]


@pytest.mark.parametrize("kind", [*TROUBLES, "revoked", "locked out", "expired", "dead", "token-500"])
async def test_no_token_is_ever_written_anywhere(
    cottage: House, acme: Organisation, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in an exception's text, repr or traceback, not in a log line, not in the run's row."""
    owing(acme)
    caplog.set_level(logging.DEBUG)
    workspace = await cottage.connect(acme)
    match kind:
        case "revoked":
            cottage.xero.revoke(acme)
        case "locked out":
            cottage.xero.lock_out(acme)
        case "expired":
            cottage.line.before = lambda _request: cottage.xero.expire_access_tokens()
        case "dead":
            cottage.xero.expire_access_tokens()
            cottage.xero.kill_refresh_tokens()
        case _:
            cottage.xero.expire_access_tokens()
            cottage.xero.break_next(kind, times=None)
    with capture_logs() as logs:
        await cottage.engine.drain()
        written = [repr(logs), caplog.text, await everything_of(cottage, workspace), await raised(cottage, workspace)]
    assert (await cottage.run(workspace)).state == RunState.FAILED
    secrets = [*cottage.xero.identity.access_tokens, *cottage.xero.identity.refresh_tokens, "s3cret"]
    assert len(secrets) >= 3
    assert not [secret for secret in secrets for text in written if secret in text]


async def everything_of(house: House, workspace: UUID) -> str:
    connection = await house.connection(workspace)
    return repr([await house.runs(workspace), await house.told(workspace), connection, house.tokens(connection)])


async def raised(house: House, workspace: UUID) -> str:
    connection = await house.connection(workspace)
    xero = house.api.organisation(connection.tenant_id, house.tokens(connection), Meter())
    try:
        await asyncio.wait_for(xero.get("Organisation"), 20)
    except errors.XeroError as error:
        return "".join(traceback.format_exception(error)) + repr(error) + str(error)
    return ""
