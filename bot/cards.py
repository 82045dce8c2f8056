"""The buttons of a trouble's card. Whatever a button carries is checked anew: whose it is, and how things stand now."""

from bot.commands.call import Call
from bot.commands.connect import invite
from bot.commands.pressed import Pressed, about
from bot.people import Rank
from bot.views import syncs
from bot.views import troubles as views
from bot.views.blocks import Message, when
from core.errors import NotYours
from core.incidents import Cause, Event, Snoozed, SnoozeFor, Taken, Woken, snooze_until
from storage.models import Connection, Incident


async def reconnect(call: Call) -> Message:
    """A fresh link, for the person who pressed: one fixed in the alert would have gone stale."""
    return await invite(call, (await about(call, call.argument)).workspace_id)


async def retry(call: Call) -> Message:
    pressed, services = await about(call, call.argument), call.services
    full = await _is_about_books(call, pressed)
    asked = await services.syncing.request(pressed.workspace_id, by=call.user_id, now=call.now, full=full)
    if asked.already:
        return syncs.already_running(asked.organisation, asked.run, full=full)
    async with services.database.workspace(pressed.workspace_id) as store:
        connection = await store.connections.get(asked.run.connection_id)
        if connection is not None:
            await services.syncing.troubles.retried(store, connection, by=call.user_id, now=call.now)
    return syncs.asked(asked.organisation, call.channel_id, here=True, full=full)


async def _is_about_books(call: Call, pressed: Pressed) -> bool:
    """Whether only reading everything anew can end this trouble."""
    return pressed.incident_id is not None and (await _found(call, pressed))[0].cause == Cause.BOOKS_DIFFER


async def snooze(call: Call) -> Message:
    """`<how long> <incident>`, chosen from the card's menu."""
    asked, _space, value = call.argument.partition(" ")
    if asked != views.WAKE and asked not in set(SnoozeFor):
        raise NotYours
    pressed = await about(call, value)
    if await call.rank() < Rank.MEMBER:
        raise NotYours
    if asked == views.WAKE:
        incident, connection = await _tell(call, pressed, Woken(call.user_id))
        return views.over_already(connection.tenant_name) if incident.closed_at else views.awake()
    _incident, connection = await _found(call, pressed)
    until = snooze_until(SnoozeFor(asked), call.now, timezone=connection.timezone)
    incident, connection = await _tell(call, pressed, Snoozed(call.user_id, until))
    if incident.closed_at:
        return views.over_already(connection.tenant_name)
    return views.snoozed(connection.tenant_name, when(until))


async def take(call: Call) -> Message:
    pressed = await about(call, call.argument)
    incident, connection = await _tell(call, pressed, Taken(call.user_id))
    if incident.closed_at:
        return views.over_already(connection.tenant_name)
    return views.taken(connection.tenant_name)


async def _found(call: Call, pressed: Pressed) -> tuple[Incident, Connection]:
    async with call.services.database.reading(pressed.workspace_id) as store:
        incident = await store.incidents.get(pressed.incident_id) if pressed.incident_id else None
        connection = await store.connections.get(incident.connection_id) if incident else None
    if incident is None or connection is None:
        raise NotYours
    return incident, connection


async def _tell(call: Call, pressed: Pressed, event: Event) -> tuple[Incident, Connection]:
    """Have the incident know; return it as it is afterwards."""
    if pressed.incident_id is None:
        raise NotYours
    async with call.services.database.workspace(pressed.workspace_id) as store:
        troubles = call.services.syncing.troubles
        await troubles.pressed(store, pressed.incident_id, event, call.user_id, now=call.now)
    return await _found(call, pressed)
