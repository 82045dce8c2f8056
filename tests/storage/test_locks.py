"""Locks that could make two transactions wait for each other are not taken anywhere."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ASKED = re.compile(r"with_for_update(?P<how>\([^)]*\)|=[\w.]+)")
LOCKS_NO_KEY = "key_share=True"
ALONE = {"select(WebhookFeed).with_for_update()", "found.with_for_update(skip_locked=True)"}
"""Nothing belongs to these rows; a worker's key is held on purpose by whoever begins a run (storage/workers.py)."""


def test_no_lock_waits_for_those_who_only_hold_on_to_a_key():
    found = []
    for room in ("bot", "core", "storage"):
        for path in (ROOT / room).rglob("*.py"):
            for line in path.read_text().splitlines():
                asked = ASKED.search(line)
                if asked and not any(alone in line for alone in ALONE):
                    found.append((path.name, asked["how"]))
    assert len(found) >= 5
    assert [each for each in found if LOCKS_NO_KEY not in each[1]] == []
