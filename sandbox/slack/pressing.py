"""Finding what a person wants to press, and what the press would say."""

from typing import Any

from .elements import options_of
from .records import Blocks, Message, Person, View
from .state import chosen, elements_in
from .world import World

Found = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
WITH_OPTIONS = {"overflow", "static_select", "radio_buttons"}


def label(element: dict[str, Any]) -> str:
    text = element.get("text") or element.get("placeholder") or {}
    return str(text.get("text", element["action_id"]))


def may_see(world: World, person: Person, message: Message | View) -> bool:
    if isinstance(message, View):
        return message.user == person.id and message.is_open
    in_channel = person.id in world.channel(message.channel).members
    return in_channel and not message.deleted and message.ephemeral_to in (None, person.id)


def find(blocks: Blocks, wanted: str, value: Any) -> Found:
    """Return (block, element, state) for a button's text, an action_id, block_id/action_id, or an option's text.

    `value` is the choice made in a menu or picker; for a button it tells apart several with the same text.
    LookupError when there is nothing or more than one thing to press.
    """
    found: list[Found] = []
    for block, element in elements_in(blocks):
        named = wanted in (element["action_id"], label(element), f"{block['block_id']}/{element['action_id']}")
        offered = [o["text"]["text"] for o in options_of(element)] if element["type"] in WITH_OPTIONS else []
        if element["type"] == "button" and named and value in (None, element.get("value")):
            found.append((block, element, chosen(element, None)))
        elif element["type"] != "button" and named and value is not None:
            found.append((block, element, chosen(element, value)))
        elif wanted in offered and value is None:
            found.append((block, element, chosen(element, wanted)))
    if len(found) != 1:
        there = [label(element) for _, element in elements_in(blocks)]
        raise LookupError(f"{wanted!r} fits {len(found)} things to press among {there}")
    return found[0]


def option_url(element: dict[str, Any], state: dict[str, Any]) -> str | None:
    """Return where a link button or a link in an overflow menu leads."""
    return element.get("url") or (state.get("selected_option") or {}).get("url")
