"""The outstanding invoices at a glance."""

from bot.views.blocks import counted, listed, money
from core.notices import Amount, Books


def worth(amounts: list[Amount]) -> str:
    return listed([money(amount.amount, amount.currency) for amount in amounts])


def at_a_glance(books: Books) -> str:
    """`29 outstanding invoices worth 1,721.94 USD from 19 customers, 6 overdue`."""
    if not books.invoices:
        return "no outstanding invoices"
    return (
        f"{counted(books.invoices, 'outstanding invoice')} worth {worth(books.amounts)}"
        f" from {counted(books.customers, 'customer')}, {books.overdue:,} overdue"
    )


def by_currency(books: Books) -> list[str]:
    """A line per currency, never summed across them."""
    return [
        f"{money(a.amount, a.currency)} in {counted(a.invoices, 'invoice')}"
        + (
            f", of which {money(a.overdue_amount, a.currency)} overdue in {a.overdue_invoices:,}"
            if a.overdue_invoices
            else ", none overdue"
        )
        for a in books.amounts
    ]
