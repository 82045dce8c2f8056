"""Xero's webhooks on their way: signed, in order, and wrong in each way that was asked for."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.clock import VirtualClock
from sandbox.courier import Courier
from sandbox.ports import Served
from sandbox.webhook_levers import act
from sandbox.xero import FakeXero
from sandbox.xero.webhooks import sign

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Ear:
    """A product that hears webhooks. `status` is what it answers."""

    def __init__(self) -> None:
        self.bodies: list[dict] = []
        self.status = 200
        self.app = Starlette(routes=[Route("/xero/webhooks", self.hear, methods=["POST"])])

    async def hear(self, request: Request) -> Response:
        body = await request.body()
        assert request.headers["x-xero-signature"] == sign(body, "key").signature
        self.bodies.append(json.loads(body))
        return Response(status_code=self.status)

    @property
    def first(self) -> list[int]:
        return [body["firstEventSequence"] for body in self.bodies]


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    ear, served = Ear(), Served()
    ear.url = f"{served.url}/xero/webhooks"
    await served.start(ear.app)
    yield ear
    await served.stop()


@pytest.fixture
async def courier(ear: Ear) -> AsyncIterator[Courier]:
    clock = VirtualClock(NOON, flowing=False)
    xero = FakeXero(clock=clock.now, client_id="id", client_secret="secret")
    acme = xero.add_organisation("Acme")
    xero.identity.consented(xero.identity.users[0], [acme], (), redirect_uri="", challenge=None)
    courier = Courier(xero, clock, "key", ear.url)
    yield courier
    await courier.aclose()


def happen(courier: Courier, *numbers: str) -> None:
    acme = courier.xero.organisations[0]
    contact = acme.add_contact("A")
    courier.xero.webhooks.waiting.clear()
    for number in numbers:
        day = NOON.date()
        acme.add_invoice(contact, number=number, total=Decimal("1"), issued_on=day, due_on=day)


async def test_changes_arrive_signed_and_counted(courier: Courier, ear: Ear):
    happen(courier, "A", "B")
    await courier.carry()
    [body] = ear.bodies
    assert (len(body["events"]), body["firstEventSequence"], body["lastEventSequence"]) == (2, 1, 2)
    assert await courier.carry() is None
    assert len(ear.bodies) == 1


async def test_a_delivery_that_is_lost_leaves_a_hole_in_the_sequence(courier: Courier, ear: Ear):
    act(courier, {"action": "break", "kind": "lose"})
    happen(courier, "A")
    await courier.carry()
    happen(courier, "B")
    await courier.carry()
    assert (ear.first, courier.lost) == ([2], 1)


async def test_a_delivery_can_come_twice(courier: Courier, ear: Ear):
    act(courier, {"action": "break", "kind": "twice"})
    happen(courier, "A")
    await courier.carry()
    assert ear.first == [1, 1]


async def test_two_deliveries_can_come_in_the_wrong_order(courier: Courier, ear: Ear):
    act(courier, {"action": "break", "kind": "disorder"})
    happen(courier, "A")
    await courier.carry()
    happen(courier, "B", "C")
    await courier.carry()
    assert ear.first == [1, 3, 2]


async def test_what_is_not_taken_comes_again_at_once_then_every_quarter_of_an_hour_for_a_day(courier, ear):
    ear.status = 500
    happen(courier, "A")
    assert await courier.carry() == NOON
    assert await courier.carry() == NOON + timedelta(minutes=15)
    assert len(ear.bodies) == 2
    courier.clock.forward(timedelta(minutes=15))
    ear.status = 200
    assert await courier.carry() is None
    assert (len(ear.bodies), courier.delivered) == (3, 1)
    ear.status = 500
    happen(courier, "B")
    await courier.carry()
    courier.clock.forward(timedelta(days=1))
    assert await courier.carry() is None
    assert courier.lost == 1


async def test_without_an_address_events_stay_where_they_are(courier: Courier, ear: Ear):
    courier.url = None
    happen(courier, "A")
    await courier.carry()
    assert (ear.bodies, len(courier.xero.webhooks.waiting)) == ([], 1)


@pytest.mark.parametrize(
    "order", [None, {}, {"action": "break", "kind": "x"}, {"action": "break", "kind": "lose", "times": 0}]
)
def test_an_impossible_order_is_explained(order):
    with pytest.raises(LookupError, match="Choose one"):
        act(Courier(None, None, ""), order)
