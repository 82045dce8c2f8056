"""What an emulated Slack remembers over a restart."""

from collections.abc import Mapping
from typing import Any

from .fake import FakeSlack
from .records import Edit, Fault, Message, ResponseUrl, View

CLASSES = (Edit, Fault, Message, ResponseUrl, View)


def memory(slack: FakeSlack) -> dict[str, Any]:
    """Triggers live three seconds and are not kept."""
    return {
        "messages": slack.messages,
        "posts": slack.posts,
        "ephemerals": slack.ephemerals,
        "views": slack.views,
        "faults": slack.faults,
        "token_error": slack.token_error,
        "response_urls": slack.response_urls,
        "last_ts": slack.last_ts,
        "channels": {key: (sorted(each.members), each.is_archived) for key, each in slack.channels.items()},
    }


def recall(slack: FakeSlack, kept: Mapping[str, Any]) -> None:
    slack.messages, slack.posts, slack.ephemerals = kept["messages"], kept["posts"], kept["ephemerals"]
    slack.views, slack.faults, slack.token_error = kept["views"], kept["faults"], kept["token_error"]
    slack.response_urls, slack.last_ts = kept["response_urls"], kept["last_ts"]
    for key, (members, archived) in kept["channels"].items():
        slack.channels[key].members, slack.channels[key].is_archived = set(members), archived
    slack.changes.tell()
