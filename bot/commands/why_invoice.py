"""`/solido why INV-0042`: the story of one invoice."""

from bot.commands.call import Call
from bot.views import why_invoice as views
from bot.views.blocks import Message
from core.errors import BadArgument
from core.why_invoice import story


async def why(call: Call) -> Message:
    workspace_id = await call.workspace()
    if not call.argument:
        raise BadArgument("Say which invoice, like `/solido why INV-0042`.")
    async with call.services.database.reading(workspace_id) as store:
        found = await story(store, call.argument, now=call.now)
    return views.story(found, str(workspace_id))
