"""Get help: `/solido support`, the card's button, and the two dialogs that follow."""

from collections.abc import Mapping

from bot.commands.call import Call, as_id
from bot.commands.pressed import about
from bot.views import support as views
from bot.views.blocks import FieldErrors, Message, Modal


async def support(call: Call) -> Modal:
    """`/solido support`"""
    case = await call.services.support.case(call.workspace_id)
    return views.form(views.report(case, now=call.now), private=str(call.workspace_id))


async def help_with(call: Call) -> Modal:
    """The card's button."""
    await about(call, call.argument)
    return await support(call)


async def described(call: Call, values: Mapping[str, str]) -> Modal | FieldErrors:
    """Show the whole text, as it will be sent."""
    description = values.get(views.DESCRIPTION, "").strip()
    if not description:
        return FieldErrors({views.DESCRIPTION: "Please say a word about what is the matter."})
    desk, workspace_id = call.services.support, call.workspace_id
    text = views.report(await desk.case(workspace_id), now=call.now, description=description)
    if desk.operators is None:
        return views.to_be_copied(text, address=desk.address)
    request_id = await desk.keep(workspace_id, text, by=call.user_id, now=call.now)
    return views.to_be_sent(text, private=f"{workspace_id} {request_id}")


async def send(call: Call, _values: Mapping[str, str]) -> Message:
    await call.services.support.send(call.workspace_id, as_id(call.rest()), by=call.user_id, now=call.now)
    return views.on_its_way()
