"""`/solido reminders`: the plan."""

from bot import permissions
from bot.commands.call import Call
from bot.views import reminders as views
from bot.views.blocks import Message

LATELY = 6


async def reminders(call: Call) -> Message:
    """Once an admin has had the plan before their eyes, it can be started."""
    return await the_plan(call)


async def the_plan(call: Call, *, page: int = 0) -> Message:
    reminding, workspace_id = call.services.reminding, call.workspace_id
    outlook = await reminding.outlook(workspace_id, now=call.now)
    async with call.services.database.reading(workspace_id) as store:
        sent = await store.letters.latest(LATELY)
    admin = await permissions.administers(call, workspace_id)
    if admin:
        await reminding.saw_plan(workspace_id, by=call.user_id, now=call.now)
    return views.plan(
        views.Shown(
            workspace_id=str(workspace_id),
            outlook=outlook,
            plan=outlook.plan(call.now),
            sent=sent,
            may_decide=admin,
            mail=reminding.mailer is not None,
            now=call.now,
            page=page,
        )
    )
