"""`/solido export` and `/solido forget`: take everything along, or be rid of it."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from bot.commands.call import Call
from bot.commands.pressed import as_id
from bot.naming import by_name
from bot.views import data as views
from bot.views.blocks import FieldErrors, Message, Modal
from core.errors import BadArgument, NotYours
from core.export import export as everything
from core.guard import survived
from storage.audit import Did


async def export(call: Call) -> Message:
    return await _export(call, await call.workspace())


async def _export(call: Call, workspace_id: UUID) -> Message:
    services = call.services
    made = await everything(services.database, workspace_id, now=call.now)
    said = views.here_it_is(made.organisation)
    await services.files.send(call.team, call.user_id, name=made.name, content=made.content, said=said)
    async with services.database.workspace(workspace_id) as store:
        store.audit.add(call.user_id, Did.EXPORTED, at=call.now)
    return views.exported(made.organisation)


async def forget(call: Call) -> Modal:
    return await _ask(call, await call.workspace())


async def _ask(call: Call, workspace_id: UUID) -> Modal:
    name = await call.services.forgetting.name_to_type(workspace_id)
    return views.confirm(name, private=str(workspace_id))


async def of_menu(call: Call) -> Message | Modal:
    """`<what> <workspace>`, chosen in the app's Home."""
    what, _space, value = call.argument.partition(" ")
    workspace_id = await call.services.workspaces.of_team(call.team.id, as_id(value))
    here = replace(call, argument=value)
    if what == views.EXPORT:
        return await _export(here, workspace_id)
    if what == views.FORGET:
        return await _ask(here, workspace_id)
    raise NotYours


async def forgotten(call: Call, values: Mapping[str, str]) -> Message | FieldErrors:
    workspace_id = await call.services.workspaces.of_team(call.team.id, as_id(call.argument))
    try:
        done = await call.services.forgetting.forget(
            workspace_id, typed=values.get(views.NAME, ""), by=call.user_id, now=call.now
        )
    except BadArgument as wrong:
        return FieldErrors({views.NAME: wrong.said})
    last_word = Message(views.last_word(done.name, by=call.user_id))
    named = await by_name(last_word, call.services.people, call.team, edits=False, now=call.now)
    await survived("forget.told", call.services.files.tell(call.team, done.channel_id, named.text))
    return views.gone(done)
