"""`/solido export` and `/solido forget`: take everything along, or be rid of it."""

from collections.abc import Mapping

from bot.commands.call import Call
from bot.naming import by_name
from bot.views import data as views
from bot.views.blocks import FieldErrors, Message, Modal
from core.errors import BadArgument, NotYours
from core.export import export as everything
from core.guard import survived
from storage.audit import Did


async def export(call: Call) -> Message:
    services, workspace_id = call.services, call.workspace_id
    made = await everything(services.database, workspace_id, now=call.now)
    said = views.here_it_is(made.organisation)
    await services.files.send(call.team, call.user_id, name=made.name, content=made.content, said=said)
    async with services.database.workspace(workspace_id) as store:
        store.audit.add(call.user_id, Did.EXPORTED, at=call.now)
    return views.exported(made.organisation)


async def forget(call: Call) -> Modal:
    """Ask first."""
    name = await call.services.forgetting.name_to_type(call.workspace_id)
    return views.confirm(name, private=str(call.workspace_id))


async def of_menu(call: Call) -> Message | Modal:
    """`<what> <workspace>`, chosen in the app's Home."""
    what = call.argument.partition(" ")[0]
    if what == views.EXPORT:
        return await export(call)
    if what == views.FORGET:
        return await forget(call)
    raise NotYours


async def forgotten(call: Call, values: Mapping[str, str]) -> Message | FieldErrors:
    try:
        done = await call.services.forgetting.forget(
            call.workspace_id, typed=values.get(views.NAME, ""), by=call.user_id, now=call.now
        )
    except BadArgument as wrong:
        return FieldErrors({views.NAME: wrong.said})
    last_word = Message(views.last_word(done.name, by=call.user_id))
    named = await by_name(last_word, call.services.people, call.team, edits=False, now=call.now)
    await survived("forget.told", call.services.files.tell(call.team, done.channel_id, named.text))
    return views.gone(done)
