"""The points of Xero's behaviour that no reliable source settles: each can be set either way."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Switches:
    """One field per unconfirmed point; the defaults are our best guess. README.md has a line on each."""

    reconsent_renews_event: bool = True
    """A repeated consent gives a connected organisation the new authEventId, so the filter lists it."""
    first_pair_survives: bool = True
    """After a second refresh with the same token (inside the 30 minutes) the first new pair still works."""
    reuse_ends_grant: bool = False
    """A refresh token used twice ends the whole grant, as the strictest servers do. Xero is kinder: 30 minutes."""
    gzip: bool = True
    """Accounting answers are compressed when the request accepts gzip."""
    body_429: Literal["problem", "empty"] = "problem"
    body_404: Literal["text", "problem"] = "text"
    retry_after_on_app_minute: bool = True
    summary_keys: Literal["removed", "emptied"] = "removed"
    """What summaryOnly does to the keys it drops."""
    summary_keeps_credits: bool = True
    """summaryOnly leaves the CreditNotes, Prepayments and Overpayments arrays in place."""
    deleted_listed: bool = True
    """DELETED invoices appear in lists without a status filter, and by IDs."""
    archived_by_ids: bool = False
    """Archived contacts asked for by IDs come without includeArchived too."""
    changes_tell_webhooks: bool = True
    """Payments, allocations and their removal raise an INVOICE/UPDATE event."""
    longest_url: int | None = None
    """Characters of path and query beyond which the answer is 414; None for no limit."""
    strict_modified_since: bool = True
    """If-Modified-Since in any other form than yyyy-mm-ddThh:mm:ss answers 400."""
    scope_header_misspelt: bool = False
    """The header on a missing scope reads insufficent_scope, as one source saw it."""
    due_date_moves_part_paid: bool = False
    """A new due date on a partly paid invoice moves UpdatedDateUTC."""
    voided_keeps_due: bool = False
    """AmountDue of VOIDED and DELETED invoices stays Total less payments and credits; else it is 0.00."""
