"""An emulated organisation: its contacts and invoices, and everything a bookkeeper does to them."""

import heapq
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from sandbox.xero.papers import Contact, Credit, Invoice, Payment, Person, money
from sandbox.xero.shelf import Shelf
from sandbox.xero.switches import Switches
from sandbox.xero.unallocated import CREDIT_NOTE, Kind, Unallocated

HOME = uuid5(NAMESPACE_URL, "https://sandbox.example.com/xero")
ZONES = {
    "UTC": "UTC",
    "GMTSTANDARDTIME": "Europe/London",
    "WEUROPESTANDARDTIME": "Europe/Berlin",
    "NEWZEALANDSTANDARDTIME": "Pacific/Auckland",
    "AUSEASTERNSTANDARDTIME": "Australia/Sydney",
    "EASTERNSTANDARDTIME": "America/New_York",
    "CENTRALSTANDARDTIME": "America/Chicago",
    "PACIFICSTANDARDTIME": "America/Los_Angeles",
    "SINGAPORESTANDARDTIME": "Asia/Singapore",
    "SOUTHAFRICASTANDARDTIME": "Africa/Johannesburg",
}
"""Windows zone names as Xero writes them; an organisation may carry others, its own day is then UTC's."""


class BooksError(Exception):
    """Xero would refuse this; the message is one plain sentence."""


