"""Who may do what: one table, asked before every command, button and dialog.

It fails closed: what has no entry is refused to everybody, and so is everything to somebody Slack does not vouch for.
"""

import re
from collections.abc import Awaitable
from dataclasses import replace
from enum import IntEnum, StrEnum
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy.exc import NoResultFound, SQLAlchemyError

from bot.commands.call import Call
from bot.people import Rank
from core.errors import (
    NotAllowed,
    NotAMember,
    NotInChannel,
    NotYours,
    UnknownPerson,
    WhichWorkspace,
)

T = TypeVar("T")

ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Right(IntEnum):
    """From least to most; each includes the ones before."""

    ANYBODY = 0
    """Says nothing of anybody's books and changes nothing."""
    READ = 1
    """Full members of the team who are in the workspace's channel."""
    ACT = 2
    """The same people; what they do is seen by the others."""
    ADMINISTER = 3
    """Who connected Xero, admins and owners of the Slack workspace, and whom these have added. They need not be in the
    channel: it may be the channel that is broken."""


class About(StrEnum):
    """How the workspace is found that something is about."""

    NOTHING = "nothing"
    PLACE = "place"
    """The one chosen with a button, else the channel's, else the only one."""
    CHANNEL = "channel"
    """The one of exactly this channel, which may be new to Solido."""
    NAMED = "named"
    """The one that the ids in the argument belong to."""


class Permission(NamedTuple):
    right: Right
    about: About
    anew: bool = False
    """Whether Slack is asked anew who the person is: for what cannot be taken back, or takes everything along."""


COMMANDS = {
    "connect": Permission(Right.ADMINISTER, About.CHANNEL),
    "sync": Permission(Right.ACT, About.PLACE),
    "status": Permission(Right.READ, About.PLACE),
    "why": Permission(Right.READ, About.PLACE),
    "history": Permission(Right.READ, About.PLACE),
    "support": Permission(Right.READ, About.PLACE),
    "reminders": Permission(Right.READ, About.PLACE),
    "hold": Permission(Right.ACT, About.PLACE),
    "hold everything": Permission(Right.ADMINISTER, About.PLACE),
    "settings": Permission(Right.ADMINISTER, About.PLACE),
    "export": Permission(Right.ADMINISTER, About.PLACE, anew=True),
    "forget": Permission(Right.ADMINISTER, About.PLACE),
    "disconnect": Permission(Right.ADMINISTER, About.PLACE),
    "help": Permission(Right.ANYBODY, About.NOTHING),
}
"""By subcommand. Where its first word changes the right there is an entry for both, as `reminders start`."""

BUTTONS = {
    "reconnect": Permission(Right.ADMINISTER, About.NAMED),
    "retry": Permission(Right.ACT, About.NAMED),
    "snooze": Permission(Right.ACT, About.NAMED),
    "take": Permission(Right.ACT, About.NAMED),
    "help": Permission(Right.READ, About.NAMED),
    "disconnect": Permission(Right.ADMINISTER, About.NAMED, anew=True),
    "settings": Permission(Right.ADMINISTER, About.NAMED),
    "data": Permission(Right.ADMINISTER, About.NAMED, anew=True),
    "cancel": Permission(Right.READ, About.NAMED),
    "reminders_start": Permission(Right.ADMINISTER, About.NAMED),
    "reminders_start_anyway": Permission(Right.ADMINISTER, About.NAMED),
    "reminders_pause": Permission(Right.ADMINISTER, About.NAMED),
    "reminders_resume": Permission(Right.ADMINISTER, About.NAMED),
    "reminders_rules": Permission(Right.ADMINISTER, About.NAMED),
    "reminders_letters": Permission(Right.ADMINISTER, About.NAMED),
    "reminders_letter": Permission(Right.ADMINISTER, About.NAMED),
    "subscribe": Permission(Right.ADMINISTER, About.NAMED),
    "reminders_more": Permission(Right.READ, About.NAMED),
    "reminders_hold": Permission(Right.ACT, About.NAMED),
    "hold_invoice": Permission(Right.ACT, About.NAMED),
    "hold_release": Permission(Right.ACT, About.NAMED),
    "hold_release_customer": Permission(Right.ACT, About.NAMED),
    "letter_went": Permission(Right.ACT, About.NAMED),
    "letter_did_not": Permission(Right.ACT, About.NAMED),
    "credit_send": Permission(Right.ACT, About.NAMED),
    "credit_hold": Permission(Right.ACT, About.NAMED),
    "credit_ask": Permission(Right.ACT, About.NAMED),
}
"""By action id. A button that chooses a workspace for a command is checked as that command."""

DIALOGS = {
    "support": Permission(Right.READ, About.NAMED),
    "support_send": Permission(Right.ACT, About.NAMED),
    "settings": Permission(Right.ADMINISTER, About.NAMED),
    "forget": Permission(Right.ADMINISTER, About.NAMED, anew=True),
    "reminders_pause": Permission(Right.ADMINISTER, About.NAMED),
    "reminders_rules": Permission(Right.ADMINISTER, About.NAMED),
    "reminders_letter": Permission(Right.ADMINISTER, About.NAMED),
    "reminders_hold": Permission(Right.ACT, About.NAMED),
    "credit_ask": Permission(Right.ACT, About.NAMED),
}
"""By callback id."""


