"""Whatever happens in Xero and between us, in whatever order: in the end the mirror is Xero's open book."""

import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.agreement import decode
from core.webhooks import Webhooks
from sandbox.xero import BooksError, Invoice, Organisation
from sandbox.xero.webhooks import Delivery
from storage.models import RunState
from tests import postgres
from tests.core.house import House, PowerCut, open_house, owing

pytestmark = pytest.mark.prove

KEY = "webhook-key"
PROVE = os.environ.get("SOLIDO_PROVE") == "1"
BROKEN = (
    "429-minute",
    "429-concurrent",
    "500",
    "502",
    "503-offline",
    "503-maintenance",
    "html",
    "cut",
    "garbled",
    "reset",
)

in_xero = st.tuples(
    st.sampled_from(["add", "pay", "part", "unpay", "void", "credit", "re-date", "forget", "email", "archive", "bill"]),
    st.integers(0, 50),
)
between_us = st.tuples(
    st.sampled_from(["tick", "manual", "full", "deliver", "lose", "double", "swap", "webhooks", "restart", "expire"]),
    st.integers(1, 6),
)
troubles = st.tuples(st.sampled_from(BROKEN), st.integers(1, 4))
stories = st.lists(st.one_of(in_xero, in_xero, between_us, between_us, troubles), min_size=5, max_size=40)


class Story:
    """One house, one organisation, and everything that may happen to them."""

    def __init__(self, house: House, acme: Organisation, workspace: UUID) -> None:
        self.house, self.acme, self.workspace = house, acme, workspace
        self.webhooks = Webhooks(house.database, KEY)
        self.kept: list[Delivery] = []

    async def happen(self, what: str, number: int) -> None:
        self.house.pass_time(seconds=7)
        if what in BROKEN:
            self.house.xero.break_next(what, times=number)
        elif hasattr(self, "do_" + what.replace("-", "_")):
            await getattr(self, "do_" + what.replace("-", "_"))(number)
        else:
            self._in_xero(what, number)

    def _in_xero(self, what: str, number: int) -> None:
        acme, invoices = self.acme, list(self.acme.invoices)
        if what in ("add", "bill") or not invoices:
            owing(acme, f"INV-{len(invoices)}-{number}", str(number + 1), type="ACCPAY" if what == "bill" else "ACCREC")
            return
        it: Invoice = invoices[number % len(invoices)]
        acts: dict[str, Any] = {
            "pay": lambda: acme.pay(it),
            "part": lambda: acme.pay(it, Decimal("0.50")),
            "unpay": lambda: acme.unpay(it),
            "void": lambda: acme.void(it),
            "credit": lambda: acme.credit(it),
            "re-date": lambda: acme.change_due_date(
                it, None if number % 3 == 0 else acme.today(), silent=number % 2 == 0
            ),
            "forget": lambda: acme.forget(it),
            "email": lambda: acme.set_email(it.contact, f"new{number}@example.com"),
            "archive": lambda: acme.archive(it.contact),
        }
        with suppress(BooksError):  # what Xero would not do either
            acts[what]()

    async def _work(self) -> None:
        """Carry out what waits; after a power cut the next process does."""
        while self.house.engine.waiting:
            try:
                await self.house.engine.drain()
            except PowerCut:
                continue

    async def do_tick(self, minutes: int) -> None:
        self.house.pass_time(minutes=10 * minutes)
        await self.house.due.tick()
        await self.house.due.nightly()
        await self._work()

    async def do_manual(self, _number: int) -> None:
        await self.house.syncing.request(self.workspace, by="U1", now=self.house.now)
        await self._work()

    async def do_full(self, _number: int) -> None:
        await self.house.syncing.request(self.workspace, by="U1", now=self.house.now, full=True)
        await self._work()

    async def do_restart(self, at: int) -> None:
        self.house.line.cut_power(at=at, answered=at % 2 == 0)
        await self.do_manual(at)
        self.house.line.before = self.house.line.after = None

    async def do_expire(self, _number: int) -> None:
        self.house.xero.expire_access_tokens()

    async def do_deliver(self, _number: int) -> None:
        await self._arrive([letter] if (letter := self.house.xero.webhooks.take(KEY)) else [])

    async def do_lose(self, _number: int) -> None:
        self.house.xero.webhooks.take(KEY)

    async def do_double(self, _number: int) -> None:
        letter = self.house.xero.webhooks.take(KEY)
        await self._arrive([letter, letter] if letter else [])

    async def do_swap(self, _number: int) -> None:
        """Keep this one back until the next is through."""
        letter, late = self.house.xero.webhooks.take(KEY), self.kept
        self.kept = [letter] if letter else []
        await self._arrive(late)

    async def do_webhooks(self, _number: int) -> None:
        self.house.pass_time(minutes=1)
        await self.house.due.webhooks()
        await self._work()

    async def _arrive(self, letters: Sequence[Delivery]) -> None:
        for letter in letters:
            assert self.webhooks.signed(letter.body, letter.signature)
            await self.webhooks.take(letter.body, now=self.house.now)

    async def end(self) -> None:
        """Peace: nothing is broken any more, and a night passes."""
        self.house.xero.heal()
        self.house.pass_time(hours=2)
        await self.do_tick(1)
        await self._same_open_book()
        self.house.pass_time(days=1)
        await self.do_full(1)
        run = await self.house.run(self.workspace)
        found = decode(run.agreement)
        assert run.state == RunState.SUCCEEDED
        assert found is not None
        assert found.agree
        await self._same_open_book(to_the_day=True)

    async def _same_open_book(self, *, to_the_day: bool = False) -> None:
        """Before the full reading, what Xero did not announce may differ."""
        async with self.house.looking(self.workspace) as store:
            rows = await store.invoices.outstanding()
            contacts = {str(row.contact_id): (row.email, row.status) for row in await store.contacts.all()}
        books = {it.id: it for it in self.acme.outstanding()}
        mirror = {str(row.invoice_id): (row.number, row.amount_due, row.due_on) for row in rows}
        if to_the_day:
            assert mirror == {it.id: (it.number, it.due, it.due_on) for it in books.values()}
            for it in books.values():
                assert contacts[it.contact.id] == (it.contact.email, it.contact.status)
        else:
            assert {id: due for id, (_n, due, _d) in mirror.items() if id in books} == {
                id: it.due for id, it in books.items()
            }


