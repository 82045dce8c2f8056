"""`/solido status`: how syncing goes."""

from bot.commands.call import Call
from bot.views import status as views
from bot.views.blocks import Message
from core.status import status as facts


async def status(call: Call) -> Message:
    services = call.services
    found = await facts(services.database, await call.workspace(), now=call.now)
    return views.status(found, daily_limit=services.daily_limit, every=services.syncing.every, now=call.now)
