"""Which blocks and views Slack takes and which it refuses, with the reason and the place.

Sources: slack.md 3.2 to 3.5 and 4; docs.slack.dev/reference/block-kit/blocks. Block types a product like this one
has no use for (video, card, plan, data_table …) are refused as unsupported: see README.md.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from .elements import (
    ID,
    IMAGE_SOURCE,
    IN_ACTIONS,
    IN_CONTEXT,
    IN_INPUT,
    IN_SECTION,
    MODAL_ONLY_INPUTS,
    either_text,
    of_type,
    plain,
)
from .richtext import RICH_TEXT
from .rules import (
    Check,
    Problem,
    at_least_one,
    boolean,
    duplicates,
    exactly_one,
    integer,
    list_of,
    one_of,
    record,
    string,
    typed,
)

Surface = Literal["message", "modal", "home"]

MOST_BLOCKS: dict[Surface, int] = {"message": 50, "modal": 100, "home": 100}
MOST_MARKDOWN = 12_000
MOST_VIEW_BYTES = 250_000
BLOCK_ID: dict[str, Check] = {"block_id": ID}

BLOCKS: dict[str, Check] = {
    "section": of_type(
        "section",
        {},
        {
            **BLOCK_ID,
            "text": either_text(3000),
            "fields": list_of(either_text(2000), 10),
            "accessory": typed(IN_SECTION, "accessory"),
            "expand": boolean,
        },
        at_least_one("text", "fields"),
    ),
    "header": of_type("header", {"text": plain(150)}, {**BLOCK_ID, "level": integer(1, 4)}),
    "context": of_type("context", {"elements": list_of(typed(IN_CONTEXT, "context element"), 10)}, BLOCK_ID),
    "divider": of_type("divider", {}, BLOCK_ID),
    "actions": of_type("actions", {"elements": list_of(typed(IN_ACTIONS, "action element"), 25)}, BLOCK_ID),
    "image": of_type(
        "image",
        {"alt_text": string(2000)},
        {**BLOCK_ID, **IMAGE_SOURCE, "title": plain(2000)},
        exactly_one("image_url", "slack_file"),
    ),
    "input": of_type(
        "input",
        {"label": plain(2000), "element": typed(IN_INPUT, "input element")},
        {**BLOCK_ID, "hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": RICH_TEXT,
    "markdown": of_type("markdown", {"text": string(MOST_MARKDOWN)}, BLOCK_ID),
    "alert": of_type(
        "alert",
        {"text": either_text(3000)},
        {**BLOCK_ID, "level": one_of("default", "info", "warning", "error", "success")},
    ),
}
ONLY_ON: dict[str, Surface] = {"markdown": "message", "alert": "modal"}

VIEW: dict[str, Check] = {
    "blocks": list_of(typed(BLOCKS, "block"), 100, least=0),
    "private_metadata": string(3000, least=0),
    "callback_id": string(255, least=0),
    "external_id": string(255, least=0),
}
MODAL = of_type(
    "modal",
    {"title": plain(24), "blocks": VIEW["blocks"]},
    {
        **VIEW,
        "submit": plain(24),
        "close": plain(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
HOME = record({"type": one_of("home"), "blocks": VIEW["blocks"]}, VIEW)


def problems_of_message(blocks: Any) -> list[Problem]:
    """Return what Slack objects to in a message's `blocks`; an empty list means they are taken."""
    most = MOST_BLOCKS["message"]
    found = list(list_of(typed(BLOCKS, "block"), most, least=0)(blocks, "/blocks"))
    return found or list(_across_blocks(blocks, "/blocks", "message"))


def problems_of_view(view: Any) -> list[Problem]:
    """Return what Slack objects to in a modal or a Home; an empty list means it is taken."""
    found = list(typed({"modal": MODAL, "home": HOME}, "view")(view, "/view"))
    if found:
        return found
    found = list(_across_blocks(view["blocks"], "/view/blocks", view["type"]))
    has_input = any(block["type"] == "input" for block in view["blocks"])
    if view["type"] == "modal" and has_input and "submit" not in view:
        found.append(Problem("/view/submit", "submit is required when there are input blocks"))
    return found


def is_too_large(view: Any) -> bool:
    return len(json.dumps(view).encode()) > MOST_VIEW_BYTES


def elements_of(block: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the interactive elements and images of one block, in reading order."""
    if block["type"] == "actions":
        return list(block["elements"])
    inner = block.get("accessory") or block.get("element")
    return [inner] if inner else []


def _across_blocks(blocks: Sequence[dict[str, Any]], at: str, surface: Surface) -> Iterator[Problem]:
    """Yield what is wrong with blocks that are each right by themselves."""
    yield from duplicates([(f"{at}/{i}/block_id", b.get("block_id")) for i, b in enumerate(blocks)], "block_id")
    focused = 0
    for index, block in enumerate(blocks):
        here = f"{at}/{index}"
        if ONLY_ON.get(block["type"], surface) != surface:
            yield Problem(f"{here}/type", f"{block['type']} blocks are not supported in a {surface}")
        elements = elements_of(block)
        yield from duplicates([(f"{here}/elements/{i}/action_id", e.get("action_id")) for i, e in enumerate(elements)],
                              "action_id")  # fmt: skip
        for element in elements:
            focused += bool(element.get("focus_on_load"))
            if element["type"] in MODAL_ONLY_INPUTS and surface != "modal":
                yield Problem(here, f"{element['type']} is not supported in a {surface}")
            if element.get("response_url_enabled") and surface != "modal":
                yield Problem(here, "response_url_enabled works in modals only")
    if focused > 1:
        yield Problem(at, "focus_on_load may be set on one element only")
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MOST_MARKDOWN:
        yield Problem(at, f"markdown blocks must be less than {MOST_MARKDOWN + 1} characters in total")
