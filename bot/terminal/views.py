"""What is found out, as words for people."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.terminal.tables import ago, length, plain, table
from core.figures import Figures
from core.operator_retry import Answer
from storage.overview import ConnectionSeen, RunSeen

SHORT = 8
"""Letters of an id that people see; any beginning that fits one run only is understood."""
ANSWERS = {
    Answer.DUE: "is tried again within seconds",
    Answer.NOT_FAILED: "did not fail",
    Answer.NEEDS_RECONNECT: "can only go on when somebody presses Reconnect in its Slack channel",
    Answer.DISCONNECTED: "was disconnected meanwhile",
    Answer.UNDER_WAY: "is being synced already",
}
NOBODY_THERE = "is tried again as soon as Solido runs: no process is alive"


def status(it: Figures) -> str:
    connected = it.connections.get("active", 0)
    lines = {
        "processes": ", ".join(f"{count} {role}" for role, count in sorted(it.processes.items())) or "none is alive",
        "organisations": f"{connected} connected, {it.connections.get('reconnect_needed', 0)} to be reconnected",
        "syncs": f"{it.runs.get('running', 0)} under way, {it.runs.get('queued', 0)} queued, "
        + (f"{it.overdue} late (the first by {seconds(it.lateness)})" if it.overdue else "none late"),
        "troubles": ", ".join(f"{count} {cause}" for cause, count in sorted(it.incidents.items())) or "none",
        "Slack": f"{it.outbox} notices wait, the first for {seconds(it.outbox_age)}" if it.outbox else "all is told",
        "letters": f"{it.unsure_letters} of unknown fate" if it.unsure_letters else "none of unknown fate",
        "calls left": "Xero has not said today"
        if it.lowest_quota is None
        else f"{it.lowest_quota} at the fewest, {it.below_reserve} organisations on the reserve",
    }
    return "\n".join(f"{name:<14}{said}" for name, said in lines.items())


def seconds(count: float) -> str:
    return length(timedelta(seconds=count))


def connections(found: Sequence[ConnectionSeen], *, now: datetime) -> str:
    if not found:
        return "No organisation is connected."
    head = ("ORGANISATION", "TEAM", "CHANNEL", "STATE", "LAST SYNC", "NEXT", "CALLS LEFT", "TROUBLE")
    rows = [
        (
            it.organisation,
            it.team,
            it.channel_id,
            it.state,
            ago(it.last_success_at, now=now),
            ago(it.next_sync_at, now=now),
            "-" if it.day_left is None else str(it.day_left),
            it.trouble or "-",
        )
        for it in found
    ]
    return table(head, rows)


def runs(found: Sequence[RunSeen], *, now: datetime, failed: bool) -> str:
    if not found:
        return "No sync has failed." if failed else "There was no sync yet."
    head = ("RUN", "ORGANISATION", "TRIGGER", "STATE", "ASKED", "TOOK", "CALLS", "ERROR")
    rows = [
        (
            it.id.hex[:SHORT],
            it.organisation,
            it.trigger,
            it.state,
            ago(it.queued_at, now=now),
            f"{it.seconds:.1f} s" if it.finished_at else "-",
            str(it.calls),
            " ".join(filter(None, [it.error, it.error_detail])) or "-",
        )
        for it in found
    ]
    return table(head, rows)


def retried(run: RunSeen, answer: Answer, *, alive: bool) -> str:
    said = ANSWERS[answer] if alive or answer is not Answer.DUE else NOBODY_THERE
    return f"{run.id.hex[:SHORT]}: {plain(run.organisation)} {said}."


def as_rows(found: Sequence[ConnectionSeen | RunSeen]) -> list[dict[str, Any]]:
    """For scripts: every field under its name."""
    return [each._asdict() for each in found]
