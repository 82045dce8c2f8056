"""Credit notes, overpayments and prepayments, read from bytes into rows. No I/O.

Source: Xero developer docs, "Credit Notes", "Overpayments", "Prepayments".
"""

from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from core.xero import wire
from core.xero.wire import ContactNamed, Envelope, Page
from storage.unapplied_models import Paper


class _Paper(msgspec.Struct, gc=False):
    Status: str
    Type: str
    RemainingCredit: Decimal
    CurrencyCode: str
    CreditNoteID: UUID | None = None
    OverpaymentID: UUID | None = None
    PrepaymentID: UUID | None = None
    CreditNoteNumber: str | None = None
    Contact: ContactNamed | None = None
    Date: str | None = None
    UpdatedDateUTC: str | None = None


class _CreditNotes(Envelope):
    CreditNotes: list[_Paper] | None = None  # type: ignore[assignment]


class _Overpayments(Envelope):
    Overpayments: list[_Paper] | None = None  # type: ignore[assignment]


class _Prepayments(Envelope):
    Prepayments: list[_Paper] | None = None  # type: ignore[assignment]


class List(NamedTuple):
    """Where one kind is listed, and what its sales side is called."""

    path: str
    type: str
    decoder: msgspec.json.Decoder[Any]


LISTS = {
    Paper.CREDIT_NOTE: List("CreditNotes", "ACCRECCREDIT", msgspec.json.Decoder(_CreditNotes)),
    Paper.OVERPAYMENT: List("Overpayments", "RECEIVE-OVERPAYMENT", msgspec.json.Decoder(_Overpayments)),
    Paper.PREPAYMENT: List("Prepayments", "RECEIVE-PREPAYMENT", msgspec.json.Decoder(_Prepayments)),
}


def read_papers(body: bytes, kind: Paper) -> Page:
    """Those with something left for invoices to get; what has no owner is passed over."""

    def row(paper: _Paper) -> dict[str, Any] | None:
        owner = paper.Contact.ContactID if paper.Contact else None
        found = paper.CreditNoteID or paper.OverpaymentID or paper.PrepaymentID
        if paper.Status != "AUTHORISED" or paper.Type != LISTS[kind].type or owner is None or found is None:
            return None
        remaining = wire.amount(paper.RemainingCredit)
        if remaining <= 0:
            return None
        return {
            "paper_id": found,
            "kind": str(kind),
            "number": paper.CreditNoteNumber or "",
            "contact_id": owner,
            "currency": wire.currency(paper.CurrencyCode),
            "remaining": remaining,
            "issued_on": wire.day(paper.Date),
            "updated_at": wire.moment(paper.UpdatedDateUTC),
        }

    return wire.read_list(body, LISTS[kind].path, LISTS[kind].decoder, _Paper, row)
