"""An emulated Slack for tests and for the sandbox. It knows nothing of the product; see README.md."""

from .blocks import problems_of_message, problems_of_view
from .fake import FakeSlack
from .pings import pings
from .records import Answer, Call, Channel, Message, Person, Refused, Reply, View

__all__ = [
    "Answer",
    "Call",
    "Channel",
    "FakeSlack",
    "Message",
    "Person",
    "Refused",
    "Reply",
    "View",
    "pings",
    "problems_of_message",
    "problems_of_view",
]
