"""Troubles on demand; what needs a real connection runs over uvicorn."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn

from tests.sandbox.xero.visitor import Visitor

PATH = "/api.xro/2.0/Organisation"


@asynccontextmanager
async def served(visitor: Visitor) -> AsyncIterator[httpx.AsyncClient]:
    """The visitor's Xero on a loopback port."""
    door = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(visitor.xero.app, log_level="critical", lifespan="off"))
    running = asyncio.create_task(server.serve(sockets=[door]))
    try:
        while not server.started:  # noqa: ASYNC110 uvicorn offers no event to wait for
            await asyncio.sleep(0.01)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{door.getsockname()[1]}") as http:
            yield http
    finally:
        server.should_exit = True
        await running
        door.close()


@pytest.mark.parametrize(
    ("kind", "status", "says"),
    [
        ("429-minute", 429, "minute"),
        ("429-day", 429, "day"),
        ("429-concurrent", 429, "concurrent"),
        ("500", 500, "An error occurred"),
        ("502", 502, "Bad Gateway"),
        ("503-offline", 503, "The Organisation is offline"),
        ("503-maintenance", 503, "The Xero API is currently offline for maintenance"),
        ("html", 200, "<!doctype html>"),
    ],
)
async def test_a_fault_breaks_one_request_and_then_it_is_over(visitor, kind, status, says):
    await visitor.connect()
    visitor.xero.break_next(kind)
    broken = await visitor.get(PATH)
    assert (broken.status_code, says in broken.text) == (status, True)
    assert broken.headers["xero-correlation-id"]
    assert (await visitor.get(PATH)).status_code == 200


@pytest.mark.parametrize(("kind", "spent"), [("429-minute", "x-minlimit"), ("429-day", "x-daylimit")])
async def test_a_limit_fault_has_the_headers_of_a_limit(visitor, kind, spent):
    await visitor.connect()
    visitor.xero.break_next(kind, seconds=77)
    answer = await visitor.get(PATH)
    assert answer.headers["retry-after"] == "77"
    assert answer.headers["x-rate-limit-problem"] == kind.removeprefix("429-")
    assert answer.headers[f"{spent}-remaining"] == "0"


async def test_a_concurrent_fault_has_no_retry_after(visitor):
    await visitor.connect()
    visitor.xero.break_next("429-concurrent")
    assert "retry-after" not in (await visitor.get(PATH)).headers


async def test_a_fault_without_an_end_lasts_until_healed(visitor):
    await visitor.connect()
    visitor.xero.break_next("500", times=None)
    assert [(await visitor.get(PATH)).status_code for _ in range(3)] == [500, 500, 500]
    visitor.xero.heal()
    assert (await visitor.get(PATH)).status_code == 200
    assert visitor.xero.faults == []


async def test_a_fault_hits_only_its_path(visitor):
    await visitor.connect()
    visitor.xero.break_next("500", path="/api.xro/2.0/Invoices")
    assert (await visitor.get(PATH)).status_code == 200
    assert (await visitor.get("/api.xro/2.0/invoices")).status_code == 500


async def test_without_a_path_login_and_connections_stay_whole(visitor):
    visitor.xero.break_next("500", times=None)
    await visitor.connect()
    assert len(await visitor.connections()) == 1


@pytest.mark.parametrize(("kind", "status"), [("token-500", 500), ("token-invalid_grant", 400)])
async def test_the_token_endpoint_has_faults_of_its_own(visitor, kind, status):
    await visitor.connect()
    visitor.xero.break_next(kind)
    assert (await visitor.get(PATH)).status_code == 200
    assert (await visitor.refresh()).status_code == status
    assert (await visitor.refresh()).status_code == 200


async def test_an_unknown_fault_is_refused_by_name(visitor):
    with pytest.raises(ValueError, match="fire"):
        visitor.xero.break_next("fire")


@pytest.mark.parametrize(("kind", "error"), [("cut", httpx.RemoteProtocolError), ("reset", httpx.ReadError)])
async def test_in_process_a_broken_connection_is_the_error_a_client_sees(visitor, kind, error):
    await visitor.connect()
    visitor.xero.break_next(kind)
    with pytest.raises(error):
        await visitor.get(PATH)
    assert (await visitor.get(PATH)).status_code == 200


@pytest.mark.parametrize("kind", ["cut", "reset"])
async def test_over_a_real_connection_it_really_breaks(visitor, kind):
    await visitor.connect()
    async with served(visitor) as http:
        visitor.http = http
        visitor.xero.break_next(kind)
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await visitor.get(PATH)
        assert (await visitor.get(PATH)).status_code == 200


async def test_an_answer_that_cannot_be_unpacked_is_whole_on_the_wire(visitor):
    await visitor.connect()
    visitor.xero.break_next("garbled")
    with pytest.raises(httpx.DecodingError):
        await visitor.get(PATH)
    assert (await visitor.get(PATH)).status_code == 200


async def test_a_slow_answer_runs_into_the_clients_patience(visitor):
    await visitor.connect()
    async with served(visitor) as http:
        visitor.http = http
        http.timeout = httpx.Timeout(0.05)
        visitor.xero.break_next("slow", seconds=0.3)
        with pytest.raises(httpx.ReadTimeout):
            await visitor.get(PATH)


async def test_a_slow_answer_arrives_in_the_end(visitor):
    await visitor.connect()
    visitor.xero.break_next("slow", seconds=0.05)
    begun = time.monotonic()
    assert (await visitor.get(PATH)).status_code == 200
    assert time.monotonic() - begun >= 0.05
