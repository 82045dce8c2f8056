"""A real ledger from a CSV file, played back on the emulator's clock."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from uuid import UUID, uuid5

from sandbox.xero.books import Organisation, is_outstanding
from sandbox.xero.papers import Contact, Invoice, money
from sandbox.xero.server import FakeXero

COLUMNS = ("customerID", "invoiceNumber", "InvoiceDate", "DueDate", "InvoiceAmount", "SettledDate")


class LedgerError(Exception):
    """The file cannot be used; the message names line and column in one sentence."""


@dataclass(frozen=True, slots=True)
class Row:
    customer: str
    number: str
    issued_on: date
    due_on: date
    amount: Decimal
    settled_on: date | None
    disputed: bool


def load_receivables(
    xero: FakeXero, path: str | Path, *, organisation: str = "Harbour Lane Ltd", as_of: date | None = None
) -> Organisation:
    """Schedule every invoice for its date and every payment for its settled date, both at 00:00 UTC.

    Rows issued after `as_of` are left out, and so are payments after it; None plays everything.
    """
    rows = list(read(Path(path)))
    books = xero.add_organisation(organisation)
    tale = Tale(books)
    for row in rows:
        if as_of is None or row.issued_on <= as_of:
            paid = row.settled_on is not None and (as_of is None or row.settled_on <= as_of)
            tale.plan(row, paid=paid)
    books.settle()
    return books


@dataclass(slots=True)
class Tale:
    """Turns rows into scheduled changes; remembers the contacts and invoices they made."""

    books: Organisation
    contacts: dict[str, Contact] = field(default_factory=dict)
    invoices: dict[str, Invoice] = field(default_factory=dict)

    def plan(self, row: Row, *, paid: bool) -> None:
        self.books.schedule(midnight(row.issued_on), Issued(self, row))
        if paid and row.settled_on is not None:
            self.books.schedule(midnight(max(row.settled_on, row.issued_on)), Settled(self, row))

    def issue(self, row: Row) -> None:
        if row.customer not in self.contacts:
            mailbox = f"accounts@{row.customer.lower()}.example.com"
            self.contacts[row.customer] = self.books.add_contact(
                f"Customer {row.customer}", mailbox, id=self._id("contact", row.customer)
            )
        self.invoices[row.number] = self.books.add_invoice(
            self.contacts[row.customer],
            number=row.number,
            total=row.amount,
            issued_on=row.issued_on,
            due_on=row.due_on,
            reference="Disputed" if row.disputed else "",
            id=self._id("invoice", row.number),
        )

    def settle(self, row: Row) -> None:
        """Nothing to do when somebody was faster at the desk, or nothing was ever due."""
        invoice = self.invoices[row.number]
        if is_outstanding(invoice):
            self.books.pay(invoice, on=row.settled_on)

    def _id(self, kind: str, name: str) -> str:
        return str(uuid5(UUID(self.books.tenant_id), f"ledger:{kind}:{name}"))


@dataclass(frozen=True, slots=True)
class Issued:
    """A scheduled change as a value, so that it can be kept over a restart."""

    tale: Tale
    row: Row

    def __call__(self) -> None:
        self.tale.issue(self.row)


@dataclass(frozen=True, slots=True)
class Settled:
    tale: Tale
    row: Row

    def __call__(self) -> None:
        self.tale.settle(self.row)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def read(path: Path) -> Iterator[Row]:
    """The rows of the file, checked. Raises LedgerError, also for a file that is no CSV at all."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise LedgerError(f"{path.name} has no column {missing[0]} in line 1.")
            seen: set[str] = set()
            for cells in reader:
                row = _row(cells, reader.line_num)
                if row.number in seen:
                    raise LedgerError(
                        f"Line {reader.line_num}, column invoiceNumber: {row.number!r} appears a second time."
                    )
                seen.add(row.number)
                yield row
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise LedgerError(f"{path.name} cannot be read as a CSV file: {exc}.") from exc


def _row(cells: Mapping[str, str | None], line: int) -> Row:
    settled = (cells.get("SettledDate") or "").strip()
    return Row(
        _word(cells, "customerID", line),
        _word(cells, "invoiceNumber", line),
        _day(cells, "InvoiceDate", line),
        _day(cells, "DueDate", line),
        _amount(cells, line),
        _day(cells, "SettledDate", line) if settled else None,
        (cells.get("Disputed") or "").strip().lower() == "yes",
    )


def _word(cells: Mapping[str, str | None], column: str, line: int) -> str:
    value = (cells.get(column) or "").strip()
    if not value:
        raise LedgerError(f"Line {line}, column {column}: there is nothing in it.")
    return value


def _day(cells: Mapping[str, str | None], column: str, line: int) -> date:
    """month/day/year."""
    value = _word(cells, column, line)
    try:
        month, day, year = (int(part) for part in value.split("/"))
        return date(year, month, day)
    except ValueError:
        raise LedgerError(f"Line {line}, column {column}: {value!r} is no date like 2/28/2013.") from None


def _amount(cells: Mapping[str, str | None], line: int) -> Decimal:
    value = _word(cells, "InvoiceAmount", line)
    try:
        return money(value)
    except (InvalidOperation, ValueError):
        raise LedgerError(f"Line {line}, column InvoiceAmount: {value!r} is no amount like 94.50.") from None
