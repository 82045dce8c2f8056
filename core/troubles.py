"""Carries out what core/incidents.py decides, inside the transaction of whatever happened.

An incident's row is the truth; its card, the story in the card's thread and what is said aloud there are outbox
messages written beside it.
"""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

import msgspec

from core.errors import XeroError
from core.held import NothingOnHold, OnHold
from core.incidents import (
    Cause,
    Course,
    Decision,
    Ended,
    Ending,
    Event,
    Failed,
    Happening,
    Retried,
    Snoozed,
    Succeeded,
    TimePassed,
    cause_of,
    decide,
)
from core.notices import Happened, Held, Tried, Trouble, TroubleAloud, TroubleStory, encode
from storage.audit import Did
from storage.models import Connection, ConnectionState, Incident
from storage.store import WorkspaceStore

LONGEST_HISTORY = 30
SHOWN_TRIES = 5
NOT_ENDED_BY_A_SYNC = {Cause.BOOKS_DIFFER}
"""A sync that works does not show that these are over."""

COURSE = [field.name for field in fields(Course)]


def card_of(incident_id: UUID) -> str:
    return f"incident:{incident_id}"


def course_of(incident: Incident | None) -> Course | None:
    return None if incident is None else Course(**{name: getattr(incident, name) for name in COURSE})


class Troubles:
    """What happens to a connection's incidents. Every method works in the caller's transaction."""

    def __init__(self, on_hold: OnHold | None = None) -> None:
        self._on_hold = on_hold or NothingOnHold()

    async def failed(self, store: WorkspaceStore, connection: Connection, error: XeroError, *, now: datetime) -> None:
        """Something went wrong: count it, and tell what is to be told."""
        await store.connections.lock(connection.id)
        cause = cause_of(error)
        if cause == Cause.RECONNECT_NEEDED:
            connection.state = ConnectionState.RECONNECT_NEEDED
        open_ones = await store.incidents.open(connection.id)
        if cause not in (Cause.NOT_RUNNING, Cause.BOOKS_DIFFER):
            # A sync that failed has at least run.
            await self._over(store, connection, [i for i in open_ones if i.cause == Cause.NOT_RUNNING], now=now)
        newest = await store.incidents.newest(connection.id, cause)
        decision = decide(course_of(newest), Failed.by(error), now, inhibited=inhibited(cause, open_ones))
        await self._carry_out(store, connection, newest, decision, now=now)

    async def recovered(
        self, store: WorkspaceStore, connection: Connection, *, now: datetime, agreed: bool = False
    ) -> None:
        """A sync has worked: what only syncs can tell is over, and so is what a reconnect had ended. Books that differ
        are a trouble of their own, which only comparing them anew can end: `agreed`. The caller has taken the
        connection (storage/connections.py)."""
        open_ones = await store.incidents.open(connection.id)
        lasting = set() if agreed else NOT_ENDED_BY_A_SYNC
        await self._over(store, connection, [i for i in open_ones if i.cause not in lasting], now=now)
        since = connection.connected_at
        mended = await store.incidents.ended_since(connection.id, since, ending=Ending.RECONNECTED)
        await self._over(store, connection, mended, now=now)

    async def ended(
        self, store: WorkspaceStore, connection: Connection, how: Ending, *, by: str, now: datetime
    ) -> None:
        """The connection was ended or made anew on purpose: none of its troubles matters any more."""
        await store.connections.lock(connection.id)
        for incident in await store.incidents.open(connection.id):
            decision = decide(course_of(incident), Ended(how, by), now)
            await self._carry_out(store, connection, incident, decision, now=now)

    async def time_passed(self, store: WorkspaceStore, incident_id: UUID, *, now: datetime) -> None:
        """See whether the time that went by is news."""
        taken = await self._taken(store, incident_id)
        if taken is None:
            return
        incident, connection = taken
        held_back = inhibited(Cause(incident.cause), await store.incidents.open(connection.id))
        decision = decide(course_of(incident), TimePassed(), now, inhibited=held_back)
        await self._carry_out(store, connection, incident, decision, now=now)

    async def pressed(
        self, store: WorkspaceStore, incident_id: UUID, event: Event, by: str, *, now: datetime
    ) -> Incident | None:
        """Somebody pressed a button of the card; return the incident as it is now, None where there is none.

        Pressing twice is the same as once, and pressing too late changes nothing.
        """
        taken = await self._taken(store, incident_id)
        if taken is None:
            return None
        incident, connection = taken
        decision = decide(course_of(incident), event, now)
        if decision is not None and decision.what is not None:
            detail = event.until.isoformat() if isinstance(event, Snoozed) else ""
            store.audit.add(by, Did(decision.what), at=now, detail=detail)
        await self._carry_out(store, connection, incident, decision, now=now)
        return incident

    async def retried(self, store: WorkspaceStore, connection: Connection, *, by: str, now: datetime) -> None:
        """Somebody asked for another try by hand, from a card."""
        for incident in await store.incidents.open(connection.id):
            decision = decide(course_of(incident), Retried(by), now)
            await self._carry_out(store, connection, incident, decision, now=now)

    async def _taken(self, store: WorkspaceStore, incident_id: UUID) -> tuple[Incident, Connection] | None:
        """An incident as it is now, and its connection, locked; None where there is none."""
        incident = await store.incidents.get(incident_id)
        connection = await store.connections.get(incident.connection_id) if incident else None
        if incident is None or connection is None:
            return None
        await store.connections.lock(connection.id)
        await store.session.refresh(incident)
        return incident, connection

    async def _over(
        self, store: WorkspaceStore, connection: Connection, incidents: Sequence[Incident], *, now: datetime
    ) -> None:
        for incident in incidents:
            decision = decide(course_of(incident), Succeeded(), now)
            await self._carry_out(store, connection, incident, decision, now=now)

    async def _carry_out(
        self,
        store: WorkspaceStore,
        connection: Connection,
        incident: Incident | None,
        decision: Decision | None,
        *,
        now: datetime,
    ) -> None:
        if decision is None:
            return
        store.touch(now)
        if incident is None or decision.fresh:
            incident = Incident(workspace_id=store.id, connection_id=connection.id, **vars(decision.course))
            store.incidents.add(incident)
        for name in COURSE:
            setattr(incident, name, getattr(decision.course, name))
        incident.history = with_line(incident.history, decision, now)
        if not decision.tell:
            return
        held = None
        if incident.closed_at is None:
            held = await self._on_hold.held(store, connection, now=now)
            incident.held = held.count if held else 0
        await store.session.flush()
        before = await store.outbox.get(f"{card_of(incident.id)}:story")
        await store.outbox.tell(card_of(incident.id), encode(facts(connection, incident, held)), now=now)
        if before is not None or incident.closed_at or worth_telling(incident.history):
            await self._tell_story(store, connection, incident, now=now)
        if decision.aloud and decision.what is not None and before is not None:
            card = f"{card_of(incident.id)}:{decision.what}:{now.isoformat()}"
            notice = aloud(connection, incident, decision.what, decision.by, now=now)
            await store.outbox.tell(card, encode(notice), now=now, thread_of=card_of(incident.id))

    async def _tell_story(
        self, store: WorkspaceStore, connection: Connection, incident: Incident, *, now: datetime
    ) -> None:
        card = card_of(incident.id)
        runs = [run for run in await store.runs.latest(SHOWN_TRIES) if run.finished_at]
        tries = [Tried(run.finished_at, run.trigger, run.error) for run in runs if run.finished_at]
        lines = msgspec.convert(incident.history, list[Happened])
        story = TroubleStory(connection.tenant_name, lines, tries)
        await store.outbox.tell(f"{card}:story", encode(story), now=now, thread_of=card)


