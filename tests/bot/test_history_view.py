"""Whatever is written into the audit log has words of its own in `/solido history`."""

import ast
from pathlib import Path

from bot.views.history import DID
from core.incidents import Happening

ROOT = Path(__file__).resolve().parents[2]
ASSEMBLED = {"reminder rules changed", "reminder letter changed"} | {
    f"reminders {what}" for what in ("started", "paused", "resumed")
}
"""Put together of two words where they are written."""
PRESSED = {Happening.TAKEN, Happening.SNOOZED, Happening.WOKE}
"""What core.troubles writes for a pressed button."""


def written() -> set[str]:
    """The words that core hands to the audit log, wherever it does."""
    found: set[str] = set()
    for path in (ROOT / "core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("store.audit.add", "changed"):
                word = node.args[1 if ast.unparse(node.func) == "store.audit.add" else 2]
                found |= {n.value for n in ast.walk(word) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return {word for word in found if not word.startswith((" ", "reminder ", "reminders ")) and word}


def test_every_deed_has_words():
    assert {"connected", "asked for a sync", "hold placed", "asked for help"} <= written()
    assert written() | ASSEMBLED | PRESSED <= set(DID)
