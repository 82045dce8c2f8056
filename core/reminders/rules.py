"""What a workspace decides about its reminders, and how the defaults read."""

from datetime import date, time
from decimal import Decimal

import msgspec

from core.edits import Edit, differing
from core.reminders.workdays import WorkingDays

FRIENDLY = """\
Dear {{ customer }},

just a friendly note that the following falls due soon:

{{ invoices }}

If everything is in order there is nothing you need to do before then. Thank you!

{{ sender }}"""
DUE = """\
Dear {{ customer }},

a short reminder of what is due:

{{ invoices }}

Please let us know if anything about it is unclear.

Kind regards
{{ sender }}"""
LATE = """\
Dear {{ customer }},

we have not yet received payment for the following, which is past its due date:

{{ invoices }}

Please pay within the next few days, or tell us if something keeps you from it.

Kind regards
{{ sender }}"""
FIRM = """\
Dear {{ customer }},

despite our reminders the following is still unpaid:

{{ invoices }}

Please pay now, or reply today so that we can find a solution together.

Regards
{{ sender }}"""


class Step(msgspec.Struct, frozen=True):
    """One letter of the ladder: `days` in working days from the due date, and what it says (core/reminders/letters)."""

    days: int
    subject: str
    body: str


STEPS = (
    Step(-3, "Payment due soon: {{ numbers }}", FRIENDLY),
    Step(0, "Payment due: {{ numbers }}", DUE),
    Step(7, "Payment overdue: {{ numbers }}", LATE),
    Step(14, "Still unpaid: {{ numbers }}", FIRM),
)
MONDAY_TO_FRIDAY = (0, 1, 2, 3, 4)


THANK_YOU = """\
Dear {{ customer }},

thank you for your payment of the following:

{{ invoices }}

Kind regards
{{ sender }}"""
THANKS = Step(10_000, "Thank you: {{ numbers }}", THANK_YOU)
"""Kept like a step, beyond all that remind."""


class Rules(msgspec.Struct, frozen=True):
    """Kept as JSON in the workspace's policy row. `send_at` is in the organisation's zone; `minimums` by currency:
    an invoice with less due than that is left alone. `per_hour` caps the letters of the whole workspace. `thank`: a
    letter goes to who has paid after a reminder, on the next send day, with the words of `thanks`.
    """

    steps: tuple[Step, ...] = STEPS
    send_at: time = time(9)
    weekdays: tuple[int, ...] = MONDAY_TO_FRIDAY
    minimums: dict[str, Decimal] = {}
    sender_name: str = ""
    reply_to: str = ""
    per_hour: int = 60
    note_in_xero: bool = True
    thank: bool = False
    thanks: Step = THANKS

    @property
    def letters(self) -> tuple[Step, ...]:
        """All that have words of their own: the steps, and the one that thanks."""
        return (*self.steps, self.thanks)

    def letter(self, days: int) -> Step | None:
        return next((step for step in self.letters if step.days == days), None)

    def worded(self, letter: Step) -> "Rules":
        """The same rules with these words in place of that letter's."""
        steps = tuple(letter if one.days == letter.days else one for one in self.steps)
        thanks = letter if letter.days == self.thanks.days else self.thanks
        return msgspec.structs.replace(self, steps=steps, thanks=thanks)


LETTER = "letter "
"""In an edit's name, before the days of the letter."""


def edits(before: Rules, after: Rules) -> list[Edit]:
    """What is different, in the order of the dialog; then letters that read otherwise, each with its subject in the
    first line, and letters with words of the workspace's own that are gone with their step."""
    was, now = _letters(before), _letters(after)
    own = {name: text for name, text in was.items() if text != _letters(Rules()).get(name)}
    dropped = [Edit(name, text, "") for name, text in own.items() if name not in now]
    return differing(_said(before) | was, _said(after) | now) + dropped


def _said(it: Rules) -> dict[str, str]:
    return {
        "steps": ",".join(str(step.days) for step in it.steps),
        "send at": f"{it.send_at:%H:%M}",
        "weekdays": ",".join(map(str, it.weekdays)),
        "minimums": ",".join(f"{amount} {currency}" for currency, amount in sorted(it.minimums.items())),
        "sender": it.sender_name,
        "replies": it.reply_to,
        "an hour": str(it.per_hour),
        "thank": "yes" if it.thank else "",
        "note": "yes" if it.note_in_xero else "",
    }


def _letters(it: Rules) -> dict[str, str]:
    return {f"{LETTER}{step.days}": f"{step.subject}\n{step.body}" for step in it.letters}


_decoder = msgspec.json.Decoder(Rules)


def encode_rules(rules: Rules) -> str:
    return msgspec.json.encode(rules).decode()


def decode_rules(text: str) -> Rules:
    """Read kept rules; the defaults for a row that has none yet."""
    found: Rules = _decoder.decode(text) if text else Rules()
    return found


def step_due(
    steps: tuple[Step, ...], *, due_on: date, sent: frozenset[int], today: date, calendar: WorkingDays
) -> Step | None:
    """Return the latest step whose day has come and that was not sent, or None.

    After a week asleep one letter goes out, not a pile: earlier steps are passed over, and none goes after a later
    one. A step before the due date says that something will fall due: once it has, that would be untrue.
    """
    reached = [step for step in steps if calendar.shift(due_on, step.days) <= today]
    latest = max(reached, key=lambda step: step.days, default=None)
    if latest is None or latest.days <= max(sent, default=latest.days - 1):
        return None
    return None if latest.days < 0 and today > due_on else latest
