"""What the models of Slack's own SDK make of our blocks: they know fields, lengths and numbers, and none is ours."""

from collections.abc import Iterable
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

BEHIND: dict[str, set[str]] = {}
"""By type, what Slack takes (docs.slack.dev, Block Kit reference) and SDK 3.47.0's models do not know yet."""


def problems_of_blocks(blocks: Iterable[dict[str, Any]]) -> list[str]:
    """What the models object to, and what of a block they do not know."""
    return [problem for block in blocks for problem in _problems(block, Block.parse(dict(block)))]


def problems_of_view(view: dict[str, Any]) -> list[str]:
    frame = {**view, "blocks": [{"type": "divider"}]}
    return [*_problems(frame, View(**frame)), *problems_of_blocks(view["blocks"])]


def _problems(given: dict[str, Any], model: Block | View | None) -> list[str]:
    if model is None:
        return [f"no block of type {given['type']} is known"]
    try:
        known = model.to_dict()  # validates this and all within
    except SlackObjectFormationError as wrong:
        return [f"{given['type']}: {wrong}"]
    return [f"{given['type']}: {where} is not known" for where in lost(given, known)]


def lost(given: Any, known: Any, where: str = "") -> list[str]:
    """What is in one and not in the other."""
    if isinstance(given, dict) and isinstance(known, dict):
        expected = BEHIND.get(str(given.get("type")), set())
        return [
            missing
            for key, value in given.items()
            if key not in expected
            for missing in lost(value, known.get(key), f"{where}.{key}")
        ]
    if isinstance(given, list) and isinstance(known, list) and len(given) == len(known):
        return [missing for one, other in zip(given, known, strict=True) for missing in lost(one, other, where)]
    return [] if given == known or (given == "" and known is None) else [where]