def of_command(name: str, argument: str) -> Permission | None:
    first = argument.split(maxsplit=1)[0].lower() if argument else ""
    return COMMANDS.get(f"{name} {first}") or COMMANDS.get(name)


async def checked(call: Call, permission: Permission | None) -> Call:
    """Return the call with the workspace it is about, found and checked; raise a Refusal where the person may not.

    Without a workspace come back: what is about none, and the wish to connect a channel that has none yet.
    """
    if permission is None:
        raise NotYours
    if permission.right is Right.ANYBODY:
        return call
    if permission.anew:
        call.services.people.forget(call.team, call.user_id)
    must_be_a_member(await call.rank())
    workspace_id = await _subject(call, permission)
    if workspace_id is None:
        await must_run_the_team(call)
    else:
        await must_have(call, permission.right, workspace_id)
    return replace(call, checked=workspace_id)


async def carried_out(call: Call, work: Awaitable[T]) -> T:
    """What a checked call came to; raise NotYours where the workspace was deleted meanwhile, whatever that broke."""
    try:
        return await work
    except SQLAlchemyError:
        if call.checked is not None:
            await call.services.workspaces.of_team(call.team.id, call.checked)
        raise


def must_be_a_member(rank: Rank) -> None:
    """Raise for a guest, a bot, somebody deactivated or of another company, and where Slack does not say."""
    if rank is Rank.UNKNOWN:
        raise UnknownPerson
    if rank < Rank.MEMBER:
        raise NotAMember


async def administers(call: Call, workspace_id: UUID) -> bool:
    """Whether the person connected this workspace (or, before anybody did, installed Solido), was added as its admin,
    or is an admin of the Slack team."""
    rank = await call.rank()
    if rank >= Rank.ADMIN:
        return True
    async with call.services.database.reading(workspace_id) as store:
        connection = await store.connections.latest()
        added = await store.admins.all()
    who = connection.connected_by if connection else call.team.installed_by
    connected = bool(who) and who == call.user_id
    return rank >= Rank.MEMBER and (connected or call.user_id in added)


async def must_administer(call: Call, workspace_id: UUID) -> None:
    """Raise NotAllowed unless the person administers this workspace."""
    if not await administers(call, workspace_id):
        raise NotAllowed


async def must_have(call: Call, right: Right, workspace_id: UUID) -> None:
    """Raise NotAllowed or NotInChannel unless this full member has the right to this workspace of their team's, and
    NotYours where it is not there any more."""
    if await administers(call, workspace_id):
        return
    if right is Right.ADMINISTER:
        raise NotAllowed
    try:
        async with call.services.database.reading(workspace_id) as store:
            place = await store.about.get()
    except NoResultFound:
        raise NotYours from None
    if place.channel_id == call.channel_id:
        return
    if not await call.services.people.is_in(call.team, call.user_id, place.channel_id, now=call.now):
        raise NotInChannel


async def must_run_the_team(call: Call) -> None:
    """Raise NotAllowed unless the person is an admin of the Slack team, or installed Solido there. For what belongs to
    no workspace yet."""
    if await call.rank() < Rank.ADMIN and call.user_id != call.team.installed_by:
        raise NotAllowed


async def _subject(call: Call, permission: Permission) -> UUID | None:
    """The workspace meant, which is the team's; None for a channel that has none yet."""
    workspaces = call.services.workspaces
    if permission.about is About.NAMED:
        return await workspaces.of_team(call.team.id, await _owner(call))
    if call.chosen:
        return await workspaces.of_team(call.team.id, call.chosen)
    if permission.about is About.CHANNEL:
        return await workspaces.at(call.team.id, call.channel_id)
    return await _of_place(call, permission.right)


async def _owner(call: Call) -> UUID:
    """The one workspace that owns the rows named in the argument; raise NotYours where it names none, or rows of
    several."""
    async with call.services.database.asking() as unscoped:
        owners = {await unscoped.owner_of(UUID(found)) for found in ID.findall(call.argument)[:5]} - {None}
    if len(owners) != 1:
        raise NotYours
    [owner] = owners
    assert owner is not None  # taken out above
    return owner


async def _of_place(call: Call, right: Right) -> UUID:
    """The channel's workspace, else the only one. Of several, only those are offered that the person may use."""
    try:
        return await call.services.workspaces.find(call.team.id, call.channel_id)
    except WhichWorkspace as several:
        open_to = [choice for choice in several.choices if await may(call, right, choice.workspace_id)]
        if not open_to:
            raise (NotAllowed if right is Right.ADMINISTER else NotInChannel) from None
        if len(open_to) > 1:
            raise WhichWorkspace(open_to) from None
        return open_to[0].workspace_id


async def may(call: Call, right: Right, workspace_id: UUID) -> bool:
    """Whether the person has the right to this workspace of their team's."""
    try:
        must_be_a_member(await call.rank())
        await must_have(call, right, workspace_id)
    except (NotAMember, UnknownPerson, NotAllowed, NotInChannel, NotYours):
        return False
    return True
