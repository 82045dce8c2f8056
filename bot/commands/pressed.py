"""What a card's button is about: the incident or the connection whose id it carries."""

from uuid import UUID

from bot.commands.call import Call, as_id
from core.errors import NotYours
from core.notices import Moved, encode
from core.troubles import card_of


async def about(call: Call, value: str) -> UUID | None:
    """The incident that a button names, None where it names the connection itself; raise NotYours for one of elsewhere,
    or an unknown one."""
    named = as_id(value)
    async with call.services.database.reading(call.workspace_id) as store:
        is_incident = await store.incidents.get(named) is not None
        if not is_incident and await store.connections.get(named) is None:
            raise NotYours
    if not is_incident:
        return None
    await find_again(call, card_of(named))
    return named


async def find_again(call: Call, card: str) -> None:
    """Learn from the press where the card is, in case a crash or a broken line kept us from knowing."""
    if not call.message_ts or not call.channel_id:
        return
    async with call.services.database.workspace(call.workspace_id) as store:
        where = {"channel_id": call.channel_id, "message_ts": call.message_ts}
        if await store.outbox.found(card, **where, now=call.now) is not False:
            return
        connection = await store.connections.latest()
        newer = Moved(organisation=connection.tenant_name if connection else "")
        await store.outbox.found_as(f"moved:{call.channel_id}:{call.message_ts}", encode(newer), **where, now=call.now)
