"""What Solido's database says is due now, and when something will be: asked in one question, without waiting for a
writer, because a jump asks it hundreds of times.

Every column that a tick compares with the time belongs here, else time jumps over it; a test looks for new ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam
from sqlmodel import col, func, select, update

from core.reminders.noting import NOT_AFTER
from core.reminders.outlook import policy_of
from core.reminders.slots import SendTimes
from core.webhooks import SILENCE
from storage.database import Database
from storage.homes import outdated
from storage.models import Connection, ConnectionState, Incident, OutboxMessage, SupportRequest, SyncRun, Team
from storage.outbox import held_up
from storage.reminder_models import Letter, LetterState, ReminderPolicy
from storage.slack_models import HomeView, Preferences
from storage.types import UtcDateTime
from storage.webhook_models import WebhookEvent, WebhookFeed

A_MINUTE = timedelta(minutes=1)
REPEATED_AFTER = timedelta(minutes=10)
"""How much later a look may come that only repeats one of the same slot: the next sync is on its way by then."""
AT_ONCE = timedelta(minutes=2)
"""A look that is to come within this is one that goes on sending."""


@dataclass(frozen=True)
class Ahead:
    """`due` are names of ticks that find something to do now, `once` of those for which one look is enough; `busy`:
    a sync is under way; `unrest`: is_busy() would say so. `sync` and `other` are the next moments at which something
    will be due."""

    due: frozenset[str]
    once: frozenset[str]
    busy: bool
    unrest: bool
    sync: datetime | None
    other: datetime | None


def _any(key: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(key).where(condition).exists()


def _soonest(column: Any, *conditions: ColumnElement[bool]) -> ColumnElement[datetime]:
    return select(func.min(col(column))).where(col(column) > NOW, *conditions).scalar_subquery()


NOW: Any = bindparam("now", type_=UtcDateTime())
SILENT_UNTIL: Any = bindparam("silent_until", type_=UtcDateTime())
NOTED_SINCE: Any = bindparam("noted_since", type_=UtcDateTime())
LIVE: ColumnElement[bool] = col(Connection.state) != ConnectionState.DISCONNECTED
UNTOLD = col(OutboxMessage.waiting) & (col(OutboxMessage.next_attempt_at) <= NOW) & ~held_up(beyond=NOW)
UNSENT: ColumnElement[bool] = col(SupportRequest.sent_at).is_(None)
UNHANDLED: ColumnElement[bool] = col(WebhookEvent.handled_at).is_(None)
PLANNED = select(Preferences.workspace_id).where(col(Preferences.digest_at).is_not(None))
UNPLANNED: Any = select(Connection.id).where(
    LIVE, col(Connection.last_success_at).is_not(None), col(Connection.workspace_id).not_in(PLANNED)
)
UNGREETED = col(Team.greeted_at).is_(None) & (col(Team.installed_by) != "") & col(Team.gone_at).is_(None)
UNNOTED = (col(Letter.state) == LetterState.SENT) & col(Letter.noted_at).is_(None)
HEARD: Any = func.coalesce(col(WebhookFeed.caught_up_at), col(WebhookFeed.heard_at))
DUE: dict[str, ColumnElement[bool]] = {
    "due": _any(Connection.id, col(Connection.next_sync_at) <= NOW),
    "nightly": _any(Connection.id, col(Connection.next_reconcile_at) <= NOW),
    "farewell": _any(Connection.id, col(Connection.farewell_at) <= NOW),
    "look": _any(Connection.id, col(Connection.look_at) <= NOW),
    "mend": _any(Connection.id, LIVE & (col(Connection.refresh_lease_until) <= NOW)),
    "delivery": _any(OutboxMessage.id, UNTOLD),
    "support": _any(SupportRequest.id, UNSENT & (col(SupportRequest.send_at) <= NOW)),
    "reminders": _any(ReminderPolicy.workspace_id, col(ReminderPolicy.next_look_at) <= NOW),
    "digest": _any(Preferences.workspace_id, col(Preferences.digest_at) <= NOW) | UNPLANNED.exists(),
    "home": _any(HomeView.user_id, (col(HomeView.next_at) <= NOW) & outdated()),
}
"""By the tick that finds something then."""
ONCE: dict[str, ColumnElement[bool]] = {
    "watch": _any(Incident.id, col(Incident.closed_at).is_(None)),
    "webhooks": _any(WebhookEvent.resource_id, UNHANDLED) | _any(WebhookFeed.id, HEARD < SILENT_UNTIL),
    "welcome": _any(Team.id, UNGREETED),
    "notes": _any(Letter.id, UNNOTED & (col(Letter.finished_at) > NOTED_SINCE)),
}
"""The same for what may stay as it is after a look."""
MOMENTS: dict[str, ColumnElement[datetime]] = {
    "sync at": _soonest(Connection.next_sync_at, LIVE),
    "nightly at": _soonest(Connection.next_reconcile_at, LIVE),
    "farewell at": _soonest(Connection.farewell_at),
    "look at": _soonest(Connection.look_at),
    "mend at": _soonest(Connection.refresh_lease_until, LIVE),
    "told at": _soonest(OutboxMessage.next_attempt_at, col(OutboxMessage.waiting).is_(True)),
    "support at": _soonest(SupportRequest.send_at, UNSENT),
    "digest at": _soonest(Preferences.digest_at),
    "home at": _soonest(HomeView.next_at, outdated()),
    "woken at": _soonest(Incident.snoozed_until, col(Incident.closed_at).is_(None)),
}
"""The soonest of each kind. Webhooks need none: whatever may send one happens between jumps."""
BUSY: Any = select(SyncRun.id).where(col(SyncRun.finished_at).is_(None)).exists()
BY: Any = bindparam("by", type_=UtcDateTime())
TOLD_BY = col(OutboxMessage.waiting) & (col(OutboxMessage.next_attempt_at) <= BY) & ~held_up(beyond=BY)
UNREST: Any = (
    BUSY
    | DUE["due"]
    | DUE["nightly"]
    | DUE["farewell"]
    | DUE["reminders"]
    | DUE["digest"]
    | DUE["home"]
    | _any(OutboxMessage.id, TOLD_BY)
)
IS_UNREST = select(UNREST)
# Made once: to make it takes longer than to ask it.
QUESTION = select(
    *(each.label(name) for name, each in {**DUE, **ONCE, **MOMENTS, "busy": BUSY, "unrest": UNREST}.items())
)


async def look_ahead(database: Database, now: datetime) -> Ahead:
    """All of it, as it is at this moment."""
    async with database.asking() as unscoped:
        moments = {"now": now, "by": now + A_MINUTE, "silent_until": now - SILENCE, "noted_since": now - NOT_AFTER}
        asked = await unscoped.session.exec(QUESTION, params=moments)
    found = asked.one()._mapping
    return Ahead(
        due=frozenset(name for name in DUE if found[name]),
        once=frozenset(name for name in ONCE if found[name]),
        busy=bool(found["busy"]),
        unrest=bool(found["unrest"]),
        sync=found["sync at"],
        other=min((found[name] for name in MOMENTS if name != "sync at" and found[name]), default=None),
    )


async def is_busy(database: Database, now: datetime, *, notices_by: datetime | None = None) -> bool:
    """Whether something is due or under way, or a notice waits to be told by `notices_by`: by default within a minute,
    others may wait for Slack for hours."""
    async with database.asking() as unscoped:
        asked = await unscoped.session.exec(IS_UNREST, params={"now": now, "by": notices_by or now + A_MINUTE})
        return bool(asked.one())


async def put_off(database: Database, until: datetime) -> bool:
    """Have automatic syncs that are due sooner begin then: a sync that is late would be told of as a trouble. Returns
    whether there was one."""
    async with database.unscoped() as unscoped:
        later = update(Connection).where(LIVE, col(Connection.next_sync_at) < until).values(next_sync_at=until)
        return bool((await unscoped.session.exec(later)).rowcount)


async def send_times(database: Database) -> dict[UUID, SendTimes]:
    """When letters may go, by workspace."""
    both = select(ReminderPolicy, Connection).where(
        col(ReminderPolicy.workspace_id) == col(Connection.workspace_id), LIVE
    )
    async with database.asking() as unscoped:
        found = (await unscoped.session.exec(both)).all()
    return {row.workspace_id: policy_of(connection, row).send_times for row, connection in found}


async def next_look(database: Database, send_times: Mapping[UUID, SendTimes], now: datetime) -> datetime | None:
    """The next moment at which a look at reminders may find something to send."""
    waiting = select(ReminderPolicy.workspace_id, ReminderPolicy.next_look_at).where(
        col(ReminderPolicy.next_look_at) > now
    )
    async with database.asking() as unscoped:
        found = (await unscoped.session.exec(waiting)).all()
    return min((worth_looking(at, send_times.get(workspace), now) for workspace, at in found if at), default=None)


def worth_looking(at: datetime, send_times: SendTimes | None, now: datetime) -> datetime:
    """Between slots nothing goes, and in one that was looked at already only what a sync brings is new."""
    slot = next(send_times.slots_from(now), None) if send_times and at - now > AT_ONCE else None
    if slot is None:
        return at
    return at + REPEATED_AFTER if slot.opens_at <= now else max(at, slot.opens_at)
