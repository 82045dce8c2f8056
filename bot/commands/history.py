"""`/solido history`: who did what in this workspace."""

from bot.commands.call import Call
from bot.views import history as views
from bot.views.blocks import Message

SHOWN = 20


async def history(call: Call) -> Message:
    async with call.services.database.reading(call.workspace_id) as store:
        return views.history(await store.audit.latest(SHOWN))
