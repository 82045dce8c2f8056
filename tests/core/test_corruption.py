"""Single rows of the mirror altered, dropped or made up at random, a thousand in `make prove`: all found and mended."""

import os
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, insert, update

from core.agreement import decode
from sandbox.xero import Organisation
from storage.mirror_models import Contact, Invoice
from tests.core.house import House, owing

pytestmark = pytest.mark.prove

PROVE = os.environ.get("SOLIDO_PROVE") == "1"
ROUNDS, EACH = (10, 100) if PROVE else (5, 20)
TEXTS = ("", "elsewhere", "<!channel>", "'; --")
ODD_DAYS = (None, date(1970, 1, 1), date(9999, 12, 31))


def wrong_invoice(dice: random.Random, row: Any) -> dict[str, Any]:
    """One column of an invoice, with another value than it has."""
    amount = {"amount_due", "total", "amount_paid", "amount_credited"}
    name = dice.choice(
        [*INVOICE_TEXTS, *INVOICE_DAYS, *sorted(amount), "status", "currency", "contact_id", "updated_at"]
    )
    if name in INVOICE_TEXTS:
        values: list[Any] = list(TEXTS)
    elif name in INVOICE_DAYS:
        values = list(ODD_DAYS)
    elif name in amount:
        values = [Decimal(0), Decimal("-1"), getattr(row, name) + Decimal("0.0001"), Decimal("99999999")]
    else:
        values = {
            "status": ["PAID", "VOIDED", "DRAFT", "GONE", "NEVER HEARD OF"],
            "currency": ["USD", "XXX"],
            "contact_id": [None, uuid4()],
            "updated_at": [row.updated_at + timedelta(days=days) for days in (-400, 400, 36_500)],
        }[name]
    return {name: dice.choice([value for value in values if value != getattr(row, name)])}


INVOICE_TEXTS = ("number", "reference", "contact_name")
INVOICE_DAYS = ("issued_on", "due_on", "fully_paid_on", "expected_payment_on")


def wrong_contact(dice: random.Random, row: Any) -> dict[str, Any]:
    name = dice.choice(["name", "email", "people", "status", "updated_at"])
    values = {
        "name": list(TEXTS),
        "email": list(TEXTS),
        "people": [["nobody@example.com"]],
        "status": ["ARCHIVED", "UNKNOWN"],
        "updated_at": [None, row.updated_at + timedelta(days=400)],
    }[name]
    return {name: dice.choice([value for value in values if value != getattr(row, name)])}


@dataclass
class Vandal:
    """Harms single rows behind the product's back."""

    house: House
    workspace: UUID
    connection: UUID
    dice: random.Random
    harmed: int = 0
    made_up: int = 0
    _session: Any = field(default=None)

    async def strike(self, table: Any, key: str, wrong: Any, *, rows: int) -> None:
        async with self.house.database.workspace(self.workspace) as store:
            self._session = store.session
            everything = (await store.session.exec(table.__table__.select())).all()
            for row in self.dice.sample(list(everything), rows):
                await self._one(table, key, wrong, row)

    async def _one(self, table: Any, key: str, wrong: Any, row: Any) -> None:
        made_up = 1 if table is Invoice else 0
        act = self.dice.choices(["alter", "drop", "make up"], [8, 2, made_up])[0]
        mine = (table.workspace_id == self.workspace) & (getattr(table, key) == getattr(row, key))
        if act == "alter":
            await self._session.exec(update(table).where(mine).values(**wrong(self.dice, row)))
        elif act == "drop":
            await self._session.exec(delete(table).where(mine))
        else:
            await self._session.exec(insert(table).values(**{**row._mapping, key: uuid4(), "confirmed_by": None}))
            self.made_up += 1
            return
        self.harmed += 1


async def snapshot(house: House) -> tuple[list[Any], list[Any]]:
    """All outstanding invoices and all contacts, without our own marks."""
    async with house.database.unscoped() as unscoped:
        invoices = (await unscoped.session.exec(Invoice.__table__.select())).all()  # type: ignore[attr-defined]
        contacts = (await unscoped.session.exec(Contact.__table__.select())).all()  # type: ignore[attr-defined]
    known = [{**row._mapping, "confirmed_by": None} for row in invoices if row.status == "AUTHORISED"]
    return sorted(known, key=str), sorted(([*map(str, row)] for row in contacts), key=str)


async def test_every_corruption_is_found_and_mended(house: House, acme: Organisation) -> None:
    dice = random.Random(20261120)
    customers = [acme.add_contact(f"Customer {n}", f"c{n}@example.com") for n in range(EACH + 20)]
    for number in range(3 * EACH):
        owing(acme, f"INV-{number}", str(10 + number), contact=customers[number % len(customers)])
    house.pass_time(hours=1)
    workspace = await house.synced(acme)
    truth = await snapshot(house)
    vandal = Vandal(house, workspace, (await house.connection(workspace)).id, dice)
    for turn in range(ROUNDS):
        vandal.harmed = vandal.made_up = 0
        if turn % 5 == 4:
            await vandal.strike(Contact, "contact_id", wrong_contact, rows=EACH)
        else:
            await vandal.strike(Invoice, "invoice_id", wrong_invoice, rows=EACH)
        house.pass_time(minutes=20)
        asked = await house.syncing.request(workspace, by="U1", now=house.now, full=True)
        await house.engine.drain()
        run = await house.run(workspace, asked.run.id)
        assert (run.mended, run.gone) == (vandal.harmed, vandal.made_up)
        agreement = decode(run.agreement)
        assert agreement is not None
        assert agreement.agree
        async with house.database.workspace(workspace) as store:  # what is gone is kept, and in nobody's way
            await store.session.exec(delete(Invoice).where(Invoice.status == "GONE"))  # type: ignore[arg-type]
        assert await snapshot(house) == truth
