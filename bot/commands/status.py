"""`/solido status`: how syncing goes."""

from bot.commands.call import Call
from bot.views import status as views
from bot.views.blocks import Message
from core.preferences import rhythm
from core.status import status as facts


async def status(call: Call) -> Message:
    services, workspace_id = call.services, call.workspace_id
    found = await facts(services.database, workspace_id, now=call.now)
    async with services.database.reading(workspace_id) as store:
        every = rhythm((await store.preferences.get()).sync_every, services.syncing.every)
    return views.status(found, daily_limit=services.daily_limit, every=every, now=call.now)
