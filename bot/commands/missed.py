"""What could not be said where it belongs, said to whoever comes by next."""

from uuid import UUID

from bot import permissions
from bot.commands.call import Call
from bot.detours import must_arrive
from bot.rendering import render
from bot.views.blocks import Message, Modal
from bot.views.missed import above
from core.errors import Refusal
from core.notices import decode

SHOWN = 3


async def with_missed(call: Call, said: Message | Modal) -> Message | Modal:
    """Put what this person may hear and nobody could be told above an answer, once."""
    if isinstance(said, Modal):
        return said
    async with call.services.database.asking() as unscoped:
        waiting = await unscoped.workspaces_with_missed(call.team.id)
    if not waiting:
        return said
    here = await _workspace_here(call)
    for workspace_id in waiting:
        concerned = workspace_id == here or await _looks_after(call, workspace_id)
        if concerned and await permissions.may(call, permissions.Right.READ, workspace_id):
            said = await _with_those_of(call, workspace_id, said)
    return said


async def _workspace_here(call: Call) -> UUID | None:
    try:
        return await call.services.workspaces.find(call.team.id, call.channel_id)
    except Refusal:
        return None


async def _looks_after(call: Call, workspace_id: UUID) -> bool:
    async with call.services.database.reading(workspace_id) as store:
        connection = await store.connections.latest()
    return connection is not None and connection.connected_by == call.user_id


async def _with_those_of(call: Call, workspace_id: UUID, said: Message) -> Message:
    async with call.services.database.workspace(workspace_id) as store:
        place = await store.about.get()
        rows = [row for row in await store.outbox.missed() if must_arrive(decode(row.notice))]
        for row in rows:
            await store.outbox.mentioned(row.id, now=call.now)
    told = [render(decode(row.notice)).text for row in rows[-SHOWN:]]
    return above(said, place.channel_id, told) if told else said
