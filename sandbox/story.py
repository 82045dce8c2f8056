"""What happened while time passed: what was said in Slack, the letters, and how often Xero was asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.mail import FakeMailbox, Letter
from sandbox.slack import FakeSlack, Message
from sandbox.xero import FakeXero

MOST_LINES = 60
BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """`what` is slack, mail, xero or note; `text` of slack is mrkdwn, of the others plain.

    `where` is a channel, or to whom. `until` is the moment of a message's last edit, where there was one.
    """

    what: str
    text: str
    at: datetime | None = None
    where: str = ""
    until: datetime | None = None

    def json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "text": self.text,
            "at": self.at.isoformat() if self.at else None,
            "where": self.where,
            "until": self.until.isoformat() if self.until else None,
        }


@dataclass
class Story:
    """Made before time passes, told afterwards."""

    slack: FakeSlack
    mailbox: FakeMailbox
    xero: FakeXero
    _edits: dict[int, int] = field(init=False)
    _letters: int = field(init=False)
    _asked: int = field(init=False)

    def __post_init__(self) -> None:
        self._edits = {id(message): len(message.edits) for message in self.slack.posts}
        self._letters = len(self.mailbox.letters)
        self._asked = self.xero.asked

    def told(self, notes: Sequence[str] = ()) -> list[Line]:
        """In the order in which it happened, `notes` last. Never empty."""
        said = [self._said(one) for one in self.slack.posts if self._edits.get(id(one)) != len(one.edits)]
        letters = [_letter(one) for one in self.mailbox.letters[self._letters :]]
        lines = sorted([*said, *letters], key=lambda line: line.at or BEGINNING)
        if not lines:
            lines = [Line("note", "All quiet: nothing was said in Slack, and no letter went out.")]
        if len(lines) > MOST_LINES:
            earlier = len(lines) - MOST_LINES
            lines = [Line("note", f"{earlier} earlier lines are left out."), *lines[-MOST_LINES:]]
        asked = self.xero.asked - self._asked
        if asked:
            lines.append(Line("xero", f"Xero was asked {asked} time{'' if asked == 1 else 's'}."))
        return [*lines, *(Line("note", one) for one in notes)]

    def _said(self, message: Message) -> Line:
        """A message as it stands now: a new one at its moment, an older one at the moment of its last edit."""
        channel = self.slack.channel(message.channel)
        where = "to one person" if channel.is_im else f"#{channel.name}"
        edited_at = message.edits[-1].at if message.edits else None
        if id(message) in self._edits:
            return Line("slack", message.text, edited_at, f"{where}, edited")
        return Line("slack", message.text, message.at, where, edited_at)


def _letter(letter: Letter) -> Line:
    return Line("mail", letter.subject or "(no subject)", letter.at, f"to {', '.join(letter.recipients)}")
