"""The outstanding invoices at a glance."""

from collections.abc import Sequence

from bot.views.blocks import counted, escape, when
from core.agreement import Agreement, Sum
from core.notices import Amount, Books
from core.wording import listed, money


def worth(amounts: Sequence[Amount | Sum]) -> str:
    return listed([money(amount.amount, amount.currency) for amount in amounts])


def at_a_glance(books: Books) -> str:
    """`29 outstanding invoices worth 1,721.94 USD from 19 customers, 6 overdue`."""
    return _glance(books, "outstanding invoice") if books.invoices else "no outstanding invoices"


def in_short(books: Books) -> str:
    """The same behind the word *Outstanding*, or `nothing`."""
    return _glance(books, "invoice") if books.invoices else "nothing"


def _glance(books: Books, thing: str) -> str:
    return (
        f"{counted(books.invoices, thing)} worth {worth(books.amounts)}"
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


def compared(it: Agreement) -> str:
    """`Books agree ✔ 340 invoices, 31,200.50 USD, at 09:00`, or what differs."""
    if it.agree:
        held = f"{counted(it.invoices, 'invoice')}, {worth(it.ours)}" if it.invoices else "nothing outstanding"
        return f"Books agree ✔ {held}, {when(it.at)}.{_unreadable(it)}"
    if it.differing:
        named = [escape(number or "one without a number") for number in it.differing]
        others = [f"{it.more:,} more"] if it.more else []
        what = f"not outstanding in both: {listed(named + others)}"
    else:
        what = f"Xero counts {counted(it.theirs, 'outstanding invoice')}, here are {it.invoices:,}"
    return f":warning: Books differ, {when(it.at)}: {what}.{_unreadable(it)}"


def _unreadable(it: Agreement) -> str:
    if not it.unreadable:
        return ""
    return f" Not counted: {counted(it.unreadable, 'invoice')} in Xero that could not be read."
