"""Answers to a command, in its HTTP body or through its response_url. Source: slack.md 2.3."""

from collections.abc import Mapping
from typing import Any

from .blocks import problems_of_message
from .records import Message, ResponseUrl
from .world import World

FIELDS = {
    "text",
    "blocks",
    "attachments",
    "response_type",
    "replace_original",
    "delete_original",
    "thread_ts",
    "unfurl_links",
    "unfurl_media",
    "mrkdwn",
    "metadata",
    "link_names",
    "parse",
}


def objections(payload: Any) -> list[str]:
    """Return why Slack would not show this answer; an empty list means it would."""
    if not isinstance(payload, dict):
        return ["the answer must be a JSON object"]
    found = [f"unknown field: {name}" for name in sorted(set(payload) - FIELDS)]
    if payload.get("response_type") not in (None, "ephemeral", "in_channel"):
        found.append("response_type must be ephemeral or in_channel")
    if not isinstance(payload.get("text") or "", str):
        found.append("text must be a string")
    found += [str(problem) for problem in problems_of_message(payload.get("blocks") or [])]
    return found


def has_content(payload: Mapping[str, Any]) -> bool:
    return bool(payload.get("text") or payload.get("blocks") or payload.get("attachments"))


def show(world: World, url: ResponseUrl, payload: Mapping[str, Any]) -> Message | None:
    """Do what an answer says: show, replace or delete. An ephemeral original stays ephemeral when replaced."""
    original = url.original
    if payload.get("delete_original"):
        if original is not None:
            world.delete(original)
        return None
    text, blocks = str(payload.get("text") or ""), payload.get("blocks") or []
    if payload.get("replace_original") and original is not None and not original.deleted:
        world.edit(original, text, blocks)
        return original
    message = world.say(
        world.channel(url.channel),
        text,
        blocks,
        by=world.bot_user_id,
        kind="reply",
        to=None if payload.get("response_type") == "in_channel" else url.user,
        thread_ts=payload.get("thread_ts"),
    )
    url.original = url.original or message
    return message
