"""The real ledger the tests may use where it is there, read without the product's help."""

import csv
import os
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

BESIDE_THE_PROJECT = Path(__file__).parents[2] / "shared" / "data" / "ibm_accounts_receivable_part_a.csv"
RECEIVABLES = Path(os.environ.get("SOLIDO_RECEIVABLES") or BESIDE_THE_PROJECT)
MISSING = f"the ledger {RECEIVABLES.name} is not there; SOLIDO_RECEIVABLES names one"


class Line(NamedTuple):
    customer: str
    number: str
    issued_on: date
    due_on: date
    amount: Decimal
    settled_on: date


def lines() -> Sequence[Line]:
    with RECEIVABLES.open(newline="") as file:
        return [
            Line(
                row["customerID"],
                row["invoiceNumber"],
                day(row["InvoiceDate"]),
                day(row["DueDate"]),
                Decimal(row["InvoiceAmount"]),
                day(row["SettledDate"]),
            )
            for row in csv.DictReader(file)
        ]


def day(text: str) -> date:
    return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007  # a calendar date


def open_on(today: date) -> list[Line]:
    """What is owed on that day: issued, and not settled; settled on the day itself counts as paid."""
    return [line for line in lines() if line.issued_on <= today < line.settled_on]
