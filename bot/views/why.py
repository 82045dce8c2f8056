"""`/solido why`: one paragraph on the last sync."""

from collections.abc import Sequence

from bot.advice import advice
from bot.views.blocks import Message, bold, counted, lasting, user, when
from bot.views.syncs import found, kind, progress
from core.incidents import Cause
from storage.models import Connection, ConnectionState, Incident, RunState, SyncRun

ELSE = {
    Cause.BOOKS_DIFFER: "When they were last compared, the books here and in Xero were not the same.",
    Cause.NOT_RUNNING: "Automatic syncs have not begun for a while, which is a mistake of ours.",
}


def why(connection: Connection, run: SyncRun | None, incidents: Sequence[Incident]) -> Message:
    """`run` is the newest sync, `incidents` are the open ones."""
    name = bold(connection.tenant_name)
    if connection.state == ConnectionState.DISCONNECTED:
        by = user(connection.disconnected_by) if connection.disconnected_by else "somebody"
        at = f", {when(connection.disconnected_at)}" if connection.disconnected_at else ""
        text = f"{name} is not synced, because {by} disconnected it{at}. `/solido connect` goes on from there."
        return Message.of(text)
    sentences = [_last(name, run), *_trouble(incidents, run), *_others(incidents), _next(connection)]
    return Message.of(" ".join(filter(None, sentences)))


def _last(name: str, run: SyncRun | None) -> str:
    if run is None:
        return f"{name} has never been synced."
    begun = f"{kind(run.trigger)}, {when(run.started_at or run.queued_at)}"
    match RunState(run.state):
        case RunState.SUCCEEDED:
            return f"The last sync of {name} ({begun}) worked: {found(run)}, in {lasting(run.seconds)}."
        case RunState.FAILED:
            reason = advice(run.error)
            return f"The last sync of {name} ({begun}) failed. {reason.said} {reason.typed}"
        case RunState.QUEUED:
            return f"A sync of {name} ({begun}) is about to begin."
    return f"A sync of {name} ({begun}) is under way: {progress(run.page, run.page_count)}."


def _trouble(incidents: Sequence[Incident], run: SyncRun | None) -> list[str]:
    """How long this has been going on, and who looks after it."""
    same = next((i for i in incidents if run is not None and run.error == i.error), None)
    if same is None:
        return []
    said = [f"That makes {counted(same.failures, 'failure')} since {when(same.opened_at)}."]
    if same.taken_by:
        said.append(f"{user(same.taken_by)} is on it.")
    if same.snoozed_until and same.snoozed_by:
        said.append(f"{user(same.snoozed_by)} asked for quiet until {when(same.snoozed_until)}.")
    return said


def _others(incidents: Sequence[Incident]) -> list[str]:
    return [ELSE[Cause(i.cause)] for i in incidents if i.cause in ELSE]


def _next(connection: Connection) -> str:
    last = f"Last success: {when(connection.last_success_at)}." if connection.last_success_at else ""
    upcoming = f"The next one comes by itself {when(connection.next_sync_at)}." if connection.next_sync_at else ""
    return f"{last} {upcoming}".strip()
