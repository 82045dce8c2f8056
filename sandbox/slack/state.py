"""What people have chosen in the elements of a message or view, in the shape of `state.values`."""

from collections.abc import Iterator, Mapping
from typing import Any

from .blocks import elements_of
from .elements import options_of
from .records import Blocks

STATELESS = {"button", "overflow", "image"}
SIMPLE = {
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
}
SEVERAL = {"checkboxes", "multi_static_select", "multi_external_select"}


def with_ids(blocks: Blocks, fresh: Iterator[str]) -> Blocks:
    """Return a copy in which every block has a block_id and every element an action_id, as Slack fills them in."""
    filled = []
    for block in blocks:
        copy: dict[str, Any] = {"block_id": next(fresh), **block}
        if copy["type"] == "actions":
            copy["elements"] = [{"action_id": next(fresh), **element} for element in copy["elements"]]
        for name in ("accessory", "element"):
            if name in copy and copy[name]["type"] != "image":
                copy[name] = {"action_id": next(fresh), **copy[name]}
        filled.append(copy)
    return filled


def elements_in(blocks: Blocks) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield (block, element) of everything a person can use, in reading order."""
    for block in blocks:
        for element in elements_of(block):
            if element["type"] != "image":
                yield block, element


def initial(blocks: Blocks) -> dict[str, dict[str, Any]]:
    """Return `state.values` before anybody touched anything."""
    values: dict[str, dict[str, Any]] = {}
    for block, element in elements_in(blocks):
        if element["type"] not in STATELESS:
            values.setdefault(block["block_id"], {})[element["action_id"]] = _untouched(element)
    return values


def _untouched(element: Mapping[str, Any]) -> dict[str, Any]:
    kind = element["type"]
    if kind in SIMPLE:
        chosen, first = SIMPLE[kind]
        return {"type": kind, chosen: element.get(first, [] if kind.startswith("multi_") else None)}
    if kind in SEVERAL:
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    return {"type": kind, "selected_option": element.get("initial_option")}


def chosen(element: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """Return the state of `element` after a person chose or typed `value`; options go by value or by text.

    Raises LookupError for an option that is not offered.
    """
    kind = element["type"]
    if kind == "button":
        return {"type": kind, **({"value": element["value"]} if "value" in element else {})}
    if kind in SIMPLE:
        return {"type": kind, SIMPLE[kind][0]: value}
    if kind in SEVERAL:
        return {"type": kind, "selected_options": [offered(element, one) for one in value or []]}
    return {"type": kind, "selected_option": None if value is None else offered(element, value)}


def offered(element: Mapping[str, Any], wanted: Any) -> dict[str, Any]:
    for option in options_of(element):
        if wanted in (option.get("value"), option["text"]["text"]):
            found: dict[str, Any] = option
            return found
    raise LookupError(f"{wanted!r} is not offered: {[o['text']['text'] for o in options_of(element)]}")


def plain_value(state: Mapping[str, Any]) -> Any:
    """Return what was chosen, without its wrapping; None or an empty list when nothing was."""
    return next((value for name, value in state.items() if name != "type"), None)
