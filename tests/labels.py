"""What buttons are called, for those who see them and for those who hear them."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sandbox.slack import FakeSlack


def misnamed(blocks: Iterable[dict[str, Any]]) -> list[str]:
    """Buttons of these blocks whose name for screen readers does not begin with the words on them."""
    found = []
    for block in blocks:
        for element in [*block.get("elements", []), block.get("accessory") or {}]:
            seen = element.get("text", {}).get("text", "") if element.get("type") == "button" else ""
            if not element.get("accessibility_label", seen).startswith(seen):
                found.append(f"{seen!r} is read as {element['accessibility_label']!r}")
    return found


def shown_in(slack: FakeSlack) -> list[str]:
    """The same of all that was said or opened in a Slack."""
    return [one for shown in [*slack.messages, *slack.views] for one in misnamed(shown.blocks)]


def written_in(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Where a button with a label is made in this code: the place, its words, and how the label begins."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "button":
                label = next((one.value for one in node.keywords if one.arg == "label"), None)
                if label is not None:
                    yield f"{path.name}:{node.lineno}", beginning(node.args[0]), beginning(label)


def beginning(node: ast.expr) -> str:
    """The constant words with which an expression of text begins."""
    if isinstance(node, ast.JoinedStr) and node.values:
        return beginning(node.values[0])
    if isinstance(node, ast.Subscript):
        return beginning(node.value)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
