"""`/solido sync`: bring the books up to date now."""

from bot.commands.call import Call
from bot.views import syncs as views
from bot.views.blocks import Message


async def sync(call: Call) -> Message:
    workspace_id = await call.workspace()
    asked = await call.services.syncing.request(workspace_id, by=call.user_id, now=call.now)
    if asked.already:
        return views.already_running(asked.organisation, asked.run)
    async with call.services.database.reading(workspace_id) as store:
        place = await store.about.get()
    return views.asked(asked.organisation, place.channel_id, here=place.channel_id == call.channel_id)
