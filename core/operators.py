"""The people who run this installation, as far as the product can write to them."""

from html import escape
from typing import Protocol
from uuid import uuid4

from core.clock import utc_now
from core.mail import Fate, Mail, Mailer


class CannotWrite(Exception):
    """The mail server did not take it; trying again later may work."""


class Operators(Protocol):
    """Takes plain text to SUPPORT_EMAIL. There is none where no mail is set up."""

    async def write(self, *, subject: str, text: str) -> None:
        """Return once the mail server has taken it; raise CannotWrite."""


class ByMail:
    """Writes to SUPPORT_EMAIL with the mailer that also sends letters."""

    def __init__(self, mailer: Mailer, address: str) -> None:
        self._mailer = mailer
        self._address = address

    async def write(self, *, subject: str, text: str) -> None:
        mail = Mail(
            message_id=uuid4().hex,
            recipients=(self._address,),
            subject=subject,
            text=text,
            html=f"<pre>{escape(text)}</pre>",
            at=utc_now(),
        )
        outcome = await self._mailer.send(mail)
        # A notice may arrive twice; it must not be lost.
        if outcome.fate is not Fate.SENT:
            raise CannotWrite(outcome.fate)
