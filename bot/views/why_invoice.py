"""`/solido why INV-0042`: the story of one invoice."""

from bot.views.blocks import Message, actions, bold, button, context, escape, saying, section, user, when
from bot.views.letters import day
from bot.views.reasons import WORDS, step_words
from bot.views.reminders import STATES
from core.reminders.rules import THANKS
from core.why_invoice import Story
from core.wording import money
from storage.reminder_models import Hold, LetterState, Reminder


def story(it: Story, workspace_id: str) -> Message:
    head = facts(it)
    parts = [head, upcoming(it), *went(it), *held(it)]
    value = f"{workspace_id} {it.invoice.invoice_id}"
    live = any(hold.released_at is None and hold.target == str(it.invoice.invoice_id) for hold in it.holds)
    choice = (
        button("Release", action="hold_release", value=value, label="Release the hold on this invoice")
        if live
        else button("Hold", action="hold_invoice", value=value, label="Hold reminders about this invoice")
    )
    blocks = [section(part) for part in parts]
    if it.verdict:
        blocks.append(context(last_word(it)))
    return saying([*blocks, actions(choice)])


def facts(it: Story) -> str:
    invoice = it.invoice
    due = f"due {day(invoice.due_on)}" if invoice.due_on else "without a due date"
    number = bold(invoice.number or "An invoice without a number")
    text = f"{number} of {bold(invoice.contact_name)}: {money(invoice.amount_due, invoice.currency)} of "
    text += f"{money(invoice.total, invoice.currency)} open, {due}, {escape(invoice.status.lower())} in Xero."
    seen = it.connection.last_success_at
    return f"{text} Known as of {when(seen)}." if seen else f"{text} No sync has succeeded yet."


def upcoming(it: Story) -> str:
    coming = it.coming
    if coming.on and coming.step is not None:
        text = f"*Next:* a letter on {day(coming.on)}, {step_words(coming.step)}."
        if coming.held:
            text += f" It waits until then because {WORDS[coming.held]}."
    elif coming.held:
        until = f" through {day(coming.until)}" if coming.until else ""
        text = f"*Next:* nothing, because {WORDS[coming.held]}{until}."
    else:
        text = "*Next:* nothing: every reminder in the rules has gone out, or none comes in the next weeks."
    if not it.started:
        text += " Reminders have not been started."
    if it.paused:
        text += f" All reminders are paused by {user(it.paused.placed_by)}."
    return text


def went(it: Story) -> list[str]:
    lines = [
        f"• {day(letter.goes_on)}, {step_words(reminder.step)}, {asked_for(reminder)}"
        f"{STATES.get(LetterState(letter.state), letter.state)}"
        + (f", says {user(letter.decided_by)}" if letter.decided_by else "")
        for letter, reminder in it.letters[-10:]
    ]
    return ["*Letters*\n" + "\n".join(lines)] if lines else []


def asked_for(reminder: Reminder) -> str:
    return "" if reminder.step == THANKS.days else f"{money(reminder.amount_due, reminder.currency)}: "


def held(it: Story) -> list[str]:
    lines = [line(hold) for hold in it.holds[-10:]]
    return ["*Holds*\n" + "\n".join(lines)] if lines else []


def line(hold: Hold) -> str:
    until = f" through {day(hold.until_on)}" if hold.until_on else ""
    note = f" ({escape(hold.note[:200])})" if hold.note else ""
    over = f", released by {user(hold.released_by or '')} {when(hold.released_at)}" if hold.released_at else ""
    return f"• {hold.scope}, {hold.reason}{until}{note}, by {user(hold.placed_by)} {when(hold.placed_at)}{over}"


def last_word(it: Story) -> str:
    assert it.verdict is not None  # story() has looked
    text = "; ".join(WORDS[why] for why in it.decided) if it.decided else "nothing spoke against it"
    same = "" if it.same else " Asked again with the same facts the answer is another one: please tell us."
    return f"Last looked up in Xero {when(it.verdict.at)}: {text}.{same}"
