"""What the channel hears of letters to customers."""

from datetime import date

from bot.views.blocks import Message, actions, bold, button, context, counted, escape, saying, section, user, when
from core.notices import CreditAsked, LetterTold, RemindersDecided, RemindersTold, Unsubscribed
from core.wording import listed, money
from storage.reminder_models import LetterState


def day(on: date) -> str:
    """`5 Nov 2026`: a calendar date, the same for every reader."""
    return f"{on.day} {on:%b} {on.year}"


def about(numbers: list[str]) -> str:
    shown = [escape(number) or "an invoice without a number" for number in numbers[:5]]
    more = len(numbers) - len(shown)
    return listed([*shown, f"{more:,} more"] if more else shown)


def letter(told: LetterTold) -> Message:
    """A letter that did not simply go: bounced, or nobody knows; and what somebody said of it since."""
    who = f"The letter to {bold(told.customer)} about {about(told.numbers)}"
    value = f"{told.workspace_id} {told.letter_id}"
    if told.state == LetterState.UNKNOWN:
        text = f":grey_question: {who} may or may not have gone out: the line to the mail server broke."
        ask = "I do not send it again by myself. Please look into the mailbox it goes out from, and tell me."
        return saying(
            [
                section(text),
                context(f"{ask} It was {when(told.at)}."),
                actions(
                    button("It went out", action="letter_went", value=value, label="It went out: this letter"),
                    button("It did not", action="letter_did_not", value=value, label="It did not go out: this letter"),
                ),
            ],
        )
    if told.decided_by:
        sent = told.state == LetterState.SENT
        went, after = ("went out", "") if sent else ("did not go out", " Its reminders are planned again.")
        return Message.of(f":white_check_mark: {who} {went}, says {user(told.decided_by)}.{after}")
    if told.state == LetterState.BOUNCED:
        text = f":warning: {who} was not accepted by the mail server: the address does not exist, or refuses letters."
        do = "Please correct the address in Xero; the next step goes to the new one."
        return saying([section(text), context(do)])
    refused = listed([escape(address) for address in told.bounced])
    text = f":warning: {who} went out, but not to {refused or 'everybody'}: the mail server did not accept the address."
    return saying([section(text), context("Please correct the address in Xero.")])


def of_day(told: RemindersTold) -> Message:
    """The day in one line."""
    parts = [f"{counted(told.letters, 'reminder')} about {counted(told.invoices, 'invoice')}"]
    if told.held:
        parts.append(f"{told.held:,} held")
    if told.refused:
        parts.append(f"{told.refused:,} not taken by the mail server and tried again on the next day")
    text = f":envelope: {bold(told.organisation)}, {day(told.day)}: {', '.join(parts)}."
    return saying([section(text), context("`/solido reminders` shows the plan, `/solido why INV-…` one story.")])


def credit(asked: CreditAsked) -> Message:
    """Money of a customer that is on no invoice."""
    amounts = listed([money(amount, currency) for currency, amount in sorted(asked.credit.items())])
    text = f":moneybag: {bold(asked.customer)} has credit of {amounts} in Xero that is on no invoice."
    if asked.answer:
        done = "reminders go out anyway" if asked.answer == "send" else "no reminders go out until somebody releases it"
        text += f" {user(asked.answered_by or '')} decided: {done}."
        return Message.of(text)
    ask = "It covers what a reminder would ask for, so I hold that reminder. What shall I do?"
    value = f"{asked.workspace_id} {asked.contact_id}"
    return Message(
        f"{text} {ask}",
        [
            section(f"{text} {ask}"),
            actions(
                button("Send anyway", action="credit_send", value=value, label="Send anyway to this customer"),
                button("Hold", action="credit_hold", value=value, label="Hold reminders to this customer"),
                button(
                    "Ask the bookkeeper", action="credit_ask", value=value, label="Ask the bookkeeper about this credit"
                ),
            ),
        ],
    )


def decided(it: RemindersDecided) -> Message:
    if it.what == "started":
        text = f":envelope: {user(it.by)} started reminders for {bold(it.organisation)}."
        return saying([section(text), context("Each day's letters are told here in one line.")])
    if it.what == "paused":
        end = f" through {day(it.until)}" if it.until else " until somebody resumes them"
        text = f":double_vertical_bar: {user(it.by)} paused all reminders of {bold(it.organisation)}{end}."
    else:
        text = f":arrow_forward: {user(it.by)} resumed the reminders of {bold(it.organisation)}."
    return Message.of(text)


def unsubscribed(it: Unsubscribed) -> Message:
    text = f":no_bell: {bold(it.customer)} wants no more reminders by e-mail, and gets none."
    value = f"{it.workspace_id} {it.contact_id}"
    again = button("Write again", action="subscribe", value=value, label="Write again to this customer")
    return Message(text, [section(text), actions(again)])
