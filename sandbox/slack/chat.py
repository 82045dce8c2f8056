"""`chat.*`: posting, editing, deleting. Source: slack.md 5 and docs.slack.dev/reference/methods/chat.*."""

import json
from collections.abc import Mapping
from typing import Any

from .blocks import problems_of_message
from .records import ApiError, Blocks, Channel, Message
from .world import World

Arguments = Mapping[str, Any]
MOST_TEXT = 40_000
MOST_TEXT_IN_UPDATE = 4_000
MOST_MARKDOWN_TEXT = 12_000


def read_json(value: Any, error: str) -> Any:
    """Return a structure that may have come as JSON in a form field."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ApiError(error) from None


def read_blocks(world: World, where: str, arguments: Arguments) -> Blocks | None:
    """Return the blocks, None when not given; ApiError(invalid_blocks) with pointers when Slack would not take them."""
    blocks = read_json(arguments.get("blocks"), "invalid_blocks_format")
    if blocks is None:
        return None
    if not isinstance(blocks, list):
        raise ApiError("invalid_blocks_format")
    found = [str(problem) for problem in problems_of_message(blocks)]
    if found:
        world.refuse(where, "invalid_blocks", found, blocks)
        raise ApiError("invalid_blocks", errors=found, response_metadata={"messages": found})
    return blocks


def channel_to_write(world: World, arguments: Arguments) -> Channel:
    """Return the channel the bot may write to: by id or #name, or a person's DM by user id."""
    wanted = arguments.get("channel")
    if not wanted:
        raise ApiError("invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: channel"]})
    dm = next((person.dm for person in world.people.values() if person.id == wanted), wanted)
    try:
        channel = world.channel(str(dm))
    except LookupError:
        raise ApiError("channel_not_found") from None
    if channel.is_private and world.bot_user_id not in channel.members:
        raise ApiError("channel_not_found")
    if channel.is_archived:
        raise ApiError("is_archived")
    return channel


def _may_post(world: World, channel: Channel) -> None:
    uninvited = world.bot_user_id not in channel.members
    if uninvited and world.scopes is not None and "chat:write.public" not in world.scopes:
        raise ApiError("not_in_channel")


def _content(world: World, where: str, arguments: Arguments) -> tuple[str, Blocks]:
    """Return (text, blocks) of a new message."""
    markdown = arguments.get("markdown_text")
    if markdown is not None:
        if arguments.get("text") or arguments.get("blocks"):
            raise ApiError("markdown_text_conflict")
        if len(str(markdown)) > MOST_MARKDOWN_TEXT:
            world.refuse(where, "msg_too_long", [f"markdown_text over {MOST_MARKDOWN_TEXT}"], None)
            raise ApiError("msg_too_long")
        return "", [{"type": "markdown", "text": str(markdown)}]
    blocks = read_blocks(world, where, arguments) or []
    text = str(arguments.get("text") or "")
    if not text and not blocks and not arguments.get("attachments"):
        world.refuse(where, "no_text", ["neither text nor blocks"], dict(arguments))
        raise ApiError("no_text")
    return text[:MOST_TEXT], blocks


def as_json(world: World, message: Message) -> dict[str, Any]:
    """Return a message of the bot as Slack shows it to the app."""
    seen: dict[str, Any] = {
        "type": "message",
        "user": message.by,
        "bot_id": world.bot_id,
        "app_id": world.app_id,
        "team": world.team.id,
        "ts": message.ts,
        "text": message.text,
        "blocks": message.blocks,
    }
    if message.thread_ts:
        seen["thread_ts"] = message.thread_ts
    if message.metadata:
        seen["metadata"] = message.metadata
    if message.edits and message.shows_edited:
        seen["edited"] = {"user": message.by, "ts": message.ts}
    return seen


def post_message(world: World, arguments: Arguments) -> dict[str, Any]:
    channel = channel_to_write(world, arguments)
    _may_post(world, channel)
    text, blocks = _content(world, "chat.postMessage", arguments)
    thread_ts = arguments.get("thread_ts")
    if thread_ts and not any(m.ts == thread_ts and m.channel == channel.id for m in world.messages):
        raise ApiError("thread_not_found")
    message = world.say(channel, text, blocks, by=world.bot_user_id, kind="post", thread_ts=thread_ts)
    message.metadata = read_json(arguments.get("metadata"), "invalid_metadata_format")
    return {"channel": channel.id, "ts": message.ts, "message": as_json(world, message)}


def _own_message(world: World, arguments: Arguments, not_mine: str) -> Message:
    channel = channel_to_write(world, arguments)
    for message in world.messages:
        public = message.ephemeral_to is None and not message.deleted
        if public and message.channel == channel.id and message.ts == arguments.get("ts"):
            if message.by != world.bot_user_id:
                raise ApiError(not_mine)
            return message
    raise ApiError("message_not_found")


def update(world: World, arguments: Arguments) -> dict[str, Any]:
    """`chat.update`: text without blocks wipes the blocks (slack.md 5.4); an ephemeral message is not found."""
    message = _own_message(world, arguments, "cant_update_message")
    blocks = read_blocks(world, "chat.update", arguments)
    text = arguments.get("text")
    if not text and not blocks and not arguments.get("attachments") and not arguments.get("metadata"):
        world.refuse("chat.update", "no_text", ["neither text nor blocks"], dict(arguments))
        raise ApiError("no_text")
    if len(str(text or "")) > MOST_TEXT_IN_UPDATE:
        world.refuse("chat.update", "msg_too_long", [f"text over {MOST_TEXT_IN_UPDATE}"], dict(arguments))
        raise ApiError("msg_too_long")
    if text or blocks:
        world.edit(message, str(text or ""), blocks or [])
    if "metadata" in arguments:
        message.metadata = read_json(arguments["metadata"], "invalid_metadata_format")
    return {"channel": message.channel, "ts": message.ts, "text": message.text, "message": as_json(world, message)}


def post_ephemeral(world: World, arguments: Arguments) -> dict[str, Any]:
    channel = channel_to_write(world, arguments)
    if world.bot_user_id not in channel.members:
        raise ApiError("not_in_channel")
    if arguments.get("user") not in channel.members:
        raise ApiError("user_not_in_channel")
    text, blocks = _content(world, "chat.postEphemeral", arguments)
    message = world.say(
        channel,
        text,
        blocks,
        by=world.bot_user_id,
        kind="reply",
        to=arguments["user"],
        thread_ts=arguments.get("thread_ts"),
    )
    return {"message_ts": message.ts}


def delete(world: World, arguments: Arguments) -> dict[str, Any]:
    message = _own_message(world, arguments, "cant_delete_message")
    world.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def get_permalink(world: World, arguments: Arguments) -> dict[str, Any]:
    channel = channel_to_write(world, arguments)
    ts = arguments.get("message_ts")
    if not any(m.ts == ts and m.channel == channel.id and m.ephemeral_to is None for m in world.messages):
        raise ApiError("message_not_found")
    link = f"https://{world.team.domain}.slack.com/archives/{channel.id}/p{str(ts).replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


METHODS = {
    "chat.postMessage": post_message,
    "chat.update": update,
    "chat.postEphemeral": post_ephemeral,
    "chat.delete": delete,
    "chat.getPermalink": get_permalink,
}
