"""Generated ledgers: a demo with every kind of invoice, and a big one for benchmarks."""

import random
from datetime import date, timedelta
from decimal import Decimal

from sandbox.xero.books import Organisation
from sandbox.xero.papers import Contact, Invoice, Person, money
from sandbox.xero.records import SUMMARY, invoice_json
from sandbox.xero.server import FakeXero

PLACES = ("Alder", "Birch", "Cedar", "Dune", "Ember", "Fern", "Grove", "Heron", "Inlet", "Juniper", "Kestrel", "Lark")
TRADES = ("Bakery", "Books", "Cycles", "Design", "Florists", "Garage", "Joinery", "Print", "Roasters", "Textiles")
"""Company names are made of these: invented and generic."""

KINDS = ("open", "open", "part", "open", "paid", "credited", "open", "draft", "voided", "deleted", "bill")
INVOICES = 40
"""Ordinary ones of an organisation."""
BATCH = 50
BIG_START = date(2026, 1, 1)


def demo_ledger(xero: FakeXero, *, seed: int = 1) -> list[Organisation]:
    """Two organisations relative to the clock's today, with ordinary invoices each and the odd ones."""
    harbour = xero.add_organisation("Harbour Lane Ltd")
    _fill(harbour, random.Random(seed), foreign=None)
    _odd_records(harbour)
    return [harbour, second_ledger(xero, seed=seed + 1)]


def second_ledger(xero: FakeXero, *, seed: int = 2) -> Organisation:
    """An organisation in another country, with invoices in two currencies."""
    star = xero.add_organisation(
        "Southern Star Traders", base_currency="NZD", country="NZ", timezone="NEWZEALANDSTANDARDTIME"
    )
    _fill(star, random.Random(seed), foreign="AUD")
    return star


def _fill(organisation: Organisation, dice: random.Random, *, foreign: str | None) -> None:
    names = [f"{place} {trade}" for place in PLACES for trade in TRADES]
    dice.shuffle(names)
    customers = [_customer(organisation, name) for name in names[: INVOICES // 3]]
    for index in range(INVOICES):
        currency = foreign if foreign and index % 7 == 3 else None
        _invoice(organisation, dice, dice.choice(customers), f"INV-{1001 + index}", currency, index)


def _customer(organisation: Organisation, name: str) -> Contact:
    mailbox = name.lower().replace(" ", "-")
    persons = (Person("Sam", "Field", f"sam.{mailbox}@example.com"),) if len(name) % 3 == 0 else ()
    return organisation.add_contact(name, f"accounts.{mailbox}@example.com", persons)


def _invoice(
    organisation: Organisation, dice: random.Random, customer: Contact, number: str, currency: str | None, index: int
) -> None:
    """By its index an invoice is open, part paid, credited, paid, a draft, voided, deleted, or a bill."""
    today = organisation.today()
    due_on = today + timedelta(days=dice.randint(-60, 30))
    kind = KINDS[index % len(KINDS)]
    made = organisation.add_invoice(
        customer,
        number=number,
        total=money(dice.randint(1500, 480_000)) / 100,
        issued_on=min(today, due_on - timedelta(days=30)),
        due_on=due_on,
        currency=currency,
        status="DRAFT" if kind in ("draft", "deleted") else "AUTHORISED",
        type="ACCPAY" if kind == "bill" else "ACCREC",
        reference=dice.choice(("", "", f"PO {dice.randint(100, 999)}")),
    )
    match kind:
        case "part":
            organisation.pay(made, (made.total / 3).quantize(Decimal("0.01")))
        case "paid":
            organisation.pay(made, on=min(today, due_on))
        case "credited":
            organisation.credit(made)
        case "voided":
            organisation.void(made)
        case "deleted":
            organisation.delete(made)


def _odd_records(organisation: Organisation) -> None:
    """What real books hold and programs stumble over."""
    today = organisation.today()
    day = timedelta(days=1)
    silent = organisation.add_contact("No Mailbox Supplies")
    markup = organisation.add_contact("Smith & Sons <b>", "smith@example.com")
    shouting = organisation.add_contact("<!channel>", "channel@example.com")
    accents = organisation.add_contact("Łódź Müller & 東京 Café ☕", "cafe@example.com")
    several = organisation.add_contact("Two Mailboxes Ltd", "one@example.com; two@example.com")
    gone = organisation.add_contact("Archived But Owing", "archived@example.com")
    for number, contact, total, due_on in (
        ("ODD-1", silent, "120.00", today - 10 * day),
        ("ODD-2", markup, "75.50", today - 3 * day),
        ("ODD-3", shouting, "18.00", today),
        ("ODD-4", accents, "2310.00", today - 45 * day),
        ("ODD-5", several, "64.10", today - day),
        ("ODD-6", gone, "410.00", today - 20 * day),
        ("ODD-7", markup, "0.00", today - 5 * day),
        ("ODD-8", markup, "-35.00", today - 5 * day),
        ("ODD-9", accents, "99.99", None),
        ("<ODD & 10>", shouting, "1.00", today - 2 * day),
    ):
        organisation.add_invoice(contact, number=number, total=money(total), issued_on=today - 60 * day, due_on=due_on)
    organisation.archive(gone)


def big_ledger(
    xero: FakeXero, invoices: int, contacts: int, *, name: str = "Big Ledger Ltd", prepared: bool = False
) -> Organisation:
    """Plain outstanding invoices for benchmarks, changed in batches of 50 that lie a second apart.

    Made without the bookkeeping's checks, and no webhook tells of them. `prepared` writes the summaryOnly JSON
    now (1.2 KB an invoice), so that a benchmark measures the reader and not the emulator.
    """
    made = xero.add_organisation(name)
    first = made.now() - timedelta(seconds=1 + invoices // BATCH)
    owners = [made.add_contact(f"Customer {index}", f"customer{index}@example.com") for index in range(contacts)]
    moments = [first + timedelta(seconds=batch) for batch in range(1 + invoices // BATCH)]
    days = [BIG_START + timedelta(days=day) for day in range(330)]
    for index in range(invoices):
        owner, total = owners[index % contacts], Decimal(100 + index % 90_000).scaleb(-2)
        invoice = Invoice(
            f"{index:08x}-b16b-4000-8000-{index % contacts:012x}",
            f"B-{index}",
            owner,
            "ACCREC",
            "AUTHORISED",
            days[index % 300],
            days[index % 300 + 30],
            made.base_currency,
            total,
            moments[index // BATCH],
            due=total,
        )
        owner.invoices.append(invoice)
        made.invoices.put(invoice)
        if prepared:
            invoice_json(invoice, SUMMARY, xero.switches)
    return made
