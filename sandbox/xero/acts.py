"""What the desk can do. Everything typed is checked here; what cannot be done is said in one sentence."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.xero.books import BooksError, Organisation
from sandbox.xero.faults import LABELS
from sandbox.xero.papers import CENT, Contact, Invoice, money
from sandbox.xero.server import FakeXero

Asked = Mapping[str, Any]
LARGEST = Decimal("1000000000")
LONGEST_NAME = 255


class ActError(Exception):
    """The desk's refusal, as one plain sentence."""


def act(xero: FakeXero, asked: Asked) -> str:
    """Do what is asked and say what happened; raises ActError."""
    action = asked.get("action")
    if not isinstance(action, str) or action not in ACTS:
        raise ActError(f"Choose one of these actions: {', '.join(ACTS)}.")
    xero.settle()
    xero.version += 1
    try:
        return ACTS[action](xero, asked)
    except BooksError as refused:
        raise ActError(str(refused)) from refused


def _pay(xero: FakeXero, asked: Asked) -> str:
    books, invoice = _invoice(xero, asked)
    return _paid(books, invoice, _amount(asked, "amount"))


def _part_pay(xero: FakeXero, asked: Asked) -> str:
    books, invoice = _invoice(xero, asked)
    return _paid(books, invoice, _amount(asked, "amount") or (invoice.due / 2).quantize(CENT))


def _paid(books: Organisation, invoice: Invoice, amount: Decimal | None) -> str:
    payment = books.pay(invoice, amount)
    return f"Invoice {invoice.number} got a payment of {payment.amount} {invoice.currency}; {_left(invoice)}."


def _unpay(xero: FakeXero, asked: Asked) -> str:
    books, invoice = _invoice(xero, asked)
    books.unpay(invoice)
    return f"The payments of invoice {invoice.number} were removed; {_left(invoice)}."


def _void(xero: FakeXero, asked: Asked) -> str:
    books, invoice = _invoice(xero, asked)
    books.void(invoice)
    return f"Invoice {invoice.number} is void."


def _credit(xero: FakeXero, asked: Asked) -> str:
    books, invoice = _invoice(xero, asked)
    credit = books.credit(invoice, _amount(asked, "amount"))
    return f"Invoice {invoice.number} got a credit of {credit.amount} {invoice.currency}; {_left(invoice)}."


def _change_due_date(xero: FakeXero, asked: Asked) -> str:
    books, invoice = _invoice(xero, asked)
    on = _day(asked, "on")
    if on is None:
        raise ActError("Say the new due date as year-month-day.")
    books.change_due_date(invoice, on, silent=asked.get("silent") is True)
    return f"Invoice {invoice.number} is now due on {on.isoformat()}."


def _add_invoice(xero: FakeXero, asked: Asked) -> str:
    books = _organisation(xero, asked)
    total = _amount(asked, "total")
    if total is None:
        raise ActError("Say the total of the new invoice.")
    name = _words(asked, "contact")
    contact = books.contacts.by_id.get(name.lower()) or next((c for c in books.contacts if c.name == name), None)
    if contact is None and not name:
        raise ActError("Say whose invoice it is.")
    contact = contact or books.add_contact(name, _words(asked, "email"))
    today = books.today()
    made = books.add_invoice(
        contact,
        number=_words(asked, "number") or f"DESK-{len(books.invoices) + 1}",
        total=total,
        issued_on=_day(asked, "issued_on") or today,
        due_on=_day(asked, "due_on") or today + timedelta(days=14),
        currency=_currency(asked, books),
    )
    return f"Invoice {made.number} over {made.total} {made.currency} for {contact.name} was added."


def _archive_contact(xero: FakeXero, asked: Asked) -> str:
    books, contact = _contact(xero, asked)
    books.archive(contact)
    return f"{contact.name} is archived."


def _blank_email(xero: FakeXero, asked: Asked) -> str:
    books, contact = _contact(xero, asked)
    books.blank_email(contact)
    return f"{contact.name} has no e-mail address any more."


def _revoke(xero: FakeXero, asked: Asked) -> str:
    books = _organisation(xero, asked)
    if not xero.is_connected(books):
        raise ActError(f"{books.name} is not connected to the app.")
    xero.revoke(books)
    return f"{books.name} was disconnected from the app."