def worth_telling(history: Sequence[dict[str, str]]) -> bool:
    """Whether there is more to a story than tries that failed, which the card itself tells."""
    return any(line["what"] != Happening.FAILED for line in history)


def inhibited(cause: Cause, open_ones: Sequence[Incident]) -> bool:
    """Whether a trouble that only a reconnect ends keeps this one from being told."""
    return cause != Cause.RECONNECT_NEEDED and any(i.cause == Cause.RECONNECT_NEEDED for i in open_ones)


def with_line(history: list[dict[str, str]], decision: Decision, now: datetime) -> list[dict[str, str]]:
    """Return the history with what has just happened; of a long one the beginning and the end stay."""
    if decision.what is None:
        return history
    failed = decision.what in (Happening.FAILED, Happening.BACK)
    line = Happened(
        now,
        decision.what,
        by=decision.by,
        error=decision.course.error if failed else None,
        until=decision.course.snoozed_until if decision.what == Happening.SNOOZED else None,
    )
    longer = [*history, msgspec.to_builtins(line)]
    if len(longer) <= LONGEST_HISTORY:
        return longer
    half = LONGEST_HISTORY // 2
    return longer[:half] + longer[-half:]


def facts(connection: Connection, incident: Incident, held: Held | None) -> Trouble:
    return Trouble(
        organisation=connection.tenant_name,
        connection_id=connection.id,
        incident_id=incident.id,
        cause=incident.cause,
        error=incident.error,
        failures=incident.failures,
        opened_at=incident.opened_at,
        last_failure_at=incident.last_failure_at,
        last_success_at=connection.last_success_at,
        next_sync_at=connection.next_sync_at,
        snoozed_until=incident.snoozed_until,
        snoozed_by=incident.snoozed_by,
        taken_by=incident.taken_by,
        held=held,
        closed_at=incident.closed_at,
        ending=incident.ending or "",
        ended_by=incident.ended_by,
        released=incident.held if incident.closed_at else 0,
    )


def aloud(connection: Connection, incident: Incident, what: str, by: str | None, *, now: datetime) -> TroubleAloud:
    until = incident.closed_at or now
    return TroubleAloud(
        organisation=connection.tenant_name,
        cause=incident.cause,
        what=what,
        failures=incident.failures,
        seconds=(until - incident.opened_at).total_seconds(),
        by=by,
        released=incident.held if incident.closed_at else 0,
    )
