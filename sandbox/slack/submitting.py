"""Filling in a modal: what Slack's client checks before it sends, and what the app's answer does."""

from collections.abc import Mapping
from typing import Any

from . import viewing
from .records import Answer, ApiError, Reply, View
from .state import chosen, elements_in, plain_value
from .world import World

TROUBLE = "We had some trouble connecting. Try again?"


def fill_in(view: View, values: Mapping[str, Any]) -> None:
    """Type `values` into the view: by action_id or block_id, plainly, or nested as in `state.values`.

    LookupError for a name the view does not have.
    """
    left = dict(values)
    for block, element in elements_in(view.blocks):
        block_id, action_id = block["block_id"], element["action_id"]
        for name in (action_id, block_id):
            if name in left and block["type"] == "input":
                given = left.pop(name)
                plain = given[action_id] if isinstance(given, Mapping) else given
                view.state.setdefault(block_id, {})[action_id] = chosen(element, plain)
                break
    if left:
        raise LookupError(f"no input {sorted(left)} in this view: {sorted(view.state)}")


def missing(view: View) -> dict[str, str]:
    """Return Slack's client-side objections by block_id: required inputs left empty, texts too short or long."""
    errors: dict[str, str] = {}
    for block, element in elements_in(view.blocks):
        if block["type"] != "input":
            continue
        value = plain_value(view.state[block["block_id"]][element["action_id"]])
        if value in (None, "", []):
            if not block.get("optional"):
                errors[block["block_id"]] = "Please complete this required field."
        elif isinstance(value, str) and element["type"] == "plain_text_input":
            if len(value) < element.get("min_length", 0):
                errors[block["block_id"]] = f"Please enter at least {element['min_length']} characters."
            elif len(value) > element.get("max_length", 3000):
                errors[block["block_id"]] = f"Please use at most {element.get('max_length', 3000)} characters."
    return errors


def take_answer(world: World, view: View, answer: Answer) -> Reply:
    """Do what the answer to a view_submission says. An answer Slack cannot use leaves the modal open."""
    reply = Reply(status=answer.status, error=answer.error)
    if answer.error is not None:
        reply.said = TROUBLE
        return reply
    try:
        payload = answer.json() if answer.body.strip() else {}
        _act_on(world, view, payload, reply)
    except (ApiError, ValueError, LookupError, TypeError, AttributeError) as exc:
        if not isinstance(exc, ApiError):
            world.refuse("view answer", "invalid_answer", [str(exc)], answer.body.decode(errors="replace"))
        reply.error, reply.said = "dispatch_failed", TROUBLE
    world.changes.tell()
    return reply


def _act_on(world: World, view: View, payload: dict[str, Any], reply: Reply) -> None:
    action = payload.get("response_action")
    reply.response_action = action
    if action == "errors":
        _show_errors(view, payload.get("errors"), reply)
    elif action in ("update", "push"):
        body = viewing.checked_view(world, "view answer", payload.get("view"))
        if action == "update":
            viewing.replace(world, view, body)
        else:
            viewing.put_on_top(world, view.user, body)
    elif action == "clear":
        for one in viewing.stack_of(world, view.user):
            one.is_open = False
    elif action is None and not payload:
        view.is_open = False
    else:
        raise ValueError(f"unknown response_action: {action!r}")


def _show_errors(view: View, errors: Any, reply: Reply) -> None:
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise ValueError(f"errors must be keyed by block_ids of inputs: {errors!r}, not {sorted(inputs)}")
    view.errors = reply.errors = {block: str(words) for block, words in errors.items()}


def asked_channels(view: View) -> list[tuple[dict[str, Any], dict[str, Any], str]]:
    """Return (block, element, channel id) of the menus for which the app gets a response_url."""
    asked = []
    for block, element in elements_in(view.blocks):
        if element.get("response_url_enabled"):
            where = plain_value(view.state[block["block_id"]][element["action_id"]])
            if where:
                asked.append((block, element, str(where)))
    return asked
