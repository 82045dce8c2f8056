"""Call limits: fixed windows on the virtual clock."""

import asyncio

import pytest

from sandbox.xero import Switches
from tests.sandbox.xero.visitor import Visitor

PATH = "/api.xro/2.0/Organisation"


async def call(visitor, times=1):
    return [(await visitor.get(PATH)) for _ in range(times)][-1]


async def test_every_answer_tells_what_remains(visitor):
    await visitor.connect()
    answer = await call(visitor, 2)
    assert answer.headers["x-daylimit-remaining"] == "998"
    assert answer.headers["x-minlimit-remaining"] == "58"
    assert answer.headers["x-appminlimit-remaining"] == "9998"
    assert answer.headers["xero-correlation-id"]


async def test_the_minute_limit_ends_with_its_window(visitor):
    await visitor.connect()
    assert (await call(visitor, 60)).status_code == 200
    refused = await call(visitor)
    assert (refused.status_code, refused.headers["x-rate-limit-problem"]) == (429, "minute")
    wait = int(refused.headers["retry-after"])
    assert 1 <= wait <= 60
    visitor.clock.forward(seconds=wait - 1)
    assert (await call(visitor)).status_code == 429
    visitor.clock.forward(seconds=1)
    assert (await call(visitor)).status_code == 200


async def test_the_day_limit_tells_seconds_to_the_end_of_its_window():
    visitor = Visitor(day_limit=3, access_token_seconds=200_000)
    await visitor.connect()
    assert (await call(visitor, 3)).headers["x-daylimit-remaining"] == "0"
    refused = await call(visitor)
    assert (refused.status_code, refused.headers["x-rate-limit-problem"]) == (429, "day")
    wait = int(refused.headers["retry-after"])
    assert 60 < wait <= 86_400
    visitor.clock.forward(seconds=wait)
    assert (await call(visitor)).headers["x-daylimit-remaining"] == "2"


async def test_each_organisation_has_its_own_limit(visitor):
    other = visitor.xero.add_organisation("Other")
    await visitor.connect(other)
    await visitor.connect()
    await call(visitor, 61)
    assert (await visitor.get(PATH, organisation=other)).status_code == 200


async def test_windows_start_at_a_different_time_for_every_organisation(visitor):
    tenants = [visitor.xero.add_organisation(name).tenant_id for name in ("A", "B", "C")]
    assert len({visitor.xero.limits.seconds_left(tenant, 86_400) for tenant in tenants}) == 3


async def test_limits_can_be_switched_off():
    visitor = Visitor(minute_limit=1, enforce_limits=False)
    await visitor.connect()
    assert (await call(visitor, 3)).status_code == 200


async def test_the_sixth_call_in_flight_is_refused_without_a_wait(visitor):
    await visitor.connect()
    visitor.xero.break_next("slow", times=None, seconds=0.05)
    answers = await asyncio.gather(*(visitor.get(PATH) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429]
    [refused] = [answer for answer in answers if answer.status_code == 429]
    assert refused.headers["x-rate-limit-problem"] == "concurrent"
    assert "retry-after" not in refused.headers
    assert (await visitor.get(PATH)).status_code == 200


@pytest.mark.parametrize(("switch", "empty"), [("problem", False), ("empty", True)])
async def test_the_body_of_a_429_is_a_switch(switch, empty):
    visitor = Visitor(minute_limit=0, switches=Switches(body_429=switch))
    await visitor.connect()
    answer = await call(visitor)
    assert answer.status_code == 429
    assert (answer.content == b"") is empty
