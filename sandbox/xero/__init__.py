"""A small, honest emulation of Xero: login, identity and Accounting API on one ASGI app."""

from sandbox.xero.books import BooksError, Organisation
from sandbox.xero.browser import ConsentError
from sandbox.xero.demo import big_ledger, demo_ledger, second_ledger
from sandbox.xero.faults import Fault
from sandbox.xero.ledger import LedgerError, load_receivables
from sandbox.xero.papers import Contact, Invoice, Person
from sandbox.xero.server import FakeXero
from sandbox.xero.switches import Switches

__all__ = [
    "BooksError",
    "ConsentError",
    "Contact",
    "FakeXero",
    "Fault",
    "Invoice",
    "LedgerError",
    "Organisation",
    "Person",
    "Switches",
    "big_ledger",
    "demo_ledger",
    "load_receivables",
    "second_ledger",
]