def _kill_refresh_tokens(xero: FakeXero, asked: Asked) -> str:
    xero.kill_refresh_tokens()
    return "Every refresh token is refused from now on."


def _expire_access_tokens(xero: FakeXero, asked: Asked) -> str:
    xero.expire_access_tokens()
    return "Every access token is expired."


def _fault(xero: FakeXero, asked: Asked) -> str:
    kind = asked.get("kind")
    if not isinstance(kind, str) or kind not in LABELS:
        raise ActError(f"Choose one of these faults: {', '.join(LABELS)}.")
    times, seconds = asked.get("times", 1), asked.get("seconds")
    if times is not None and (type(times) is not int or not 1 <= times <= 1000):
        raise ActError("Say how many times as a whole number from 1 to 1000, or null for until healed.")
    if seconds is not None and (type(seconds) not in (int, float) or not 0 <= seconds <= 86_400):
        raise ActError("Say the seconds as a number from 0 to 86400.")
    xero.break_next(kind, times=times, path=_words(asked, "path") or None, seconds=seconds)
    often = "until healed" if times is None else "once" if times == 1 else f"{times} times"
    return f"Requests will meet {LABELS[kind]}, {often}."


def _heal(xero: FakeXero, asked: Asked) -> str:
    xero.heal()
    return "Every fault is gone."


ACTS: dict[str, Callable[[FakeXero, Asked], str]] = {
    "pay": _pay,
    "part_pay": _part_pay,
    "unpay": _unpay,
    "void": _void,
    "credit": _credit,
    "change_due_date": _change_due_date,
    "add_invoice": _add_invoice,
    "archive_contact": _archive_contact,
    "blank_email": _blank_email,
    "revoke": _revoke,
    "kill_refresh_tokens": _kill_refresh_tokens,
    "expire_access_tokens": _expire_access_tokens,
    "fault": _fault,
    "heal": _heal,
}


def _left(invoice: Invoice) -> str:
    return "nothing is left" if invoice.due == 0 else f"{invoice.due} {invoice.currency} is left"


def _organisation(xero: FakeXero, asked: Asked) -> Organisation:
    id = _words(asked, "tenant_id").lower()
    found = next((each for each in xero.organisations if each.tenant_id == id), None)
    if found is None and not id and len(xero.organisations) == 1:
        return xero.organisations[0]
    if found is None:
        raise ActError("Choose an organisation.")
    return found


def _invoice(xero: FakeXero, asked: Asked) -> tuple[Organisation, Invoice]:
    """By its id, among all organisations."""
    id = (_words(asked, "invoice_id") or _words(asked, "id")).lower()
    for books in xero.organisations:
        if id in books.invoices.by_id:
            return books, books.invoices.by_id[id]
    raise ActError("There is no such invoice.")


def _contact(xero: FakeXero, asked: Asked) -> tuple[Organisation, Contact]:
    id = (_words(asked, "contact_id") or _words(asked, "id")).lower()
    for books in xero.organisations:
        if id in books.contacts.by_id:
            return books, books.contacts.by_id[id]
    raise ActError("There is no such contact.")


def _words(asked: Asked, name: str) -> str:
    """A short text; half a surrogate pair cannot be written as UTF-8 and becomes a question mark."""
    value = asked.get(name)
    return value.strip()[:LONGEST_NAME].encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _amount(asked: Asked, name: str) -> Decimal | None:
    value = asked.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ActError("Say the amount as a number like 12.50.")
    try:
        amount = money(str(value)[:40])
    except (InvalidOperation, ValueError):
        raise ActError("Say the amount as a number like 12.50.") from None
    if abs(amount) >= LARGEST:
        raise ActError("That amount is too large.")
    return amount


def _day(asked: Asked, name: str) -> date | None:
    value = asked.get(name)
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ActError("Say the date as year-month-day.") from None


def _currency(asked: Asked, books: Organisation) -> str:
    code = _words(asked, "currency").upper() or books.base_currency
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise ActError("Say the currency as three letters.")
    return code
