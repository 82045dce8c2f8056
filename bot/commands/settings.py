"""Settings of a workspace: `/solido settings`, the button in the app's Home, and the dialog both open."""

import re
from collections.abc import Mapping

from bot.commands.call import Call
from bot.views import settings as views
from bot.views.blocks import FieldErrors, Message, Modal, bold
from core import preferences
from core.errors import BadArgument
from core.preferences import RHYTHMS, Wanted

PERSON, CHANNEL = re.compile(r"[UW][A-Z0-9]{2,20}"), re.compile(r"[CG][A-Z0-9]{2,20}")
"""Slack's ids. What comes back from a dialog can be changed by whoever sends it, and these become part of messages."""


GROUP = re.compile(r"S[A-Z0-9]{2,20}")
MENTIONED = re.compile(r"<(?:@|!subteam\^)([A-Z0-9]+)(?:\|[^>]*)?>|\b([SUW][A-Z0-9]{5,20})\b")
"""As Slack writes a person or a user group into a command's text, or the bare id, which Slack lets people copy."""
NOBODY = {"nobody", "none", "no one"}
NO_ONE_FOUND = (
    "Slack did not tell me whom you mean. In Slack, open the user group, copy its id, which begins with S, and type "
    "`/solido settings mention` and the id; `/solido settings mention nobody` ends it."
)


async def settings(call: Call) -> Message | Modal:
    """The dialog; with `mention` and whom, what a dialog of Slack cannot ask for: user groups."""
    word, _space, whom = call.argument.partition(" ")
    if not word:
        return await form(call)
    if word.lower() != "mention":
        raise BadArgument("`/solido settings` opens the settings; `/solido settings mention @group` is all it takes.")
    return await _mention(call, whom.strip())


async def _mention(call: Call, typed: str) -> Message:
    whom = list(dict.fromkeys(one for match in MENTIONED.finditer(typed) for one in match.groups() if one))
    whom = [one for one in whom if PERSON.fullmatch(one) or GROUP.fullmatch(one)][: views.MOST_PEOPLE]
    if not whom and typed.lower() not in NOBODY:
        raise BadArgument(NO_ONE_FOUND)
    services = call.services
    await preferences.mention(
        services.database, call.workspace_id, whom, every=services.syncing.every, by=call.user_id, now=call.now
    )
    return views.mentioning(whom)


async def form(call: Call) -> Modal:
    async with call.services.database.reading(call.workspace_id) as store:
        connection, place = await store.connections.latest(), await store.about.get()
        return views.form(
            str(call.workspace_id),
            await store.preferences.get(),
            channel_id=place.channel_id,
            admins=await store.admins.all(),
            organisation=bold(connection.tenant_name) if connection else "",
            usual=call.services.syncing.every,
        )


async def save(call: Call, values: Mapping[str, str]) -> Message | FieldErrors:
    quiet = [hour if hour in views.HOURS else "" for hour in (values.get("quiet_from"), values.get("quiet_until"))]
    if bool(quiet[0]) != bool(quiet[1]):
        return FieldErrors({"quiet_until": "Choose both hours, or none."})
    place, every = values.get("channel", ""), values.get("rhythm", "")
    if not CHANNEL.fullmatch(place):
        return FieldErrors({"channel": "Choose a channel."})
    async with call.services.database.reading(call.workspace_id) as store:
        groups = [one for one in (await store.preferences.get()).mentions if views.is_group(one)]
        was = (await store.about.get()).channel_id
    wanted = Wanted(
        channel_id=place,
        sync_every=int(every) if every in map(str, RHYTHMS) else None,
        mentions=[*several(values.get("mentions", "")), *groups],
        quiet_from=quiet[0] or "",
        quiet_until=quiet[1] or "",
        admins=several(values.get("admins", "")),
        digest=values.get("digest") != views.NO,
    )
    services = call.services
    try:
        await preferences.save(
            services.database, call.workspace_id, wanted, every=services.syncing.every, by=call.user_id, now=call.now
        )
    except BadArgument as taken:
        return FieldErrors({"channel": taken.said})
    moved = place != was
    return views.saved(to_shared=place if moved and await _is_shared(call) else "")


async def _is_shared(call: Call) -> bool:
    async with call.services.database.reading(call.workspace_id) as store:
        place = await store.about.get()
    return await call.services.places.is_shared(place)


def several(joined: str) -> list[str]:
    return [one for one in joined.split(",") if PERSON.fullmatch(one)][: views.MOST_PEOPLE]
