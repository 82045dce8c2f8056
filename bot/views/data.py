"""Taking everything along, and being rid of it, as told in Slack."""

from bot.views.blocks import Block, Message, Modal, bold, context, counted, one_line, section, user
from bot.views.reminder_forms import field, option, typed
from core.forgetting import Forgotten
from core.wording import listed

EXPORT, FORGET, NAME = "export", "forget", "name"
THINGS = {
    "invoice": ("invoice", "invoices"),
    "contact": ("customer", "customers"),
    "sync_run": ("sync", "syncs"),
    "letter": ("letter", "letters"),
    "incident": ("trouble", "troubles"),
    "audit_event": ("line of history", "lines of history"),
}
"""Tables by what people call what is in them; the rest is counted together."""


def here_it_is(organisation: str) -> str:
    return f"Here is everything I keep of {bold(organisation)}: tables for a spreadsheet, and all of it as JSON."


def exported(organisation: str) -> Message:
    return Message.of(f"Everything I keep of {bold(organisation)} is in our conversation, as a file only you can see.")


def confirm(name: str, *, private: str) -> Modal:
    ends = "Syncs and reminders stop, and Solido is removed in Xero. Nothing in Xero itself is changed."
    return Modal(
        "Delete everything",
        [
            section(
                f"Everything I keep of {bold(name)} will be deleted for good: the copy of its invoices and "
                "customers, syncs, letters, settings and history."
            ),
            section(f"{ends} Messages in Slack stay where they are. `/solido export` gives you a copy first."),
            field(NAME, f"Type {one_line(name, 200)} to confirm", typed(most=1000)),
        ],
        callback="forget",
        submit="Delete",
        private=private,
    )


def gone(it: Forgotten) -> Message:
    named = [counted(it.rows[table], *words) for table, words in THINGS.items() if it.rows.get(table)]
    others = sum(number for table, number in it.rows.items() if table not in THINGS)
    named += [counted(others, "other record")] if others else []
    text = f"Everything of {bold(it.name)} is deleted: {listed(named) or 'there was nothing'}."
    blocks: list[Block] = [section(text)]
    if not it.xero_knows:
        tell = "Xero could not be told right now: please remove Solido in Xero, under Settings, Connected apps."
        text, blocks = f"{text} {tell}", [*blocks, section(f":warning: {tell}")]
    anew = "`/solido connect` starts anew."
    return Message(f"{text} {anew}", [*blocks, context(anew)])


def last_word(name: str, *, by: str) -> str:
    """In the channel, of which nothing is known any more."""
    return f":wastebasket: {user(by)} deleted everything I kept of {bold(name)}. Syncs and reminders have ended."


def menu(workspace_id: str) -> Block:
    """Behind three dots: what is rarely wanted."""
    options = [
        option(f"{EXPORT} {workspace_id}", "Export everything"),
        option(f"{FORGET} {workspace_id}", "Delete everything…"),
    ]
    return {"type": "overflow", "action_id": "data", "options": options}
