"""Why something is not sent, in words. A test sees that none is missing."""

from core.reminders.gate import Why
from core.reminders.rules import THANKS

WORDS: dict[Why, str] = {
    Why.NOT_STARTED: "reminders have not been started",
    Why.NOT_CONNECTED: "the connection to Xero does not work at the moment",
    Why.BOOKS_OLD: "the books have not been synced for six hours",
    Why.NOT_FRESH: "Xero could not be asked about it just before sending",
    Why.QUOTA: "today's calls to Xero are nearly used up",
    Why.OUTSIDE_WINDOW: "it is outside the hours in which letters go",
    Why.HOUR_FULL: "enough letters have gone out this hour",
    Why.LETTER_TODAY: "the customer had a letter today",
    Why.WEEK_FULL: "the customer had two letters in seven days",
    Why.NO_RECIPIENT: "the customer has no working e-mail address in Xero",
    Why.UNSUBSCRIBED: "the customer wants no reminders",
    Why.NOT_WRITABLE: "the customer may not be written to, or is not known well enough",
    Why.EMPTY: "there is nothing left to write about",
    Why.UNKNOWN: "Xero did not tell enough about it",
    Why.NOT_SALES: "it is not a sales invoice",
    Why.NOT_OUTSTANDING: "it is paid, voided or not approved in Xero",
    Why.SETTLED: "nothing is due on it any more",
    Why.BELOW_MINIMUM: "less is due than the minimum in the rules",
    Why.ODD_CURRENCY: "its currency is not known",
    Why.CONTRADICTORY: "its amounts in Xero do not add up",
    Why.OTHER_CUSTOMER: "it belongs to another customer now",
    Why.NO_DUE_DATE: "it has no due date",
    Why.DUE_DATE_MOVED: "its due date has moved",
    Why.STEP_SENT: "this reminder has gone out before",
    Why.STEP_NOT_DUE: "no reminder is due for it yet, or a later one has gone out",
    Why.UNAPPLIED_UNKNOWN: "it could not be seen whether the customer has credit",
    Why.UNAPPLIED: "the customer has credit that would cover it",
    Why.DISPUTED: "it is disputed",
    Why.PROMISED: "payment is promised",
    Why.HELD: "somebody put it on hold",
    Why.NO_THANKS: "thank-you letters are switched off",
    Why.NOT_PAID: "it is not paid, or not any more",
}


def step_words(days: int) -> str:
    """`7 working days after the due date`."""
    if days == THANKS.days:
        return "thanks for the payment"
    if days == 0:
        return "on the due date"
    count = f"{abs(days)} working {'day' if abs(days) == 1 else 'days'}"
    return f"{count} {'before' if days < 0 else 'after'} the due date"
