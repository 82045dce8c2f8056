"""`/solido sync`: bring the books up to date now; `/solido sync full`: by reading all that is outstanding anew."""

from bot.commands.call import Call
from bot.views import syncs as views
from bot.views.blocks import Message

FULL = "full"


async def sync(call: Call) -> Message:
    full = call.argument.lower() == FULL
    asked = await call.services.syncing.request(call.workspace_id, by=call.user_id, now=call.now, full=full)
    if asked.already:
        return views.already_running(asked.organisation, asked.run, full=full)
    async with call.services.database.reading(call.workspace_id) as store:
        place = await store.about.get()
    return views.asked(asked.organisation, place.channel_id, here=place.channel_id == call.channel_id, full=full)
