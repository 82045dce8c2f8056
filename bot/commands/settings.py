"""Settings of a workspace: `/solido settings`, the button in the app's Home, and the dialog both open."""

import re
from collections.abc import Mapping
from uuid import UUID

from bot.commands.call import Call
from bot.commands.pressed import as_id
from bot.views import settings as views
from bot.views.blocks import FieldErrors, Message, Modal, bold
from core import preferences
from core.errors import BadArgument
from core.preferences import RHYTHMS, Wanted

PERSON, CHANNEL = re.compile(r"[UW][A-Z0-9]{2,20}"), re.compile(r"[CG][A-Z0-9]{2,20}")
"""Slack's ids. What comes back from a dialog can be changed by whoever sends it, and these become part of messages."""


async def settings(call: Call) -> Modal:
    return await _form(call, await call.workspace())


async def of_button(call: Call) -> Modal:
    return await _form(call, await call.services.workspaces.of_team(call.team.id, as_id(call.argument)))


async def _form(call: Call, workspace_id: UUID) -> Modal:
    async with call.services.database.reading(workspace_id) as store:
        connection, place = await store.connections.latest(), await store.about.get()
        return views.form(
            str(workspace_id),
            await store.preferences.get(),
            channel_id=place.channel_id,
            admins=await store.admins.all(),
            organisation=bold(connection.tenant_name) if connection else "",
            usual=call.services.syncing.every,
        )


async def save(call: Call, values: Mapping[str, str]) -> Message | FieldErrors:
    workspace_id = await call.services.workspaces.of_team(call.team.id, as_id(call.argument))
    quiet = [hour if hour in views.HOURS else "" for hour in (values.get("quiet_from"), values.get("quiet_until"))]
    if bool(quiet[0]) != bool(quiet[1]):
        return FieldErrors({"quiet_until": "Choose both hours, or none."})
    place, every = values.get("channel", ""), values.get("rhythm", "")
    if not CHANNEL.fullmatch(place):
        return FieldErrors({"channel": "Choose a channel."})
    wanted = Wanted(
        channel_id=place,
        sync_every=int(every) if every in map(str, RHYTHMS) else None,
        mentions=several(values.get("mentions", "")),
        quiet_from=quiet[0] or "",
        quiet_until=quiet[1] or "",
        admins=several(values.get("admins", "")),
        digest=values.get("digest") != views.NO,
    )
    services = call.services
    try:
        await preferences.save(
            services.database, workspace_id, wanted, every=services.syncing.every, by=call.user_id, now=call.now
        )
    except BadArgument as taken:
        return FieldErrors({"channel": taken.said})
    return views.saved()


def several(joined: str) -> list[str]:
    return [one for one in joined.split(",") if PERSON.fullmatch(one)][: views.MOST_PEOPLE]
