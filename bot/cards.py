"""The buttons of a trouble's card. How things stand is looked at anew: what a button carries may be old."""

from uuid import UUID

from bot.commands.call import Call
from bot.commands.connect import invite
from bot.commands.pressed import about
from bot.views import syncs
from bot.views import troubles as views
from bot.views.blocks import Message, when
from core.errors import NotYours
from core.incidents import Cause, Event, Snoozed, SnoozeFor, Taken, Woken, snooze_until
from storage.models import Connection, Incident


async def reconnect(call: Call) -> Message:
    """A fresh link, for the person who pressed: one fixed in the alert would have gone stale."""
    await about(call, call.argument)
    return await invite(call)


async def retry(call: Call) -> Message:
    incident_id, services = await about(call, call.argument), call.services
    full = await _is_about_books(call, incident_id)
    asked = await services.syncing.request(call.workspace_id, by=call.user_id, now=call.now, full=full)
    if asked.already:
        return syncs.already_running(asked.organisation, asked.run, full=full)
    async with services.database.workspace(call.workspace_id) as store:
        connection = await store.connections.get(asked.run.connection_id)
        if connection is not None:
            await services.syncing.troubles.retried(store, connection, by=call.user_id, now=call.now)
    return syncs.asked(asked.organisation, call.channel_id, here=True, full=full)


async def _is_about_books(call: Call, incident_id: UUID | None) -> bool:
    """Whether only reading everything anew can end this trouble."""
    return incident_id is not None and (await _found(call, incident_id))[0].cause == Cause.BOOKS_DIFFER


async def snooze(call: Call) -> Message:
    """`<how long> <incident>`, chosen from the card's menu."""
    asked, _space, value = call.argument.partition(" ")
    if asked != views.WAKE and asked not in set(SnoozeFor):
        raise NotYours
    incident_id = await about(call, value)
    if asked == views.WAKE:
        incident, connection = await _tell(call, incident_id, Woken(call.user_id))
        return views.over_already(connection.tenant_name) if incident.closed_at else views.awake()
    _incident, connection = await _found(call, incident_id)
    until = snooze_until(SnoozeFor(asked), call.now, timezone=connection.timezone)
    incident, connection = await _tell(call, incident_id, Snoozed(call.user_id, until))
    if incident.closed_at:
        return views.over_already(connection.tenant_name)
    return views.snoozed(connection.tenant_name, when(until))


async def take(call: Call) -> Message:
    incident_id = await about(call, call.argument)
    incident, connection = await _tell(call, incident_id, Taken(call.user_id))
    if incident.closed_at:
        return views.over_already(connection.tenant_name)
    return views.taken(connection.tenant_name)


async def _found(call: Call, incident_id: UUID | None) -> tuple[Incident, Connection]:
    async with call.services.database.reading(call.workspace_id) as store:
        incident = await store.incidents.get(incident_id) if incident_id else None
        connection = await store.connections.get(incident.connection_id) if incident else None
    if incident is None or connection is None:
        raise NotYours
    return incident, connection


async def _tell(call: Call, incident_id: UUID | None, event: Event) -> tuple[Incident, Connection]:
    """Have the incident know; return it as it is afterwards."""
    if incident_id is None:
        raise NotYours
    async with call.services.database.workspace(call.workspace_id) as store:
        troubles = call.services.syncing.troubles
        await troubles.pressed(store, incident_id, event, call.user_id, now=call.now)
    return await _found(call, incident_id)
