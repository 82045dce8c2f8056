"""What Solido does, in a dozen lines; and answers to what it did not understand."""

from collections.abc import Mapping, Sequence

from bot.advice import ADVICE
from bot.views.blocks import Message, actions, button, escape, section
from core.errors import BadArgument, Choice, SolidoError, WhichWorkspace


def help_text(commands: Mapping[str, str], *, above: str = "") -> Message:
    """`commands`: each with what it does. `above`: a sentence on what was not understood, escaped already."""
    lines = [
        "*Solido* keeps a Xero organisation's outstanding invoices in this channel, reminds customers who are late and "
        "never one who has paid, and says so once when something needs you. `/solido help` shows this.",
        *(f"`/solido {name}` {does}" for name, does in commands.items() if name != "help"),
    ]
    return Message.of("\n".join([above, *lines] if above else lines))


def not_understood(word: str, nearest: str | None) -> str:
    shown = escape(word[:40] + ("…" if len(word) > 40 else ""))
    guess = f" Did you mean `/solido {nearest}`?" if nearest else ""
    return f"I do not know “{shown}”.{guess}"


def refusal(error: SolidoError, *, command: str = "") -> Message:
    """What a person reads when something they asked for cannot be done."""
    why = ADVICE[error.code]
    said = escape(error.said) if isinstance(error, BadArgument) else why.said
    text = f"{said} {why.do}".strip()
    blocks = [section(text)]
    if isinstance(error, WhichWorkspace) and command:
        blocks.append(actions(*_choices(error.choices, command)))
    return Message(text, blocks)


def _choices(choices: Sequence[Choice], command: str) -> list[dict[str, object]]:
    """A button for each workspace: Slack allows 25 in a row."""
    return [
        button(
            choice.organisation or "not connected yet",
            action=f"choose_{number}",
            value=f"{command} {choice.workspace_id}",
        )
        for number, choice in enumerate(choices[:25])
    ]


def on_it() -> Message:
    return Message.of("I am on it: the answer follows here in a moment.")


def broken(reference: str) -> Message:
    """Something unforeseen; `reference` finds it in the log."""
    text = (
        "Something went wrong on our side. Please try again; if it stays like this, type `/solido support` and give "
        f"the number {reference}."
    )
    return Message.of(text)
