"""What a button is about: the incident or connection whose id it carries, if that is the clicker's team's."""

from typing import NamedTuple
from uuid import UUID

from bot.commands.call import Call
from core.errors import NotYours
from core.notices import Moved, encode
from core.troubles import card_of


class Pressed(NamedTuple):
    """What a card's button is about; without `incident_id` it named the connection itself."""

    workspace_id: UUID
    incident_id: UUID | None


def as_id(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise NotYours from None


async def about(call: Call, value: str) -> Pressed:
    """Find the incident or connection that a button names; raise NotYours for another team's or an unknown one."""
    named = as_id(value)
    async with call.services.database.asking() as unscoped:
        of_incident = await unscoped.incident_owner(named)
        owner = of_incident or await unscoped.connection_owner(named)
    if owner is None:
        raise NotYours
    workspace_id = await call.services.workspaces.of_team(call.team.id, owner)
    pressed = Pressed(workspace_id, named if of_incident else None)
    await find_again(call, pressed)
    return pressed


async def find_again(call: Call, pressed: Pressed) -> None:
    """Learn from the press where the card is, in case a crash or a broken line kept us from knowing."""
    if pressed.incident_id is None or not call.message_ts or not call.channel_id:
        return
    card = card_of(pressed.incident_id)
    async with call.services.database.workspace(pressed.workspace_id) as store:
        where = {"channel_id": call.channel_id, "message_ts": call.message_ts}
        if await store.outbox.found(card, **where, now=call.now) is not False:
            return
        connection = await store.connections.latest()
        newer = Moved(organisation=connection.tenant_name if connection else "")
        await store.outbox.found_as(f"moved:{call.channel_id}:{call.message_ts}", encode(newer), **where, now=call.now)
