"""The dialogs of reminders: rules, letters, pause, hold."""

from datetime import date

from bot.views.blocks import Block, Modal, context, escape, section, shortened
from core.reminders.letters import VARIABLES, Written
from core.reminders.rules import Rules, Step

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
REASONS = (("disputed", "It is disputed"), ("promised", "Payment is promised"), ("other", "Another reason"))
PREVIEW, TEST, SAVE = "preview", "test", "save"
THANK, NOTE = "thank", "note"


def field(block_id: str, label: str, element: Block, *, hint: str = "", optional: bool = False) -> Block:
    made: Block = {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": label},
        "element": {"action_id": block_id, **element},
        "optional": optional,
    }
    return made | ({"hint": {"type": "plain_text", "text": hint}} if hint else {})


def typed(value: str = "", *, multiline: bool = False, most: int = 300) -> Block:
    made: Block = {"type": "plain_text_input", "multiline": multiline, "max_length": most}
    return made | ({"initial_value": value[:most]} if value else {})


def option(value: str, text: str) -> Block:
    return {"value": value, "text": {"type": "plain_text", "text": text}}


def rules(workspace_id: str, it: Rules, *, writes: bool) -> Modal:
    """`writes`: whether this installation may write to Xero at all."""
    options = [option(str(number), name) for number, name in enumerate(DAYS)]
    chosen = [options[number] for number in it.weekdays]
    minimums = ", ".join(f"{amount} {currency}" for currency, amount in sorted(it.minimums.items()))
    days: Block = {"type": "checkboxes", "options": options} | ({"initial_options": chosen} if chosen else {})
    return Modal(
        "Rules of reminders",
        [
            field(
                "steps",
                "Steps, in working days before (−) and after the due date",
                typed(", ".join(str(step.days) for step in it.steps)),
                hint="For example -3, 0, 7, 14. Each has its own letter.",
            ),
            field("send_at", "Send from", {"type": "timepicker", "initial_time": f"{it.send_at:%H:%M}"}),
            field("weekdays", "On", days, hint="Public holidays of the organisation's country are left out."),
            field(
                "minimums",
                "Leave alone what is less than",
                typed(minimums),
                hint="By currency, for example 5.00 GBP, 10.00 EUR.",
                optional=True,
            ),
            field("sender_name", "Sender's name", typed(it.sender_name, most=100), optional=True),
            field("reply_to", "Replies go to", typed(it.reply_to, most=254), optional=True),
            field("per_hour", "At most so many letters an hour", typed(str(it.per_hour), most=4)),
            field("also", "Also", also(it, writes=writes), optional=True),
        ],
        callback="reminders_rules",
        submit="Save",
        private=workspace_id,
    )


def also(it: Rules, *, writes: bool) -> Block:
    thank = option(THANK, "Thank customers who pay after a reminder")
    note = option(NOTE, "Note each letter in the invoice's history in Xero")
    chosen = [one for one, on in ((thank, it.thank), (note, it.note_in_xero and writes)) if on]
    made: Block = {"type": "checkboxes", "options": [thank, note] if writes else [thank]}
    return made | ({"initial_options": chosen} if chosen else {})


def letter(private: str, step: Step, preview: Written | None, *, note: str = "", address: str = "") -> Modal:
    choices = [
        option(PREVIEW, "Show me how it reads"),
        option(TEST, "Send a test to me"),
        option(SAVE, "Save it"),
    ]
    blocks = [
        field("subject", "Subject", typed(step.subject, most=200)),
        field("body", "Letter", typed(step.body, multiline=True, most=3000)),
        field("address", "A test goes to", typed(address, most=254), optional=True),
        field("what", "What shall I do?", {"type": "radio_buttons", "options": choices, "initial_option": choices[0]}),
        context("You can use " + ", ".join(f"`{{{{ {name} }}}}`" for name in VARIABLES) + " and `{% if … %}`."),
    ]
    if note:
        blocks.insert(0, section(note))
    if preview:
        shown = escape(f"{preview.subject}\n\n{preview.text}")
        blocks.append(section(f"*This is how it reads for a real invoice:*\n```{shortened(shown, 2800)}```"))
    return Modal("A letter", blocks, callback="reminders_letter", submit="Go on", private=private)


def pause(workspace_id: str) -> Modal:
    return Modal(
        "Pause all reminders",
        [
            section("Nothing goes out to anybody until reminders are resumed."),
            field(
                "resume_on", "Resume on", {"type": "datepicker"}, hint="Empty: until somebody resumes.", optional=True
            ),
        ],
        callback="reminders_pause",
        submit="Pause",
        private=workspace_id,
    )


def hold(workspace_id: str, *, target: str = "") -> Modal:
    options = [option(value, text) for value, text in REASONS]
    return Modal(
        "Hold reminders",
        [
            field("target", "Invoice number or customer", typed(target, most=200)),
            field("reason", "Why", {"type": "radio_buttons", "options": options, "initial_option": options[0]}),
            field("until", "Through", {"type": "datepicker"}, hint="Empty: until released.", optional=True),
            field("note", "Note", typed(most=500), optional=True),
        ],
        callback="reminders_hold",
        submit="Hold",
        private=workspace_id,
    )


def ask_whom(private: str) -> Modal:
    return Modal(
        "Ask the bookkeeper",
        [field("whom", "Who shall decide about the credit?", {"type": "users_select"})],
        callback="credit_ask",
        submit="Ask",
        private=private,
    )


def today_or(value: str) -> date | None:
    """The date a datepicker gave; None for none."""
    return date.fromisoformat(value) if value else None
