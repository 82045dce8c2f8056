"""Letters on their way: the Mailer and its SMTP. What became of a letter is told exactly, never guessed.

The line between "may be tried again" and "nobody knows" is DATA: what fails before it has left nothing behind; once the
letter was on its way only the server's own answer counts (RFC 5321, 4.2 and 6.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from enum import StrEnum
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

SECONDS = 30.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Fate(StrEnum):
    SENT = "sent"
    REFUSED = "refused"
    """Nothing of the letter was taken: it may be tried again later."""
    BOUNCED = "bounced"
    """The server will not take it, now or later."""
    UNKNOWN = "unknown"
    """It was on its way when the line broke."""


@dataclass(frozen=True)
class Outcome:
    """`detail` is for the log and holds no address. `bounced` are addresses refused for good among several."""

    fate: Fate
    detail: str = ""
    bounced: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mail:
    """`message_id` without angle brackets; `at` is aware. `unsubscribe` takes a POST (RFC 8058)."""

    message_id: str
    recipients: tuple[str, ...]
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    at: datetime
    sender_name: str = ""
    reply_to: str = ""
    unsubscribe: str = field(default="", repr=False)


class Mailer(Protocol):
    """Sends one letter, once, and never tries again by itself."""

    async def send(self, mail: Mail) -> Outcome: ...


class BadMailSettings(ValueError):
    """SMTP_URL or MAIL_FROM cannot be used; the message says why, without what they hold."""


@dataclass(frozen=True)
class MailServer:
    """Where to hand in letters. `starttls`: True asks for it, False never uses it, None takes it where offered."""

    host: str
    port: int
    tls: bool
    starttls: bool | None
    user: str = ""
    password: str = field(default="", repr=False)


def read_server(url: str) -> MailServer:
    """Read `smtp://user:password@host:587?starttls=true` or `smtps://…`; raise BadMailSettings.

    A password is only sent over TLS, unless the server is this very machine.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise BadMailSettings("the port is not a number") from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise BadMailSettings("must look like smtp://user:password@host:587?starttls=true")
    asked = parse_qs(parts.query).get("starttls", [""])[0].lower()
    if asked not in ("", "true", "false"):
        raise BadMailSettings("starttls is true or false")
    tls, user = parts.scheme == "smtps", unquote(parts.username or "")
    starttls = False if tls else {"true": True, "false": False}.get(asked)
    if user and not tls and starttls is None and parts.hostname not in LOOPBACK:
        starttls = True
    return MailServer(parts.hostname, port or (465 if tls else 587), tls, starttls, user, unquote(parts.password or ""))


def read_sender(text: str) -> tuple[str, str]:
    """Read MAIL_FROM, `accounts@example.com` or `Name <accounts@example.com>`, into name and address."""
    name, address = parseaddr(text)
    try:
        parsed = Address(addr_spec=address)
    except (ValueError, IndexError):
        raise BadMailSettings("must be an address like accounts@example.com") from None
    if not parsed.domain or not address.isascii():
        raise BadMailSettings("must be an address like accounts@example.com")
    return name, address


def compose(mail: Mail, sender: tuple[str, str]) -> EmailMessage:
    """Return the letter as a message. Names may be in any script; a line break in one does not get into a header."""
    name, address = sender
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = Address(mail.sender_name or name, addr_spec=address)
    message["To"] = [Address(addr_spec=each) for each in mail.recipients]
    if mail.reply_to:
        message["Reply-To"] = Address(addr_spec=mail.reply_to)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.message_id}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    if mail.unsubscribe:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message


class SmtpMailer:
    """Hands letters to one SMTP server, a connection each. Opened settings are kept out of repr."""

    def __init__(self, server: MailServer, sender: tuple[str, str], *, seconds: float = SECONDS) -> None:
        self._server = server
        self._sender = sender
        self._seconds = seconds

    async def knock(self) -> str | None:
        """See whether the server lets us in, sending nothing: None, or what keeps us out."""
        smtp = self._smtp()
        try:
            await smtp.connect()
            await smtp.noop()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return worded(error)
        finally:
            smtp.close()
        return None

    def _smtp(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            use_tls=self._server.tls,
            start_tls=self._server.starttls,
            username=self._server.user or None,
            password=self._server.password or None,
            timeout=self._seconds,
        )

    async def send(self, mail: Mail) -> Outcome:
        body, smtp = compose(mail, self._sender).as_bytes(), self._smtp()
        try:
            await smtp.connect()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return Outcome(Fate.REFUSED, f"connect: {worded(error)}")
        try:
            return await self._converse(smtp, mail.recipients, body)
        finally:
            smtp.close()

    async def _converse(self, smtp: aiosmtplib.SMTP, recipients: Sequence[str], body: bytes) -> Outcome:
        try:
            await smtp.mail(self._sender[1])
            bounced = await self._announced(smtp, recipients)
        except (aiosmtplib.SMTPException, OSError) as error:
            return Outcome(Fate.REFUSED, f"envelope: {worded(error)}")
        if len(bounced) == len(recipients):
            return Outcome(Fate.BOUNCED, "every recipient was refused", bounced)
        try:
            await smtp.data(body)
        except aiosmtplib.SMTPDataError as error:
            fate = Fate.BOUNCED if 500 <= error.code < 600 else Fate.REFUSED if error.code >= 400 else Fate.UNKNOWN
            return Outcome(fate, f"data: {error.code}", bounced)
        except (aiosmtplib.SMTPException, OSError) as error:
            return Outcome(Fate.UNKNOWN, f"data: {worded(error)}", bounced)
        return Outcome(Fate.SENT, "", bounced)

    async def _announced(self, smtp: aiosmtplib.SMTP, recipients: Sequence[str]) -> tuple[str, ...]:
        """Name the recipients; return those refused for good. Raise where one has to wait: then nobody gets it yet."""
        bounced = []
        for address in recipients:
            try:
                await smtp.rcpt(address)
            except aiosmtplib.SMTPRecipientRefused as refused:
                if not 500 <= refused.code < 600:
                    raise
                bounced.append(address)
        return tuple(bounced)


def worded(error: Exception) -> str:
    """The kind of failure and the server's number; never its words, which may quote addresses."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if isinstance(code, int) else type(error).__name__
