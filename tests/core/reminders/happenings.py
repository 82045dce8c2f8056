"""What may come in a life of reminders (machine.py), by the place where it comes."""

from core.mail import Fate

HOURS = (0.1, 0.5, 1, 3, 7, 12, 24, 96, 700)
FATES = {
    "refused": (Fate.REFUSED, False),
    "bounced": (Fate.BOUNCED, False),
    "lost": (Fate.UNKNOWN, False),
    "arrived": (Fate.UNKNOWN, True),
}
IN_XERO = (
    "pay",
    "credit",
    "part",
    "void",
    "move",
    "move silently",
    "promise",
    "promise",
    "owe",
    "owe little",
    "no address",
)
AMONG_PEOPLE = ("hold", "hold customer", "pause", "cut off", "unsubscribe")
WHILE_ASKING = (*AMONG_PEOPLE, "another worker", "the post", "4 minutes", "6 minutes", "9 hours")
BREAKS = ("500 ", "html ", "500 Invoices", "500 Contacts", "html CreditNotes", "html Invoices", *FATES)
CRASHES = ("crash before", "crash after")
SOME = ("500 ", "html ", "500 Invoices", *FATES, *CRASHES)
WITHIN_A_DAY = (*IN_XERO, *BREAKS, *CRASHES, *(f"while {how}" for how in WHILE_ASKING), "statement", "books get old")
ONCE_PAID = (
    *("unpay", "hold", "hold customer", "unsubscribe", "no address", "statement", "books get old"),
    *(*BREAKS, *CRASHES, *(f"while {how}" for how in WHILE_ASKING)),
)
WEIGHTS = {
    "bill": 2, "change": 4, "unpay": 1, "tidy_up_in_xero": 2, "hold": 2, "release": 2, "answer_about_credit": 1,
    "tell_about_lost_letters": 2, "lose_connection": 1, "reconnect": 2, "trouble": 2, "time_passes": 2,
    "a_day_with": 3, "an_ordinary_day": 1, "the_post": 1, "a_day_of_thanks": 1,
}  # fmt: skip
"""One rule with weights in place of many: Hypothesis would switch off some for each example, and with them the days."""
