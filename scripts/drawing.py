"""Messages, dialogs and the Home as Markdown, for the pages in docs that show what people see."""

import re
from collections.abc import Iterator
from typing import Any

from bot.views.blocks import Block, Message, Modal, without_markup

FENCE = "```"
ENTERED = {
    "plain_text_input": "initial_value",
    "timepicker": "initial_time",
    "datepicker": "initial_date",
}


def drawn(message: Message) -> str:
    """The message as a quotation: what is bold is bold, buttons stand in brackets."""
    return quoted(lines_of(message.blocks))


def drawn_modal(modal: Modal) -> str:
    """A dialog: its title, its fields with what is filled in, its buttons."""
    view = modal.view()
    labels = [view[name]["text"] for name in ("close", "submit") if name in view]
    lines = [f"**{view['title']['text']}**", *lines_of(modal.blocks), " ".join(f"`{text}`" for text in labels)]
    return quoted(lines)


def drawn_view(view: Block) -> str:
    """The app's Home."""
    return quoted(lines_of(view["blocks"]))


def lines_of(blocks: list[Block]) -> list[str]:
    return [line for block in blocks for line in block_lines(block)]


def block_lines(block: Block) -> Iterator[str]:
    match block["type"]:
        case "section":
            yield from text_lines(block["text"]["text"])
        case "header":
            yield f"**{block['text']['text']}**"
        case "context":
            yield from (f"<sub>{markdown(element['text'])}</sub>" for element in block["elements"])
        case "actions":
            yield " ".join(f"`{label(element)}`" for element in block["elements"])
        case "input":
            yield field(block)
        case "divider":
            yield "---"


def text_lines(text: str) -> Iterator[str]:
    """What stands between fences keeps its lines and its width."""
    for number, part in enumerate(text.split(FENCE)):
        if number % 2:
            yield f"{FENCE}\n{plain(part)}\n{FENCE}"
        elif part.strip():
            yield markdown(part.strip())


def quoted(lines: list[str]) -> str:
    """Every line a paragraph of its own, but for what stands between fences."""
    paragraphs = [part for line in lines for part in ([line] if line.startswith(FENCE) else line.split("\n"))]
    return "\n>\n".join("\n".join(f"> {line}" for line in part.split("\n")) for part in paragraphs)


def field(block: Block) -> str:
    """`Label: [what is filled in]`, and the hint below it."""
    left_out = " (may be left out)" if block.get("optional") else ""
    hint = f"\n<sub>{block['hint']['text']}</sub>" if "hint" in block else ""
    return f"{block['label']['text']}{left_out}: {entered(block['element'])}{hint}"


def entered(element: Block) -> str:
    if "options" in element:
        return choices(element)
    value = element.get(ENTERED.get(element["type"], ""), "")
    people = "initial_users" in element or "initial_conversation" in element
    shown = value.replace("\n", " ⏎ ") if value else "somebody or something chosen" if people else " "
    return f"`[{shown}]`"


def choices(element: Block) -> str:
    """Each option with a mark where it is chosen; of a long list only the chosen one."""
    chosen = element.get("initial_options") or [element.get("initial_option")]
    if element["type"] == "static_select":
        return f"`{chosen[0]['text']['text'] if chosen[0] else 'choose'} ▾`"
    marks = ["●" if option in chosen else "○" for option in element["options"]]
    return " ".join(f"{mark} {option['text']['text']}" for mark, option in zip(marks, element["options"], strict=True))


def label(element: dict[str, Any]) -> str:
    if element["type"] == "overflow":
        return " · ".join(["⋯", *(option["text"]["text"] for option in element["options"])])
    return f"{element['placeholder']['text']} ▾" if "placeholder" in element else str(element["text"]["text"])


def markdown(text: str) -> str:
    """Slack's marks as Markdown's."""
    kept = re.sub(r"\*([^*\n]+)\*", r"%%\1%%", named(text))
    return without_markup(kept).replace("%%", "**")


def plain(text: str) -> str:
    """What stands between fences: marks are letters there, and entities still entities."""
    return named(text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def named(text: str) -> str:
    return re.sub(r"<#\w+>", "#finance", re.sub(r"<@\w+>", "@somebody", re.sub(r"<!subteam\^\w+>", "@finance", text)))