class Organisation:
    """One tenant. Every write takes the moment of the clock, or of the schedule, as UpdatedDateUTC."""

    def __init__(
        self,
        name: str,
        *,
        clock: Callable[[], datetime],
        tenant_id: str,
        base_currency: str = "USD",
        country: str = "US",
        timezone: str = "UTC",
        switches: Switches | None = None,
        changed: Callable[["Organisation", str, str, str], None] | None = None,
    ) -> None:
        self.name = name
        self.tenant_id = tenant_id
        self.base_currency = base_currency
        self.country = country
        self.timezone = timezone
        self.short_code = "!" + tenant_id.replace("-", "")[:5]
        self.sends_reminders = False
        """Xero's own invoice reminders, as GET /InvoiceReminders/Settings tells."""
        self.unlisted: set[str] = set()
        """Invoices that lists by status leave out, as an index of Xero's would that lags behind."""
        self.contacts: Shelf[Contact] = Shelf()
        self.invoices: Shelf[Invoice] = Shelf()
        self.unallocated: Shelf[Unallocated] = Shelf()
        self._clock = clock
        self._switches = switches or Switches()
        self._changed = changed
        self._number = 0
        self._diary: list[tuple[datetime, int, Callable[[], object]]] = []
        self._at: datetime | None = None
        self.created_at = self.now()

    # what is kept over a restart: see kept.py

    def memory(self) -> dict[str, Any]:
        return {
            "created_at": self.created_at,
            "contacts": list(self.contacts),
            "invoices": list(self.invoices),
            "number": self._number,
            "diary": [list(entry) for entry in sorted(self._diary, key=lambda entry: entry[:2])],
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Scheduled changes are kept only when they are values, as those of a ledger from a file are."""
        self.created_at = memory["created_at"]
        for contact in memory["contacts"]:
            self.contacts.put(contact)
        for invoice in memory["invoices"]:
            self.invoices.put(invoice)
        self._number = memory["number"]
        self._diary = [(at, number, change) for at, number, change in memory["diary"]]

    # time

    def now(self) -> datetime:
        """The moment a write gets: the clock's, or while a scheduled change lands, the schedule's."""
        if self._at is not None:
            return self._at
        self.settle()
        return whole_millisecond(self._clock())

    def today(self) -> date:
        """The organisation's own calendar day."""
        zone = ZONES.get(self.timezone.upper())
        return self.now().astimezone(ZoneInfo(zone) if zone else UTC).date()

    def schedule(self, at: datetime, change: Callable[[], object]) -> None:
        """Let `change` happen when the clock passes `at`; it then counts as done at `at`."""
        heapq.heappush(self._diary, (at, self._next_number(), change))

    def settle(self) -> None:
        """Apply what is due, in time order. Does nothing while a change is landing."""
        if self._at is not None or not self._diary:
            return
        now = self._clock()
        try:
            while self._diary and self._diary[0][0] <= now:
                at, _, change = heapq.heappop(self._diary)
                self._at = whole_millisecond(at)
                change()
        finally:
            self._at = None

    # contacts

    def add_contact(
        self, name: str, email: str = "", persons: Sequence[Person] = (), *, id: str | None = None, **odd: Any
    ) -> Contact:
        """`odd` overrides fields on the wire by Xero's own name; Ellipsis takes one away."""
        now = self.now()
        contact = Contact(id or self._new_id("contact"), name, email, now, persons=tuple(persons), odd=odd)
        self.contacts.put(contact)
        self._tell("CONTACT", contact.id, "CREATE")
        return contact

    def archive(self, contact: Contact) -> None:
        contact.status = "ARCHIVED"
        self._touch_contact(contact)

    def merge(self, loser: Contact, winner: Contact) -> None:
        """One customer that was there twice: the loser is archived, and its invoices are the winner's."""
        for invoice in loser.invoices:
            invoice.contact = winner
            winner.invoices.append(invoice)
            self._touch(invoice)
        loser.invoices.clear()
        loser.odd = {**loser.odd, "MergedToContactID": winner.id}
        self.archive(loser)

    def ask_to_be_forgotten(self, contact: Contact) -> None:
        """The contact has asked for its data to be deleted."""
        contact.status = "GDPRREQUEST"
        self._touch_contact(contact)

    def blank_email(self, contact: Contact) -> None:
        contact.email = ""
        self._touch_contact(contact)

    def set_email(self, contact: Contact, email: str) -> None:
        contact.email = email
        self._touch_contact(contact)

    def leave_credit(self, contact: Contact, amount: Decimal | int | str) -> None:
        """Give a contact a credit note that is allocated to nothing yet."""
        self.add_unallocated(contact, money(amount))

    # invoices

    def add_invoice(
        self,
        contact: Contact,
        *,
        number: str,
        total: Decimal,
        issued_on: date,
        due_on: date | None,
        currency: str | None = None,
        status: str = "AUTHORISED",
        type: str = "ACCREC",
        reference: str = "",
        id: str | None = None,
        odd: Mapping[str, Any] | None = None,
    ) -> Invoice:
        """`status` PAID comes with the payment that made it so, on the due date."""
        currency = currency or self.base_currency
        invoice = Invoice(
            id or self._new_id("invoice"),
            number,
            contact,
            type,
            "AUTHORISED" if status == "PAID" else status,
            issued_on,
            due_on,
            currency,
            money(total),
            self.now(),
            reference=reference,
            rate=Decimal("1.000000") if currency == self.base_currency else Decimal("1.170000"),
            odd=odd or {},
        )
        invoice.recount()
        contact.invoices.append(invoice)
        self.invoices.put(invoice)
        if status == "PAID":
            self.pay(invoice, on=due_on or issued_on)
        self._tell("INVOICE", invoice.id, "CREATE")
        return invoice

    def add_raw_invoice(self, overrides: Mapping[str, Any]) -> Invoice:
        """An ordinary invoice over 10.00 whose JSON says what `overrides` says; Ellipsis takes a field away."""
        today = self.today()
        return self.add_invoice(
            self.add_contact("Odd Records Ltd", "odd@example.com"),
            number=f"RAW-{self._next_number()}",
            total=money(10),
            issued_on=today,
            due_on=today,
            odd=dict(overrides),
        )

    def pay(self, invoice: Invoice, amount: Decimal | None = None, on: date | None = None) -> Payment:
        """The whole amount due unless told otherwise; `on` is the accounting date, today if not given."""
        paid = self._settling(invoice, amount)
        payment = Payment(self._new_id("payment"), paid, on or self.now().date())
        invoice.payments.append(payment)
        self._settled(invoice, payment.on)
        return payment

    def unpay(self, invoice: Invoice) -> None:
        """Remove the invoice's payments; a PAID invoice is AUTHORISED again."""
        if not invoice.payments:
            raise BooksError(f"Invoice {invoice.number} has no payment to remove.")
        invoice.payments.clear()
        invoice.status, invoice.settled_on = "AUTHORISED", None
        self._touch(invoice, settlement=True)

    def credit(self, invoice: Invoice, amount: Decimal | None = None) -> Credit:
        """Allocate a credit note, over the whole amount due unless told otherwise."""
        given = self._settling(invoice, amount)
        credit = Credit(self._new_id("credit"), f"CN-{self._next_number():04d}", given, self.now().date())
        invoice.credits.append(credit)
        self._settled(invoice, credit.on)
        return credit

    def add_unallocated(
        self, contact: Contact, total: Decimal, kind: Kind = CREDIT_NOTE, *, currency: str | None = None
    ) -> Unallocated:
        """Money of a customer that no invoice has got yet."""
        number = f"CN-{self._next_number():04d}" if kind is CREDIT_NOTE else ""
        currency = currency or self.base_currency
        id, today, amount = self._new_id("unallocated"), self.today(), money(total)
        paper = Unallocated(id, kind, number, contact, today, currency, amount, amount, self.now(), type=kind.type)
        self._touch_unallocated(paper, "CREATE")
        return paper

    def allocate(self, paper: Unallocated, invoice: Invoice, amount: Decimal | None = None) -> None:
        """Let an invoice have of the paper what it can take."""
        given = min(paper.remaining, invoice.due) if amount is None else money(amount)
        if given > paper.remaining:
            raise BooksError(f"There is only {paper.remaining} {paper.currency} left to allocate.")
        self.credit(invoice, given)
        paper.remaining -= given
        paper.status = "PAID" if paper.remaining == 0 else paper.status
        self._touch_unallocated(paper, "UPDATE")

    def void_unallocated(self, paper: Unallocated) -> None:
        paper.status, paper.remaining = "VOIDED", money(0)
        self._touch_unallocated(paper, "UPDATE")

    def _touch_unallocated(self, paper: Unallocated, change: str) -> None:
        paper.updated_at = self.now()
        self.unallocated.put(paper)
        self._tell(paper.kind.category, paper.id, change)

    def approve(self, invoice: Invoice) -> None:
        self._expect(invoice, "DRAFT", "SUBMITTED", act="approved")
        invoice.status = "AUTHORISED"
        self._touch(invoice)

    def void(self, invoice: Invoice) -> None:
        self._expect(invoice, "AUTHORISED", act="voided")
        if invoice.payments or invoice.credits:
            raise BooksError(f"Invoice {invoice.number} has payments or credits and cannot be voided.")
        invoice.status = "VOIDED"
        self._touch(invoice)

    def delete(self, invoice: Invoice) -> None:
        self._expect(invoice, "DRAFT", "SUBMITTED", act="deleted")
        invoice.status = "DELETED"
        self._touch(invoice)

    def change_due_date(self, invoice: Invoice, on: date | None, *, silent: bool = False) -> None:
        """On a partly paid invoice, or when `silent`, UpdatedDateUTC stays. Source: Xero, requests and responses."""
        self.settle()
        invoice.due_on = on
        part_paid = bool(invoice.payments) and invoice.due > 0
        quiet = silent or (part_paid and not self._switches.due_date_moves_part_paid)
        self._touch(invoice, moves=not quiet)

    def promise(self, invoice: Invoice, on: date | None) -> None:
        """The day on which payment is expected, as people enter it in Xero."""
        self.settle()
        invoice.expected_on = on
        self._touch(invoice)

    def forget(self, invoice: Invoice) -> None:
        """Take the invoice away without a trace: no status, no UpdatedDateUTC, no event."""
        self.settle()
        self.invoices.remove(invoice)
        invoice.contact.invoices.remove(invoice)

    def unlist(self, invoice: Invoice, unlisted: bool = True) -> None:
        """Leave the invoice out of lists by status; by its id it is found as before."""
        (self.unlisted.add if unlisted else self.unlisted.discard)(invoice.id)
        self.invoices.put(invoice)

    def note(self, invoice: Invoice, details: str) -> datetime:
        """A history note; UpdatedDateUTC stays."""
        now = self.now()
        invoice.history.append((now, details))
        return now

    def outstanding(self) -> list[Invoice]:
        """AUTHORISED sales invoices with something due, as of the clock."""
        self.settle()
        return [each for each in self.invoices.ordered() if is_outstanding(each)]

    # bookkeeping of the bookkeeping

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _new_id(self, kind: str) -> str:
        return str(uuid5(UUID(self.tenant_id), f"{kind}:{self._next_number()}"))

    def _expect(self, invoice: Invoice, *statuses: str, act: str) -> None:
        self.settle()
        if invoice.status not in statuses:
            raise BooksError(f"Invoice {invoice.number} is {invoice.status} and cannot be {act}.")

    def _settling(self, invoice: Invoice, amount: Decimal | None) -> Decimal:
        self._expect(invoice, "AUTHORISED", act="settled")
        wanted = invoice.due if amount is None else money(amount)
        if wanted <= 0:
            raise BooksError(f"There is nothing to settle on invoice {invoice.number}.")
        if wanted > invoice.due:
            raise BooksError(f"Invoice {invoice.number} has only {invoice.due} {invoice.currency} due.")
        return wanted

    def _settled(self, invoice: Invoice, on: date) -> None:
        invoice.recount()
        if invoice.due == 0:
            invoice.status, invoice.settled_on = "PAID", on
        self._touch(invoice, settlement=True)

    def _touch(self, invoice: Invoice, *, moves: bool = True, settlement: bool = False) -> None:
        if moves:
            invoice.updated_at = self.now()
        invoice.recount()
        if invoice.status in ("VOIDED", "DELETED") and not self._switches.voided_keeps_due:
            invoice.due = money(0)
        self.invoices.put(invoice)
        if not settlement or self._switches.changes_tell_webhooks:
            self._tell("INVOICE", invoice.id, "UPDATE")

    def _touch_contact(self, contact: Contact) -> None:
        contact.updated_at = self.now()
        self.contacts.put(contact)
        self._tell("CONTACT", contact.id, "UPDATE")

    def _tell(self, category: str, resource_id: str, change: str) -> None:
        if self._changed is not None:
            self._changed(self, category, resource_id, change)


def is_outstanding(invoice: Invoice) -> bool:
    return invoice.type == "ACCREC" and invoice.status == "AUTHORISED" and invoice.due > 0


def whole_millisecond(moment: datetime) -> datetime:
    """UTC, cut to the millisecond: the resolution of UpdatedDateUTC."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
