"""`/solido reminders`: what goes out when and why, what is held and why, what went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from bot.views.blocks import Block, Message, actions, bold, button, context, counted, escape, saying, section, user
from bot.views.letters import about, day
from bot.views.reasons import WORDS, step_words
from core.reminders.outlook import Outlook, books_are_good
from core.reminders.plan import Customer, HeldDebt, Plan, PlannedLetter
from core.reminders.rules import THANKS
from core.wording import money
from storage.models import ConnectionState
from storage.reminder_models import Letter, LetterState

CUSTOMERS_A_PAGE = 12
SHOWN_LETTERS = 3
SHOWN_HELD = 4
SHOWN_UNREACHABLE = 15
SHOWN_SENT = 6
STATES = {
    LetterState.CLAIMED: "on its way",
    LetterState.SENT: "went out",
    LetterState.REFUSED: "was not taken by the mail server, and is tried again",
    LetterState.BOUNCED: "was refused: the address does not work",
    LetterState.UNKNOWN: "may or may not have gone out",
    LetterState.NOT_SENT: "did not go out",
}


@dataclass(frozen=True)
class Shown:
    """What the page is made of. `may_decide`: whether the reader is an admin here; `mail`: whether letters can go."""

    workspace_id: str
    outlook: Outlook
    plan: Plan
    sent: Sequence[Letter]
    may_decide: bool
    mail: bool
    now: datetime
    page: int = 0


def plan(it: Shown) -> Message:
    head = f"*Reminders* for {bold(it.outlook.standing.connection.tenant_name)} · {state(it)}"
    sums = summary(it.plan)
    warnings = obstacles(it)
    customers = rows(it.plan)
    start = it.page * CUSTOMERS_A_PAGE
    some = customers[start : start + CUSTOMERS_A_PAGE]
    blocks = [section(head), section(sums), *(context(f":warning: {text}") for text in warnings)]
    blocks += [section(text) for text in some]
    if not it.page:
        blocks += [context(text) for text in (unreachable(it.plan.unreachable), went(it.sent)) if text]
    left = len(customers) - start - len(some)
    blocks.append(actions(*buttons(it, left)))
    blocks.append(context(footnote(it, left)))
    return saying(blocks)


def state(it: Shown) -> str:
    standing = it.outlook.standing
    paused = standing.paused
    if not standing.policy.started:
        return ":eyes: Preview: nothing is sent before an admin presses *Start reminders*"
    if paused:
        end = f", resume on {day(next_day(paused.until_on))}" if paused.until_on else ""
        return f":double_vertical_bar: Paused by {user(paused.placed_by)}{end}"
    return ":large_green_circle: On"


def next_day(on: date) -> date:
    return date.fromordinal(min(on.toordinal() + 1, date.max.toordinal()))


def summary(made: Plan) -> str:
    if not made.letters:
        text = "Nothing is to go out on the next send days."
    else:
        first = made.letters[0].day
        next_ones = sum(letter.day == first for letter in made.letters)
        customers = len({letter.customer.contact_id for letter in made.letters})
        all_of_them = f"{counted(len(made.letters), 'letter')} to {counted(customers, 'customer')}"
        text = f"Next: {counted(next_ones, 'letter')} on {day(first)}; {all_of_them} by {day(made.letters[-1].day)}."
        if next_ones == len(made.letters):
            text = f"Next: {all_of_them} on {day(first)}."
    if made.held:
        text += f" {counted(len(made.held), 'invoice')} held."
    if made.finished:
        text += f" {counted(made.finished, 'invoice')} {'has' if made.finished == 1 else 'have'} had every reminder."
    return text


def obstacles(it: Shown) -> list[str]:
    """What keeps all letters back, whoever they are to, or should make one think twice before they go."""
    connection = it.outlook.standing.connection
    found = []
    if connection.state != ConnectionState.ACTIVE:
        found.append("Nothing goes out while Xero is not connected: type `/solido connect`.")
    elif not books_are_good(connection, it.now):
        found.append("Nothing goes out until a sync has succeeded: the books are older than six hours.")
    if not it.mail:
        found.append("Letters cannot be sent yet: the people who run Solido for you have to set up a mail server.")
    if connection.lacks_payments:
        found.append(
            "Overpayments and prepayments are hidden from me, so a customer who has paid too much may get a letter: "
            "`/solido connect` renews the permission."
        )
    if it.outlook.standing.row.xero_reminds:
        found.append("Xero sends its own reminders for this organisation: customers would get two. Switch one off.")
    return found


def rows(made: Plan) -> list[str]:
    """A text for each customer, the next letter first, then those with nothing but held invoices."""
    customers: dict[UUID, Customer] = {}
    letters: dict[UUID, list[PlannedLetter]] = {}
    held: dict[UUID, list[HeldDebt]] = {}
    for letter in made.letters:
        customers.setdefault(letter.customer.contact_id, letter.customer)
        letters.setdefault(letter.customer.contact_id, []).append(letter)
    for debt in made.held:
        customers.setdefault(debt.customer.contact_id, debt.customer)
        held.setdefault(debt.customer.contact_id, []).append(debt)
    return [row(customer, letters.get(found, []), held.get(found, [])) for found, customer in customers.items()]


def row(customer: Customer, letters: list[PlannedLetter], held: list[HeldDebt]) -> str:
    lines = [bold(customer.name[:200])]
    lines += [planned(letter) for letter in letters[:SHOWN_LETTERS]]
    if len(letters) > SHOWN_LETTERS:
        lines.append(f"… and {counted(len(letters) - SHOWN_LETTERS, 'more letter')}")
    lines += [kept(debt) for debt in held[:SHOWN_HELD]]
    if len(held) > SHOWN_HELD:
        lines.append(f"… and {len(held) - SHOWN_HELD:,} more held")
    return "\n".join(lines)


def planned(letter: PlannedLetter) -> str:
    firmest = max(line.step.days for line in letter.lines)
    numbers = about([line.debt.number[:60] for line in letter.lines])
    totals: dict[str, Decimal] = {}
    for line in letter.lines:
        totals[line.debt.currency] = totals.get(line.debt.currency, Decimal(0)) + line.debt.amount_due
    amounts = [money(amount, currency) for currency, amount in sorted(totals.items())]
    return f":calendar: {day(letter.day)}: {numbers}, {' and '.join(amounts)} ({step_words(firmest)})"


def kept(held: HeldDebt) -> str:
    until = f", through {day(held.until)}" if held.until else ""
    return f":no_entry_sign: {escape(held.debt.number[:60]) or 'an invoice'}: {WORDS[held.why]}{until}"


def unreachable(customers: Sequence[Customer]) -> str:
    if not customers:
        return ""
    names = [customer.name[:60] for customer in customers]
    return f":mailbox_with_no_mail: *Cannot reach* {about(names[:SHOWN_UNREACHABLE])}: no working address in Xero." + (
        f" {len(names) - SHOWN_UNREACHABLE:,} more." if len(names) > SHOWN_UNREACHABLE else ""
    )


def went(sent: Sequence[Letter]) -> str:
    lines = [
        f"{day(one.goes_on)}, {bold(one.contact_name[:60])}: {STATES.get(LetterState(one.state), one.state)}"
        for one in sent[:SHOWN_SENT]
    ]
    return "*Lately:* " + "\n".join(lines) if lines else ""


def buttons(it: Shown, left: int) -> list[Block]:
    value, standing = it.workspace_id, it.outlook.standing
    found = []
    if it.may_decide:
        if not standing.policy.started:
            found.append(button("Start reminders", action="reminders_start", value=value, style="primary"))
        elif standing.paused:
            found.append(button("Resume now", action="reminders_resume", value=value, style="primary"))
        else:
            found.append(button("Pause all", action="reminders_pause", value=value))
        found.append(button("Rules", action="reminders_rules", value=value))
        found.append(button("Letters", action="reminders_letters", value=value))
    found.append(button("Hold something", action="reminders_hold", value=value))
    if left > 0:
        found.append(button("More customers", action="reminders_more", value=f"{value} {it.page + 1}"))
    return found


def footnote(it: Shown, left: int) -> str:
    rules = it.outlook.standing.policy.rules
    zone = escape(it.outlook.standing.connection.timezone)
    more = f"{counted(left, 'more customer')}. " if left > 0 else ""
    return (
        f"{more}Letters go from {rules.send_at:%H:%M} ({zone}), one a day and two a week to a customer at most. "
        "Each invoice is looked up in Xero just before its letter goes. `/solido why INV-…` tells one story."
    )


def before_start(organisation: str, workspace_id: str, *, reminds: bool | None) -> Message:
    """Xero may send reminders itself: two senders would be one too many."""
    if reminds:
        text = (
            f":warning: Xero sends its own reminders for {bold(organisation)}. Your customers would get two. "
            "Switch them off in Xero under *Invoice reminders*, or start all the same."
        )
    else:
        text = (
            f"I could not see yet whether Xero sends its own reminders for {bold(organisation)}. "
            "Try again in a minute, or start all the same."
        )
    again = button(
        "Start anyway", action="reminders_start_anyway", value=workspace_id, label="Start anyway with the reminders"
    )
    return Message(text, [section(text), actions(again)])


def test_result(fate: str) -> str:
    """What became of a test letter."""
    words = {"sent": "The test is on its way to you.", "bounced": "The mail server does not accept that address."}
    return words.get(fate, "The mail server did not take the test. Please try again later.")


def letters_menu(workspace_id: str, letters: Sequence[tuple[int, str]], *, thanks: bool) -> Message:
    """A choice of the letters, by their steps, with their subjects. `thanks`: whether one that thanks goes at all."""
    off = "" if thanks else " (switched off in the rules)"
    lines = [f"• {step_words(days)}{off if days == THANKS.days else ''}: {escape(text)}" for days, text in letters]
    text = "*Letters.* Choose one to read, change or try."
    shown = "\n".join([text, *lines])
    options = [
        {"value": f"{workspace_id} {days}", "text": {"type": "plain_text", "text": step_words(days)}}
        for days, _ in letters
    ]
    menu = {
        "type": "static_select",
        "action_id": "reminders_letter",
        "placeholder": {"type": "plain_text", "text": "Choose a letter"},
        "options": options,
    }
    return Message(shown, [section(shown), actions(menu)] if options else [section(shown)])
