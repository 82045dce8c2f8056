"""The bodies Slack sends to an app: commands, interactions, events. Source: slack.md 2.1, 3.1, 3.3, 3.4."""

import re
import secrets
from typing import Any

from . import chat, viewing
from .records import Channel, Message, Person, ResponseUrl, View
from .world import World

ESCAPED = re.compile(r"<(?:(?:[@#]|!subteam\^)[A-Z0-9]+(?:\|[^<>|]*)?|https?://[^<>\s]+)>")
TYPED_URL = re.compile(r"https?://[^\s<>]+")
TYPED_NAME = re.compile(r"([@#])([a-z0-9][a-z0-9-]*)")
NOT_ISSUED = "not-issued-any-more"


def escaped(world: World, text: str) -> str:
    """Return a command's text as `should_escape: true` sends it: mentions and links wrapped, & < > as entities."""
    parts, last = [], 0
    for found in ESCAPED.finditer(text):
        parts += [_escape_plain(world, text[last : found.start()]), found.group()]
        last = found.end()
    return "".join([*parts, _escape_plain(world, text[last:])])


def _escape_plain(world: World, text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = TYPED_URL.sub(lambda found: f"<{found.group()}>", text)
    return TYPED_NAME.sub(lambda found: _mention(world, found), text)


def _mention(world: World, found: re.Match[str]) -> str:
    sign, name = found.groups()
    if sign == "@":
        for person in world.people.values():
            if person.role == name:
                return f"<@{person.id}|{name}>"
    else:
        for channel in world.channels.values():
            if channel.name == name and not channel.is_im:
                return f"<#{channel.id}|{'' if channel.is_private else name}>"
    return found.group()


def channel_name(channel: Channel) -> str:
    if channel.is_im:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name


def response_url(world: World, url: ResponseUrl) -> str:
    return f"{world.base_url}/response/{url.token}"


def command(world: World, name: str, text: str, person: Person, channel: Channel, url: ResponseUrl) -> dict[str, str]:
    return {
        "token": NOT_ISSUED,
        "team_id": person.team_id,
        "team_domain": world.team_with(person.team_id).domain,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": person.id,
        "user_name": person.role,
        "command": name,
        "text": escaped(world, text),
        "api_app_id": world.app_id,
        "is_enterprise_install": str(bool(world.installing.enterprise_id)).lower(),
        "response_url": response_url(world, url),
        "trigger_id": world.new_trigger(person.id),
        **({"enterprise_id": organisation} if (organisation := world.installing.enterprise_id) else {}),
    }


def _interaction(world: World, kind: str, person: Person, team_id: str = "") -> dict[str, Any]:
    """`team_id` is where it happens: for a view, and unless given, the person's own team."""
    team, organisation = world.team_with(team_id or person.team_id), world.installing.enterprise_id
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.role, "name": person.role, "team_id": person.team_id},
        "api_app_id": world.app_id,
        "token": NOT_ISSUED,
        "team": {"id": team.id, "domain": team.domain},
        "enterprise": {"id": organisation, "name": "Organisation"} if organisation else None,
        "is_enterprise_install": bool(organisation),
    }


def action(world: World, block: dict[str, Any], element: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """Return one entry of `actions`: the element's ids and what was chosen."""
    entry: dict[str, Any] = {"action_id": element["action_id"], "block_id": block["block_id"], **state}
    for name in ("text", "style"):
        if element["type"] == "button" and name in element:
            entry[name] = element[name]
    return {**entry, "action_ts": world.next_ts()}


def message_action(
    world: World, message: Message, person: Person, entry: dict[str, Any], url: ResponseUrl
) -> dict[str, Any]:
    """`block_actions` of a message; an ephemeral one does not come along, only where it is."""
    channel = world.channel(message.channel)
    container: dict[str, Any] = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    payload = {
        **_interaction(world, "block_actions", person, channel.team_id or world.team.id),
        "container": container,
        "trigger_id": world.new_trigger(person.id),
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "state": {"values": message.state},
        "response_url": response_url(world, url),
        "actions": [entry],
    }
    if message.ephemeral_to is None:
        payload["message"] = chat.as_json(world, message)
    return payload


def view_action(world: World, view: View, person: Person, entry: dict[str, Any]) -> dict[str, Any]:
    return {
        **_interaction(world, "block_actions", person),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": world.new_trigger(person.id),
        "view": viewing.as_json(world, view),
        "actions": [entry],
    }


def view_submission(world: World, view: View, person: Person, urls: list[dict[str, str]]) -> dict[str, Any]:
    return {
        **_interaction(world, "view_submission", person),
        "trigger_id": world.new_trigger(person.id),
        "view": viewing.as_json(world, view),
        "response_urls": urls,
    }


def view_closed(world: World, view: View, person: Person, *, is_cleared: bool) -> dict[str, Any]:
    return {
        **_interaction(world, "view_closed", person),
        "view": viewing.as_json(world, view),
        "is_cleared": is_cleared,
    }


def event(world: World, inner: dict[str, Any], team_id: str = "") -> dict[str, Any]:
    """Return the envelope of an event, of the first team unless told; a complete envelope or a url_verification is
    left as it is."""
    team_id = team_id or world.team.id
    if inner.get("type") in ("event_callback", "url_verification"):
        return inner
    return {
        "token": NOT_ISSUED,
        "team_id": team_id,
        "enterprise_id": world.installing.enterprise_id or None,
        "api_app_id": world.app_id,
        "event": inner,
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(world.clock().timestamp()),
        "authorizations": [
            {
                "enterprise_id": world.installing.enterprise_id or None,
                "team_id": team_id,
                "user_id": world.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": bool(world.installing.enterprise_id),
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": secrets.token_urlsafe(16),
    }


def home_opened(world: World, person: Person) -> dict[str, Any]:
    inner: dict[str, Any] = {
        "type": "app_home_opened",
        "user": person.id,
        "channel": person.dm,
        "tab": "home",
        "event_ts": world.next_ts(),
    }
    home = viewing.home_of(world, person.id)
    if home is not None:
        inner["view"] = viewing.as_json(world, home)
    return inner
