"""`python scripts/alerts_page.py`: docs/alerts.md anew, from the views that people see."""

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bot.rendering import render  # noqa: E402  # found by the line above
from core import errors  # noqa: E402
from core.incidents import Cause, Ending, Failed, cause_of  # noqa: E402
from core.notices import Held, Trouble  # noqa: E402
from scripts.drawing import drawn, label  # noqa: E402

PAGE = ROOT / "docs" / "alerts.md"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
AN_ID = UUID(int=1)
HEAD = """# Alerts

Made by `python scripts/alerts_page.py` from the views themselves; a test sees that it is up to date.

Each trouble has one card in the channel. It is posted once, edits itself at most every 45 seconds, and turns into the
news that all is well again. What needs a person is told at once; what may pass by itself after three failures in a row
or an hour, whichever is first. While somebody has to reconnect, nothing else of that organisation is told. Back within
the hour: the same card goes on. What happened, and who did what, is in the card's thread.

Where the channel cannot be told (archived, Solido removed), the card goes to who connected, then to who looks after the
team's other channels, then by mail to the people who run Solido; and whoever uses `/solido` next reads it there.

| Cause | Told | Buttons besides *Snooze*, *I'm on it* and *Get help* |
|---|---|---|
"""
EXPLAINED = {
    Cause.RECONNECT_NEEDED: "Somebody has to log in to Xero again",
    Cause.CHANGED_IN_XERO: "Something changed in Xero",
    Cause.XERO_UNREACHABLE: "Xero cannot be reached",
    Cause.QUOTA_USED_UP: "The calls to Xero are used up",
    Cause.BOOKS_DIFFER: "The books differ",
    Cause.OURS: "A mistake of ours",
    Cause.NOT_RUNNING: "Syncs have stopped",
}


def leaves(kind: type[errors.XeroError]) -> list[type[errors.XeroError]]:
    below = kind.__subclasses__()
    return [leaf for each in below for leaf in leaves(each)] if below else [kind]


def troubles() -> list[errors.XeroError]:
    """Every error that a card can be about."""
    return [kind() for kind in leaves(errors.XeroError) if kind.__module__ == errors.__name__]


def a_trouble(error: errors.XeroError, **more: Any) -> Trouble:
    urgent = Failed.by(error).urgent
    return Trouble(
        organisation="Harbour Lane Ltd",
        connection_id=AN_ID,
        incident_id=AN_ID,
        cause=cause_of(error),
        error=error.code,
        failures=1 if urgent else 3,
        opened_at=NOON,
        last_failure_at=NOON + timedelta(minutes=0 if urgent else 6),
        last_success_at=NOON - timedelta(minutes=15),
        next_sync_at=NOON + timedelta(minutes=15),
        **more,
    )


def told(found: list[errors.XeroError]) -> str:
    ways = ["at once" if Failed.by(error).urgent else "after 3 in a row, or an hour" for error in found]
    return ways[0] if len(set(ways)) == 1 else "at once for a day, else after 3 in a row, or an hour"


def page() -> str:
    by_cause: dict[Cause, list[errors.XeroError]] = {cause: [] for cause in EXPLAINED}
    for error in troubles():
        by_cause[cause_of(error)].append(error)
    rows, parts = [], []
    for cause, found in by_cause.items():
        cards = [render(a_trouble(error)) for error in found]
        labels = [label(e) for b in cards[0].blocks if b["type"] == "actions" for e in b["elements"]]
        own = ", ".join(f"*{text}*" for text in labels if text in ("Reconnect", "Try again")) or "none"
        rows.append(f"| [{EXPLAINED[cause]}](#{EXPLAINED[cause].lower().replace(' ', '-')}) | {told(found)} | {own} |")
        parts += [f"## {EXPLAINED[cause]}", *map(drawn, cards)]
        over = a_trouble(found[0], closed_at=NOON + timedelta(minutes=42), ending=Ending.RECOVERED)
        parts += ["When it is over:", drawn(render(over))]
    return "\n\n".join([HEAD + "\n".join(rows), *parts, *others()]) + "\n"


def others() -> list[str]:
    ended = errors.PermissionEnded()
    closed = {"closed_at": NOON + timedelta(minutes=42), "ended_by": "U1"}
    quiet = {"snoozed_until": NOON + timedelta(hours=1), "snoozed_by": "U1", "taken_by": "U2"}
    waits = a_trouble(ended, held=Held(12, date(2026, 12, 4)))
    return [
        "## What people do with a card",
        "Somebody asked for quiet, and somebody is on it:",
        drawn(render(a_trouble(ended, **quiet))),
        "Reminders wait because of it:",
        drawn(render(waits)),
        "Somebody connected again, and the sync that shows it is on its way:",
        drawn(render(a_trouble(ended, ending=Ending.RECONNECTED, **closed))),
        "It worked, and the reminders go on:",
        drawn(render(a_trouble(ended, ending=Ending.RECOVERED, released=12, **closed))),
        "Somebody disconnected:",
        drawn(render(a_trouble(ended, ending=Ending.DISCONNECTED, **closed))),
    ]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
