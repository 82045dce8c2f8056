"""A letter as it arrived, and what a mail program would show of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property


@dataclass(frozen=True)
class Letter:
    """`sender` and `recipients` are the envelope's; `at` is the moment the mailbox accepted it (aware UTC).

    It is read once: the page asks for every letter whenever anything happens, and whoever reads keeps all else waiting.
    """

    at: datetime
    sender: str
    recipients: Sequence[str]
    raw: bytes = field(repr=False)

    @cached_property
    def message(self) -> EmailMessage:
        parsed = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @cached_property
    def headers(self) -> list[tuple[str, str]]:
        """As they stand, decoded, in order; a name may come twice."""
        return [(name, str(value)) for name, value in self.message.items()]

    def header(self, name: str) -> str | None:
        """The first header of that name, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def subject(self) -> str:
        return self.header("Subject") or ""

    @cached_property
    def text(self) -> str | None:
        """The plain text part, or None when there is none."""
        return self._part("plain")

    @cached_property
    def html(self) -> str | None:
        return self._part("html")

    def _part(self, kind: str) -> str | None:
        part = self.message.get_body(preferencelist=(kind,))
        return None if part is None else str(part.get_content()).replace("\r\n", "\n")
