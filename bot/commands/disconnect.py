"""`/solido disconnect`: ask first."""

from bot.commands.call import Call
from bot.views import connections as views
from bot.views.blocks import Message
from core.errors import NotConnected
from storage.models import ConnectionState


async def disconnect(call: Call) -> Message:
    async with call.services.database.reading(call.workspace_id) as store:
        connection = await store.connections.latest()
        place = await store.about.get()
    if connection is None or connection.state == ConnectionState.DISCONNECTED:
        raise NotConnected
    return views.confirm_disconnect(connection.tenant_name, str(call.workspace_id), place.channel_id)
