"""How the comparing of books is said."""

from datetime import UTC, datetime
from decimal import Decimal

from bot.commands import COMMANDS
from bot.views.books import compared
from core.agreement import Agreement, Sum

NINE = datetime(2026, 11, 22, 9, tzinfo=UTC)
OURS = [Sum("USD", 340, Decimal("31200.50"))]


def test_books_that_agree_are_said_in_one_line() -> None:
    said = compared(Agreement(NINE, True, OURS, 340))
    assert said.startswith("Books agree ✔ 340 invoices, 31,200.50 USD, ")
    assert "09:00 UTC" in said


def test_currencies_are_never_added_up() -> None:
    said = compared(Agreement(NINE, True, [*OURS, Sum("EUR", 1, Decimal(5))], 341))
    assert "341 invoices, 31,200.50 USD and 5.00 EUR" in said


def test_no_more_than_a_few_differing_invoices_are_named() -> None:
    said = compared(Agreement(NINE, False, OURS, 341, ["INV-1", "INV-<2>", "INV-3", "INV-4", "INV-5"], 7))
    assert "INV-1, INV-&lt;2&gt;, INV-3, INV-4, INV-5 and 7 more" in said


def test_where_no_invoice_can_be_named_both_numbers_are_told() -> None:
    assert "Xero counts 341 outstanding invoices, here are 340" in compared(Agreement(NINE, False, OURS, 341))


def test_what_could_not_be_read_is_not_passed_over() -> None:
    assert "Not counted: 1 invoice in Xero that could not be read." in compared(
        Agreement(NINE, True, OURS, 341, unreadable=1)
    )


def test_sync_takes_the_word_full_and_no_other() -> None:
    sync = COMMANDS["sync"]
    assert sync.takes("")
    assert sync.takes("FULL")
    assert not sync.takes("everything")
