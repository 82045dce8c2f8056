"""Who is called by messages: Slack tells people that they were mentioned when a message is posted, not when it is
edited, and in a conversation of two there is nobody else to call. Source: Slack help centre, "Use mentions in Slack".
"""

import re
from typing import Any, NamedTuple

from .records import Message
from .world import World

CALLS = re.compile(r"<(?:@(?P<person>\w+)|!subteam\^(?P<group>\w+)|!(?P<all>channel|here|everyone))[^>]*>")
READ_AS_TEXT = {"plain_text", "raw_text"}


class Ping(NamedTuple):
    """`whom` is the id of a person or a group, or `channel`, `here`, `everyone`."""

    whom: str
    message: Message


def pings(world: World) -> list[Ping]:
    """Whom the app's messages have called, in their order."""
    alone = {channel.id for channel in world.channels.values() if channel.is_im}
    alone |= {person.dm for person in world.people.values()}
    return [
        Ping(whom, message)
        for message in world.messages
        if message.by == world.bot_user_id and message.ephemeral_to is None and message.channel not in alone
        for whom in called_by(message)
    ]


def called_by(message: Message) -> list[str]:
    """By its first form."""
    first = message.edits[0] if message.edits else message
    found = [match for text in (first.text, *_markup(first.blocks)) for match in CALLS.finditer(text)]
    return list(dict.fromkeys(match["person"] or match["group"] or match["all"] for match in found))


def _markup(part: Any) -> list[str]:
    if isinstance(part, list):
        return [text for one in part for text in _markup(one)]
    if not isinstance(part, dict) or part.get("type") in READ_AS_TEXT:
        return []
    inner = [text for one in part.values() for text in _markup(one)]
    if part.get("type") == "user" and part.get("user_id"):  # an element of rich text
        inner.append(f"<@{part['user_id']}>")
    return inner + ([part["text"]] if isinstance(part.get("text"), str) else [])
