"""Webhooks: what is believed, what is kept, and what comes of it."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, select

from core.webhooks import Webhooks, is_signed
from sandbox.xero import Organisation
from sandbox.xero.webhooks import Delivery, sign
from storage.models import Connection, SyncRun, Trigger
from storage.webhook_models import WebhookEvent
from tests.core.house import House, outstanding, owing

KEY = "webhook-key"


class Post:
    """Xero's subscription, and what the product does with it; deliveries can be kept back."""

    def __init__(self, house: House, workspace: UUID) -> None:
        self.house, self.workspace = house, workspace
        self.webhooks = Webhooks(house.database, KEY)
        house.xero.webhooks.waiting.clear()

    def letter(self) -> Delivery:
        letter = self.house.xero.webhooks.take(KEY)
        assert letter is not None
        return letter

    async def arrives(self, letter: Delivery) -> None:
        if self.webhooks.signed(letter.body, letter.signature):
            await self.webhooks.take(letter.body, now=self.house.now)

    async def ticks(self) -> list[SyncRun]:
        """Let a moment pass; return the runs that came of it."""
        before = len(await self.house.runs(self.workspace))
        self.house.pass_time(seconds=3)
        await self.house.due.webhooks()
        await self.house.engine.drain()
        return (await self.house.runs(self.workspace))[before:]

    async def events(self) -> Sequence[WebhookEvent]:
        async with self.house.database.unscoped() as unscoped:
            return (await unscoped.session.exec(select(WebhookEvent).order_by(col(WebhookEvent.happened)))).all()

    async def next_sync_at(self) -> Any:
        return (await self.house.connection(self.workspace)).next_sync_at


@pytest.fixture
async def post(house: House, acme: Organisation) -> Post:
    for number in range(3):
        owing(acme, f"INV-{number}")
    house.pass_time(hours=1)
    workspace = await house.synced(acme)
    house.pass_time(minutes=10)
    return Post(house, workspace)


async def test_a_burst_of_changes_becomes_one_small_sync_of_what_was_named(post: Post, acme: Organisation) -> None:
    first, second, _third = acme.outstanding()
    acme.pay(first)
    acme.change_due_date(second, acme.today() + timedelta(days=60))
    acme.change_due_date(second, acme.today() + timedelta(days=90))
    await post.arrives(post.letter())
    post.house.line.calls.clear()
    [run] = await post.ticks()
    assert (run.trigger, run.settled, run.changed) == (Trigger.WEBHOOK, 1, 1)
    assert post.house.line.paths() == ["GET /api.xro/2.0/Invoices"]
    assert await post.house.mirror(post.workspace) == outstanding(acme)
    assert await post.ticks() == []


async def test_a_new_customer_comes_with_the_invoice(post: Post, acme: Organisation) -> None:
    owing(acme, "INV-NEW")
    await post.arrives(post.letter())
    [run] = await post.ticks()
    assert (run.added, run.contacts) == (1, 1)


async def test_a_bill_costs_one_look_and_is_not_kept(post: Post, acme: Organisation) -> None:
    owing(acme, "BILL-1", type="ACCPAY")
    await post.arrives(post.letter())
    [run] = await post.ticks()
    assert run.added == 0
    assert await post.house.mirror(post.workspace) == outstanding(acme)


async def test_a_small_sync_does_not_put_off_the_automatic_one(post: Post, acme: Organisation) -> None:
    before = await post.next_sync_at()
    acme.pay(acme.outstanding()[0])
    await post.arrives(post.letter())
    await post.ticks()
    assert await post.next_sync_at() == before


async def test_a_doubled_delivery_is_one_event(post: Post, acme: Organisation) -> None:
    acme.pay(acme.outstanding()[0])
    letter = post.letter()
    await post.arrives(letter)
    assert len(await post.ticks()) == 1
    post.house.pass_time(minutes=5)
    await post.arrives(letter)
    assert await post.ticks() == []
    assert len(await post.events()) == 1


async def test_a_lost_delivery_has_everything_looked_through(post: Post, acme: Organisation) -> None:
    first, second, third = acme.outstanding()
    acme.pay(first)
    await post.arrives(post.letter())
    acme.pay(second)
    post.letter()
    acme.pay(third)
    await post.arrives(post.letter())
    assert await post.next_sync_at() <= post.house.now
    await post.house.due.tick()
    await post.house.engine.drain()
    assert await post.house.mirror(post.workspace) == outstanding(acme) == {}
    assert all(event.handled_at for event in await post.events())


async def test_deliveries_in_the_wrong_order_end_the_same(post: Post, acme: Organisation) -> None:
    first, second, _third = acme.outstanding()
    acme.pay(first)
    earlier = post.letter()
    acme.pay(second)
    later = post.letter()
    await post.arrives(later)
    await post.arrives(earlier)
    await post.ticks()
    assert await post.house.mirror(post.workspace) == outstanding(acme)


