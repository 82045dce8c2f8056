"""The pieces messages are made of, and the only place that escapes.

`Message.text` is what a notification and a screen reader say, so it holds all that matters. Limits: Slack developer
docs, "Block Kit reference".
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

Block = dict[str, Any]

SECTION_LIMIT = 3000
BUTTON_LIMIT = 75
TEXT_LIMIT = 3000
BAR_CELLS = 20
NAME_LIMIT = 300
BARS = re.compile("[▓░]+")
UNPRINTABLE = {"Cc", "Cs", "Co"}
TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
ISOLATE, END_ISOLATE = "\u2068", "\u2069"


@dataclass(frozen=True)
class Message:
    """What is said in Slack. `in_channel` makes the answer to a command visible to all; `again` is the command, with
    its workspace, that says all of it where it does not fit (bot/limits.py)."""

    text: str
    blocks: list[Block] = field(default_factory=list)
    in_channel: bool = False
    again: str = ""

    @classmethod
    def of(cls, text: str) -> Self:
        """A message that is one text."""
        return cls(text, [section(text)])


@dataclass(frozen=True)
class Modal:
    """A dialog. `callback` names who takes the submission (bot/modals.py); `private` comes back with it, seen and
    changeable by the person: an id to be checked again, never a secret."""

    title: str
    blocks: list[Block]
    callback: str = ""
    submit: str = ""
    private: str = ""

    def view(self) -> Block:
        """As Slack takes it: titles and buttons of 24 characters."""
        labels = {"title": self.title, "submit": self.submit, "close": "Cancel" if self.submit else "Close"}
        texts = {name: {"type": "plain_text", "text": shortened(text, 24)} for name, text in labels.items() if text}
        return {
            "type": "modal",
            "callback_id": self.callback or "shown",
            "private_metadata": self.private,
            "blocks": self.blocks,
            **texts,
        }


@dataclass(frozen=True)
class FieldErrors:
    """What is wrong with a submitted dialog, by the block_id of its inputs; the dialog stays open."""

    by_block: dict[str, str]


def printable(sign: str) -> bool:
    return sign not in TURNING and unicodedata.category(sign) not in UNPRINTABLE


def escape(text: str) -> str:
    """Make text from elsewhere harmless in Slack's markup: no mention, no link, no command comes out of it.

    Control characters go, those that turn the direction of what follows among them; text that runs from right to left
    by itself is set apart, so that the words around it stay in their order.
    """
    plain = "".join(sign for sign in text if sign in "\n\t" or printable(sign))
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    leftwards = any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in plain)
    return f"{ISOLATE}{plain}{END_ISOLATE}" if leftwards else plain


def one_line(text: str, limit: int = NAME_LIMIT) -> str:
    """A name as it fits into a sentence."""
    return shortened(" ".join(text.split()), limit)


def without_markup(text: str) -> str:
    """As a letter says it: no marks, no entities, and dates as their fallback reads."""
    plain = re.sub(r"<!date[^|>]*\|([^>]*)>", r"\1", text)
    plain = re.sub(r":[a-z_]+: ?|[*`]", "", plain)
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def bold(text: str) -> str:
    """Escaped, in one line, and bold unless the text holds an asterisk itself."""
    name = one_line(text)
    return escape(name) if "*" in name or not name else f"*{escape(name)}*"


def shortened(text: str, limit: int) -> str:
    """Cut to the limit without leaving half an entity or half a `<…>` at the end."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    for opening, closing in (("&", ";"), ("<", ">")):
        start = cut.rfind(opening)
        if start > cut.rfind(closing):
            cut = cut[:start]
    return cut + "…"


def saying(blocks: list[Block]) -> Message:
    """A message whose plain text has every word of its blocks; pictures made of characters are left out of it."""
    parts: list[str] = []
    for block in blocks:
        if block["type"] in ("section", "header"):
            parts.append(block["text"]["text"])
        elif block["type"] == "context":
            parts += [element["text"] for element in block["elements"]]
    spoken = ("".join(text.split("```")[::2]) for text in parts if not BARS.fullmatch(text))
    return Message(" ".join(" ".join(spoken).split()), blocks)


def section(text: str) -> Block:
    """`verbatim`: Slack makes no links or mentions of what merely looks like one."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": shortened(text, TEXT_LIMIT), "verbatim": True}]}


def header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": shortened(text, 150)}}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def button(
    text: str, *, action: str, value: str = "", style: str | None = None, url: str | None = None, label: str = ""
) -> Block:
    """A button; `label` is what a screen reader says where the text alone is not clear. It begins with the text: people
    who speak to their machine say what they see (WCAG 2.5.3)."""
    optional = {"value": value, "style": style, "url": url, "accessibility_label": shortened(label, BUTTON_LIMIT)}
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": shortened(text, BUTTON_LIMIT)},
        "action_id": action,
        **{name: given for name, given in optional.items() if given},
    }


def menu(text: str, options: list[tuple[str, str]], *, action: str) -> Block:
    """A menu that acts at once; `options` are what is read and what comes back (150 characters)."""
    return {
        "type": "static_select",
        "action_id": action,
        "placeholder": {"type": "plain_text", "text": shortened(text, 150)},
        "options": [
            {"text": {"type": "plain_text", "text": shortened(words, BUTTON_LIMIT)}, "value": value}
            for words, value in options
        ],
    }


def user(user_id: str) -> str:
    return f"<@{user_id}>"


def channel(channel_id: str) -> str:
    return f"<#{channel_id}>"


def when(moment: datetime) -> str:
    """A date and time that Slack shows in the reader's own zone; UTC where it cannot."""
    fallback = moment.astimezone(UTC).strftime("%-d %b %Y, %H:%M UTC")
    return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} at {{time}}|{fallback}>"


def plain_when(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%-d %b %Y, %H:%M UTC")


def counted(number: int, thing: str, things: str | None = None) -> str:
    """`1 invoice`, `1,204 invoices`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def bar(done: int, of: int) -> str:
    filled = 0 if of <= 0 else min(BAR_CELLS, BAR_CELLS * done // of)
    return "▓" * filled + "░" * (BAR_CELLS - filled)


def lasting(seconds: float) -> str:
    """A duration as people say it: `0.4 s`, `42 minutes`, `3 hours`, `2 days`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    for size, thing in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size * (2 if thing != "minute" else 1):
            return counted(round(seconds / size), thing)
    return counted(round(seconds / 60), "minute")
