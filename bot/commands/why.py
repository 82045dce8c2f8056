"""`/solido why`: why the last sync is in the state it is; `/solido why INV-0042`: the story of one invoice."""

from bot.commands.call import Call
from bot.views import why as views
from bot.views import why_invoice
from bot.views.blocks import Message
from core.errors import NotConnected
from core.why_invoice import story


async def why(call: Call) -> Message:
    async with call.services.database.reading(call.workspace_id) as store:
        if call.argument:
            return why_invoice.story(await story(store, call.argument, now=call.now), str(call.workspace_id))
        connection = await store.connections.latest()
        if connection is None:
            raise NotConnected
        runs = await store.runs.latest(1)
        return views.why(connection, runs[0] if runs else None, await store.incidents.open(connection.id))
