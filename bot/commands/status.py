"""`/solido status`: how syncing goes."""

from bot.commands.call import Call
from bot.views import status as views
from bot.views.blocks import Message
from core.preferences import rhythm
from core.status import status as facts


async def status(call: Call) -> Message:
    services = call.services
    found = await facts(services.database, call.workspace_id, now=call.now)
    every = rhythm(found.preferences.sync_every, services.syncing.every)
    return views.status(found, daily_limit=services.daily_limit, every=every, now=call.now)
