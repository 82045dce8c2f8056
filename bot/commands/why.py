"""`/solido why`: why the last sync is in the state it is."""

from bot.commands.call import Call
from bot.views import why as views
from bot.views.blocks import Message
from core.errors import BadArgument, NotConnected


async def why(call: Call) -> Message:
    if call.argument:
        raise BadArgument("`/solido why` takes no further words: it tells about the last sync.")
    async with call.services.database.reading(await call.workspace()) as store:
        connection = await store.connections.latest()
        if connection is None:
            raise NotConnected
        runs = await store.runs.latest(1)
        return views.why(connection, runs[0] if runs else None, await store.incidents.open(connection.id))
