"""Invoices and contacts as Xero's JSON, at the four levels of detail its answers have."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sandbox.xero import wire
from sandbox.xero.papers import CENT, NOTHING, Contact, Credit, Invoice, Payment, Person
from sandbox.xero.switches import Switches
from sandbox.xero.wire import Literal

LIST, PAGED, SUMMARY, SINGLE = "list", "paged", "summary", "single"
"""Unpaged list (no line items), page, summaryOnly, one record by its id."""
DEPTH = 2


def invoice_json(invoice: Invoice, detail: str, switches: Switches) -> bytes:
    """Kept on the invoice until it changes; a single read holds its contact too and is never kept."""
    if detail == SINGLE:
        return _written(_invoice(invoice, detail, switches), invoice.odd)
    found = invoice.written.get(detail)
    if found is None:
        found = invoice.written[detail] = _written(_invoice(invoice, detail, switches), invoice.odd)
    return found


def contact_json(contact: Contact, detail: str, *, base_currency: str, today: date) -> bytes:
    return _written(_contact(contact, detail, base_currency, today), contact.odd)


def _written(pairs: dict[str, str], odd: Mapping[str, Any]) -> bytes:
    for name, value in odd.items():
        if value is ...:
            pairs.pop(name, None)
        else:
            pairs[name] = wire.render(value, DEPTH + 1)
    return wire.fields(pairs, DEPTH).encode("utf-8", "replace")


def _invoice(invoice: Invoice, detail: str, switches: Switches) -> dict[str, str]:
    summary = detail == SUMMARY
    dropped = summary and switches.summary_keys == "removed"
    pairs: dict[str, str] = {
        "Type": f'"{invoice.type}"',
        "InvoiceID": f'"{invoice.id}"',
        "InvoiceNumber": wire.text(invoice.number),
        "Reference": wire.text(invoice.reference),
    }
    if not dropped:
        pairs["Payments"] = "[]" if summary or not invoice.payments else _payments(invoice.payments)
    if not summary or switches.summary_keeps_credits:
        pairs["CreditNotes"] = _credits(invoice.credits) if invoice.credits else "[]"
        pairs["Prepayments"] = pairs["Overpayments"] = "[]"
    pairs |= {
        "AmountDue": str(invoice.due),
        "AmountPaid": str(invoice.paid),
        "AmountCredited": str(invoice.credited),
        "SentToContact": "true" if invoice.sent else "false",
        "CurrencyRate": str(invoice.rate),
        "IsDiscounted": "false",
    }
    if not dropped:
        pairs["HasAttachments"] = "false"
    pairs["HasErrors"] = "false"
    pairs["Contact"] = _whole_contact(invoice.contact) if detail == SINGLE else _named(invoice.contact)
    pairs |= _dates(invoice)
    pairs |= {"Status": f'"{invoice.status}"', "LineAmountTypes": '"NoTax"'}
    if not dropped:
        pairs["LineItems"] = _lines(invoice) if detail in (PAGED, SINGLE) else "[]"
    return pairs | _ending(invoice)


def _ending(invoice: Invoice) -> dict[str, str]:
    pairs: dict[str, str] = {
        "SubTotal": str(invoice.total),
        "TotalTax": "0.00",
        "Total": str(invoice.total),
        "UpdatedDateUTC": wire.moment(invoice.updated_at),
        "UpdatedDateUTCString": wire.moment_string(invoice.updated_at),
        "CurrencyCode": f'"{invoice.currency}"',
    }
    if invoice.status == "PAID" and invoice.settled_on is not None:
        pairs["FullyPaidOnDate"] = wire.day(invoice.settled_on)
    return pairs


def _dates(invoice: Invoice) -> dict[str, str]:
    pairs: dict[str, str] = {"DateString": wire.day_string(invoice.issued_on), "Date": wire.day(invoice.issued_on)}
    if invoice.due_on is not None:
        pairs |= {"DueDateString": wire.day_string(invoice.due_on), "DueDate": wire.day(invoice.due_on)}
    if invoice.expected_on is not None:
        pairs["ExpectedPaymentDate"] = wire.day(invoice.expected_on)
    return pairs


def _named(contact: Contact) -> str:
    """The contact inside a list: id and name only, and empty arrays."""
    return (
        f'{{\r\n        "ContactID": "{contact.id}",\r\n        "Name": {wire.text(contact.name)},\r\n'
        '        "Addresses": [],\r\n        "Phones": [],\r\n        "ContactGroups": [],\r\n'
        '        "ContactPersons": [],\r\n        "HasValidationErrors": false\r\n      }'
    )


def _whole_contact(contact: Contact) -> str:
    pairs = {
        "ContactID": contact.id,
        "ContactStatus": contact.status,
        "Name": contact.name,
        "EmailAddress": contact.email,
        "Addresses": [],
        "Phones": [],
        "UpdatedDateUTC": wire.moment(contact.updated_at),
        "ContactGroups": [],
        "IsSupplier": _is_supplier(contact),
        "IsCustomer": _is_customer(contact),
        "ContactPersons": [_person(each) for each in contact.persons[:5]],
        "HasValidationErrors": False,
    }
    return wire.render(pairs, DEPTH + 1)


def _payments(payments: list[Payment]) -> str:
    shown = [
        {
            "PaymentID": each.id,
            "Date": wire.day(each.on),
            "Amount": each.amount,
            "Reference": "",
            "CurrencyRate": Literal("1.000000"),
            "HasAccount": False,
            "HasValidationErrors": False,
        }
        for each in payments
    ]
    return wire.render(shown, DEPTH + 1)


def _credits(credits: list[Credit]) -> str:
    shown = [
        {
            "CreditNoteID": each.id,
            "CreditNoteNumber": each.number,
            "ID": each.id,
            "HasErrors": False,
            "AppliedAmount": each.amount,
            "DateString": wire.day_string(each.on),
            "Date": wire.day(each.on),
            "LineItems": [],
            "Total": each.amount,
        }
        for each in credits
    ]
    return wire.render(shown, DEPTH + 1)


def _lines(invoice: Invoice) -> str:
    """One line over the whole total; written by hand because every paged record has it."""
    inner = "\r\n          "
    return (
        f'[\r\n        {{{inner}"Description": "Goods and services",{inner}"UnitAmount": {invoice.total},'
        f'{inner}"TaxType": "NONE",{inner}"TaxAmount": 0.00,{inner}"LineAmount": {invoice.total},'
        f'{inner}"AccountCode": "200",{inner}"Tracking": [],{inner}"Quantity": 1.0000,'
        f'{inner}"LineItemID": "{invoice.id[:-1]}{"0" if invoice.id[-1] != "0" else "1"}",'
        f'{inner}"ValidationErrors": []\r\n        }}\r\n      ]'
    )


def _contact(contact: Contact, detail: str, base_currency: str, today: date) -> dict[str, str]:
    shown: dict[str, Any] = {"ContactID": contact.id}
    if contact.number:
        shown["ContactNumber"] = contact.number
    shown |= {
        "ContactStatus": contact.status,
        "Name": contact.name,
        "EmailAddress": contact.email,
        "BankAccountDetails": "",
        "UpdatedDateUTC": wire.moment(contact.updated_at),
    }
    if detail != SUMMARY:
        shown |= {
            "Addresses": [],
            "Phones": [],
            "ContactGroups": [],
            "IsSupplier": _is_supplier(contact),
            "IsCustomer": _is_customer(contact),
            "DefaultCurrency": base_currency,
            "Balances": _balances(contact, today),
            "ContactPersons": [] if detail == LIST else [_person(each) for each in contact.persons[:5]],
        }
    shown |= {"HasAttachments": False, "HasValidationErrors": False}
    return {name: wire.render(value, DEPTH + 1) for name, value in shown.items()}


def _person(person: Person) -> dict[str, Any]:
    return {
        "FirstName": person.first,
        "LastName": person.last,
        "EmailAddress": person.email,
        "IncludeInEmails": person.include,
    }


def _is_customer(contact: Contact) -> bool:
    return any(each.type == "ACCREC" for each in contact.invoices)


def _is_supplier(contact: Contact) -> bool:
    return any(each.type == "ACCPAY" for each in contact.invoices)


def _balances(contact: Contact, today: date) -> dict[str, Any]:
    def owed(kind: str, *, overdue: bool) -> Any:
        chosen = [
            each.due
            for each in contact.invoices
            if each.type == kind
            and each.status == "AUTHORISED"
            and (not overdue or (each.due_on is not None and each.due_on < today))
        ]
        return sum(chosen, NOTHING).quantize(CENT)

    return {
        name: {"Outstanding": owed(kind, overdue=False), "Overdue": owed(kind, overdue=True)}
        for name, kind in (("AccountsReceivable", "ACCREC"), ("AccountsPayable", "ACCPAY"))
    }
