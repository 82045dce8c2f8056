"""`/solido connect`: a one-time link to Xero, for the person who asked."""

from dataclasses import replace

from bot.commands.call import Call
from bot.views import connections as views
from bot.views.blocks import Message
from core.errors import BadArgument
from storage.models import ConnectionState

DIRECT_MESSAGE = "D"
"""What ids of direct messages begin with."""


async def connect(call: Call) -> Message:
    """In a channel without a workspace this makes one."""
    if call.checked:
        return await invite(call)
    if call.channel_id.startswith(DIRECT_MESSAGE):
        raise BadArgument("A direct message cannot be connected: nobody else would see what happens.")
    made = await call.services.workspaces.of_channel(call.team.id, call.channel_id, by=call.user_id, now=call.now)
    return await invite(replace(call, checked=made))


async def invite(call: Call) -> Message:
    """Answer with a link for the workspace, unless it is connected and well."""
    services, workspace_id = call.services, call.workspace_id
    async with services.database.reading(workspace_id) as store:
        connection = await store.connections.latest()
        place = await store.about.get()
    if (
        connection
        and connection.state == ConnectionState.ACTIVE
        and not (connection.failures or connection.lacks_payments)
    ):
        return views.already_connected(connection.tenant_name, connection.connected_by, connection.connected_at)
    secret = await services.connecting.begin(workspace_id, by=call.user_id, now=call.now)
    return views.invitation(
        f"{services.public_url}/xero/connect/{secret}",
        place.channel_id,
        writes=services.writes,
        again=connection.tenant_name if connection else None,
        shared=await services.places.is_shared(place),
    )