@pytest.mark.parametrize("spoil", ["signature", "body", "key"])
async def test_a_forged_delivery_changes_nothing(post: Post, acme: Organisation, spoil: str) -> None:
    acme.pay(acme.outstanding()[0])
    letter = post.letter()
    forged = {
        "signature": Delivery(letter.body, letter.signature[:-4] + "AAA="),
        "body": Delivery(letter.body + b" ", letter.signature),
        "key": sign(letter.body, "another key"),
    }[spoil]
    await post.arrives(forged)
    assert await post.events() == []
    assert await post.ticks() == []


async def test_without_a_key_nothing_is_believed(post: Post, acme: Organisation) -> None:
    acme.pay(acme.outstanding()[0])
    body = post.letter().body
    assert not Webhooks(post.house.database, "").signed(body, sign(body, "").signature)


@pytest.mark.parametrize("signature", ["", "é", "=" * 10_000, "\0"])
def test_an_odd_signature_is_only_wrong(signature: str) -> None:
    assert not is_signed(b"{}", signature, key=b"key")


async def test_events_of_organisations_that_are_not_ours_are_not_kept(post: Post) -> None:
    elsewhere = {
        "resourceId": str(uuid4()),
        "tenantId": str(uuid4()),
        "eventCategory": "INVOICE",
        "eventDateUtc": "2026-11-20T12:00:00.000",
    }
    body = json.dumps({"events": [elsewhere], "firstEventSequence": 1, "lastEventSequence": 1}).encode()
    await post.arrives(sign(body, KEY))
    assert await post.events() == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"events": 7}', b"\xff\xfe"])
async def test_a_signed_delivery_of_another_shape_has_everything_looked_through(post: Post, body: bytes) -> None:
    await post.arrives(sign(body, KEY))
    assert await post.next_sync_at() == post.house.now


@pytest.mark.parametrize("odd", [{"resourceId": "nobody"}, {"eventCategory": "WEATHER"}, {"tenantId": ""}])
async def test_an_odd_event_does_not_spoil_the_others(post: Post, acme: Organisation, odd: dict[str, str]) -> None:
    acme.pay(acme.outstanding()[0])
    told = json.loads(post.letter().body)
    told["events"].append({**told["events"][0], "eventDateUtc": "2026-01-01T00:00:00.000", **odd})
    await post.arrives(sign(json.dumps(told).encode(), KEY))
    assert len(await post.events()) == 1


async def test_the_check_whether_we_look_at_signatures_leaves_no_trace(post: Post) -> None:
    await post.arrives(post.house.xero.webhooks.intent_to_receive(KEY, good=True))
    async with post.house.database.unscoped() as unscoped:
        assert await unscoped.webhook_feed() is None


async def test_a_day_of_silence_has_everything_looked_through_once(post: Post, acme: Organisation) -> None:
    acme.pay(acme.outstanding()[0])
    await post.arrives(post.letter())
    await post.ticks()
    await put_off(post.house, post.workspace)
    post.house.pass_time(hours=23)
    await post.house.due.webhooks()
    assert await post.next_sync_at() > post.house.now
    post.house.pass_time(hours=2)
    await post.house.due.webhooks()
    assert await post.next_sync_at() <= post.house.now
    await put_off(post.house, post.workspace)
    post.house.pass_time(hours=2)
    await post.house.due.webhooks()
    assert await post.next_sync_at() > post.house.now


async def test_who_never_had_webhooks_is_not_missed(post: Post) -> None:
    await put_off(post.house, post.workspace)
    post.house.pass_time(days=3)
    await post.house.due.webhooks()
    assert await post.next_sync_at() > post.house.now


async def test_very_many_events_are_read_as_all_that_changed(post: Post, acme: Organisation) -> None:
    for number in range(90):
        owing(acme, f"NEW-{number}", contact=acme.outstanding()[0].contact)
    await post.arrives(post.letter())
    post.house.line.calls.clear()
    [run] = await post.ticks()
    assert run.added == 90
    assert post.house.line.paths() == ["GET /api.xro/2.0/Invoices", "GET /api.xro/2.0/Contacts"]
    assert await post.ticks() == []


async def test_events_wait_while_a_sync_does_not_work(post: Post, acme: Organisation) -> None:
    acme.pay(acme.outstanding()[0])
    await post.arrives(post.letter())
    post.house.xero.break_next("500", times=None)
    [run] = await post.ticks()
    assert run.state == "failed"
    assert await post.ticks() == []
    post.house.xero.heal()
    post.house.pass_time(minutes=5)
    await post.house.due.tick()
    await post.house.engine.drain()
    assert await post.house.mirror(post.workspace) == outstanding(acme)
    assert all(event.handled_at for event in await post.events())


async def put_off(house: House, workspace: UUID) -> None:
    """As with a rhythm of weeks."""
    async with house.database.workspace(workspace) as store:
        connection = await store.connections.latest()
        assert isinstance(connection, Connection)
        connection.next_sync_at = house.now + timedelta(days=30)
