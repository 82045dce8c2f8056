"""Get help: `/solido support`, the card's button, and the two dialogs that follow."""

from collections.abc import Mapping

from bot.commands.call import Call
from bot.commands.pressed import about, as_id
from bot.people import Rank
from bot.views import support as views
from bot.views.blocks import FieldErrors, Message, Modal
from core.errors import NotYours


async def support(call: Call) -> Modal:
    """`/solido support`"""
    return await _form(call, str(await call.workspace()))


async def help_with(call: Call) -> Modal:
    """The card's button."""
    return await _form(call, str((await about(call, call.argument)).workspace_id))


async def _form(call: Call, workspace: str) -> Modal:
    if await call.rank() < Rank.MEMBER:
        raise NotYours
    case = await call.services.support.case(as_id(workspace))
    return views.form(views.report(case, now=call.now), private=workspace)


async def described(call: Call, values: Mapping[str, str]) -> Modal | FieldErrors:
    """Show the whole text, as it will be sent."""
    workspace_id = await call.services.workspaces.of_team(call.team.id, as_id(call.argument))
    if await call.rank() < Rank.MEMBER:
        raise NotYours
    description = values.get(views.DESCRIPTION, "").strip()
    if not description:
        return FieldErrors({views.DESCRIPTION: "Please say a word about what is the matter."})
    desk = call.services.support
    text = views.report(await desk.case(workspace_id), now=call.now, description=description)
    if desk.operators is None:
        return views.to_be_copied(text, address=desk.address)
    request_id = await desk.keep(workspace_id, text, by=call.user_id, now=call.now)
    return views.to_be_sent(text, private=f"{workspace_id} {request_id}")


async def send(call: Call, _values: Mapping[str, str]) -> Message:
    workspace, _space, request = call.argument.partition(" ")
    workspace_id = await call.services.workspaces.of_team(call.team.id, as_id(workspace))
    await call.services.support.send(workspace_id, as_id(request), by=call.user_id, now=call.now)
    return views.on_its_way()
