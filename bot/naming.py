"""People in what is posted: by name. A mention calls somebody, and to be named is no reason to be called.

Core keeps Slack's ids and views write mentions, which ping nobody in an answer that one person sees, in a dialog or in
the Home. What is posted for all has the names instead; whom an alert shall call is added afterwards (bot/delivery.py).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.installs import KnownTeam
from bot.people import People
from bot.views.blocks import Message, escape, one_line

MENTION = re.compile(r"(?P<begins>(?:^|[.:•\n]\s*))?<@(?P<id>[A-Z0-9]+)>")
NAME_LIMIT = 80
SOMEBODY = "somebody"


async def by_name(message: Message, people: People, team: KnownTeam, *, edits: bool, now: datetime) -> Message:
    """The message as it can be posted; whom Slack does not name is *somebody*. An edit calls nobody: there it is the
    mention that stays."""
    found = dict.fromkeys(match["id"] for text in texts_of(message) for match in MENTION.finditer(text))
    names = {one: await people.name(team, one, now=now) for one in found}
    return with_names(message, names, edits=edits) if found else message


def with_names(message: Message, names: Mapping[str, str], *, edits: bool = False) -> Message:
    """Put names, which are text from elsewhere, in the place of mentions."""

    def named(match: re.Match[str]) -> str:
        begins, name = match["begins"], escape(one_line(names.get(match["id"], ""), NAME_LIMIT))
        if edits and not name:
            return match[0]
        return (begins or "") + (name or (SOMEBODY if begins is None else SOMEBODY.capitalize()))

    def changed(part: Any) -> Any:
        if isinstance(part, dict):
            words = part.get("type") == "mrkdwn"
            return {
                key: MENTION.sub(named, value) if words and key == "text" else changed(value)
                for key, value in part.items()
            }
        return [changed(one) for one in part] if isinstance(part, list) else part

    return Message(MENTION.sub(named, message.text), changed(message.blocks), message.in_channel, message.again)


def texts_of(message: Message) -> list[str]:
    """All that Slack reads as markup."""

    def within(part: Any) -> list[str]:
        if isinstance(part, list):
            return [text for one in part for text in within(one)]
        if not isinstance(part, dict):
            return []
        own = [part["text"]] if part.get("type") == "mrkdwn" else []
        return own + [text for one in part.values() for text in within(one)]

    return [message.text, *within(message.blocks)]
