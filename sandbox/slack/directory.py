"""`auth.*`, `users.*`, `conversations.*`, `team.*`, `apps.*`: who and what is there. Source: slack.md 2.5, 2.6."""

from typing import Any

from .chat import Arguments
from .records import ApiError, Channel, Person
from .world import World


def auth_test(world: World, arguments: Arguments) -> dict[str, Any]:
    team = world.team_with(str(arguments["asking_team"]))
    return {
        "url": team.url or f"https://{team.domain}.slack.com/",
        "team": team.name,
        "user": "solido",
        "team_id": team.id,
        "user_id": world.bot_user_id,
        "bot_id": world.bot_id,
        "is_enterprise_install": False,
    }


def auth_revoke(world: World, arguments: Arguments) -> dict[str, Any]:
    if str(arguments.get("test", "")).lower() not in ("1", "true"):
        end_token(world, str(arguments["asking_team"]), "token_revoked")
        return {"revoked": True}
    return {"revoked": False}


def end_token(world: World, team_id: str, error: str) -> None:
    """Have no call of this team's be taken any more."""
    if team_id == world.team.id:
        world.token_error = error
    world.tokens = {token: team for token, team in world.tokens.items() if team != team_id}


def apps_uninstall(world: World, arguments: Arguments) -> dict[str, Any]:
    """Uninstall the app. Slack's `app_uninstalled` and `tokens_revoked` events are the caller's to send."""
    if not arguments.get("client_id"):
        raise ApiError("invalid_client_id")
    if not arguments.get("client_secret"):
        raise ApiError("bad_client_secret")
    end_token(world, str(arguments["asking_team"]), "account_inactive")
    return {}


def person_as_json(person: Person, asking_team: str) -> dict[str, Any]:
    """Return the user object; a stranger's comes without roles, as Slack leaves out what it may not tell."""
    seen = {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.role,
        "real_name": person.name,
        "deleted": person.deleted,
        "is_bot": person.is_bot,
        "profile": {"display_name": person.name, "real_name": person.name},
        "updated": 0,
    }
    if person.is_stranger or person.team_id != asking_team:
        return {**seen, "is_stranger": True}
    roles = {
        "is_admin": person.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": False,
        "is_app_user": False,
    }
    return {**seen, **roles, "tz": person.tz, "tz_label": person.tz, "tz_offset": 0, "locale": "en-GB"}


def users_info(world: World, arguments: Arguments) -> dict[str, Any]:
    wanted, asking = arguments.get("user"), str(arguments["asking_team"])
    if wanted == world.bot_user_id:
        return {"user": person_as_json(Person("solido", world.bot_user_id, "Solido", asking, "", is_bot=True), asking)}
    for person in world.people.values():
        if person.id == wanted:
            return {"user": person_as_json(person, asking)}
    raise ApiError("user_not_found")


def _visible_channel(world: World, arguments: Arguments) -> Channel:
    wanted = arguments.get("channel")
    for channel in world.channels.values():
        hidden = channel.is_private and world.bot_user_id not in channel.members
        if channel.id == wanted and not hidden:
            return channel
    raise ApiError("channel_not_found")


def channel_as_json(world: World, channel: Channel) -> dict[str, Any]:
    if channel.is_im:
        partner = next(iter(channel.members - {world.bot_user_id}))
        return {"id": channel.id, "is_im": True, "user": partner, "is_archived": False, "is_ext_shared": False}
    shared = world.is_shared(channel)
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": not channel.is_private,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_general": channel.key == "general",
        "is_shared": shared,
        "is_ext_shared": shared,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "is_member": world.bot_user_id in channel.members,
        "context_team_id": channel.team_id or world.team.id,
    }


def conversations_info(world: World, arguments: Arguments) -> dict[str, Any]:
    channel = _visible_channel(world, arguments)
    seen = channel_as_json(world, channel)
    if str(arguments.get("include_num_members", "")).lower() in ("1", "true"):
        seen["num_members"] = len(channel.members)
    return {"channel": seen}


def conversations_open(world: World, arguments: Arguments) -> dict[str, Any]:
    users = arguments.get("users") or ""
    wanted = users if isinstance(users, list) else [one for one in str(users).split(",") if one]
    if len(wanted) != 1:
        raise ApiError("not_enough_users" if not wanted else "method_not_supported_for_channel_type")
    for person in world.people.values():
        if person.id == wanted[0]:
            return {"channel": {"id": person.dm}, "no_op": True, "already_open": True}
    raise ApiError("user_not_found")


def conversations_members(world: World, arguments: Arguments) -> dict[str, Any]:
    """Members by pages of `limit` (100 by default, 1000 at most); the cursor is opaque to the app."""
    members = sorted(_visible_channel(world, arguments).members)
    try:
        start = int(str(arguments.get("cursor") or "0").removeprefix("after-"))
        size = min(int(arguments.get("limit") or 100), 1000)
    except ValueError:
        raise ApiError("invalid_cursor") from None
    end = start + size
    cursor = f"after-{end}" if end < len(members) else ""
    return {"members": members[start:end], "response_metadata": {"next_cursor": cursor}}


def team_info(world: World, arguments: Arguments) -> dict[str, Any]:
    return {"team": {"id": world.team.id, "name": world.team.name, "domain": world.team.domain, "email_domain": ""}}


METHODS = {
    "auth.test": auth_test,
    "auth.revoke": auth_revoke,
    "apps.uninstall": apps_uninstall,
    "users.info": users_info,
    "conversations.info": conversations_info,
    "conversations.open": conversations_open,
    "conversations.members": conversations_members,
    "team.info": team_info,
}