@asynccontextmanager
async def told(url: str) -> AsyncIterator[Story]:
    async with open_house(url) as house:
        acme = house.xero.add_organisation("Acme", base_currency="EUR", timezone="WEUROPESTANDARDTIME")
        for number in range(3):
            owing(acme, f"INV-{number}")
        house.pass_time(minutes=30)
        workspace = await house.synced(acme)
        yield Story(house, acme, workspace)


def gently(examples: int) -> Any:
    """Without shrinking for ever: an example is a whole story."""
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    )


@gently(200 if PROVE else 5)
@given(story=stories)
async def test_the_mirror_ends_as_xeros_open_book(sqlite_template: Path, tmp_path: Path, story: list[Any]) -> None:
    path = tmp_path / f"{uuid4()}.db"
    shutil.copyfile(sqlite_template, path)
    async with told(f"sqlite:///{path}") as it:
        for what, number in story:
            await it.happen(what, number)
        await it.end()


@pytest.mark.postgres
@gently(50 if PROVE else 2)
@given(story=stories)
async def test_the_mirror_ends_as_xeros_open_book_on_postgresql_too(
    postgres_server: postgres.Server, postgres_template: str, story: list[Any]
) -> None:
    with postgres_server.database(postgres_template) as url:
        async with told(url) as it:
            for what, number in story:
                await it.happen(what, number)
            await it.end()
