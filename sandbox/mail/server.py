"""The mailbox's SMTP server. It serves in the running loop, on loopback only."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import AnyStr

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from .faults import Fault, FaultKind, Faults
from .letters import Letter

LOOPBACK = "127.0.0.1"
MOST_VISITS = 200
SOON = 5.0
"""Seconds within which a cut connection ends whoever serves it; it is milliseconds."""


@dataclass
class Visit:
    """One connection, as a log: `>` what the client said, `<` what was answered. Never the log-in or the letter."""

    at: datetime
    lines: list[str] = field(default_factory=list)
    under_way: bool = True


class _Wire(SMTP):
    """aiosmtpd's protocol, which keeps its own answers for the log."""

    visit: Visit

    async def push(self, status: AnyStr) -> None:
        said = status.decode("utf-8", "replace") if isinstance(status, bytes) else status
        self.visit.lines.append(f"< {said}")
        await super().push(status)

    def connection_lost(self, error: Exception | None) -> None:
        self.visit.under_way = False
        super().connection_lost(error)


class FakeMailbox:
    """Every letter for everybody. `letters` in the order they arrived; `user` and `password` make a log-in necessary.

    `on_change` is called after each letter and each lever. `clock` stamps letters with aware UTC.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] | None = None,
        user: str = "",
        password: str = "",
        on_change: Callable[[], object] = lambda: None,
    ) -> None:
        self.clock = clock or (lambda: datetime.now(UTC))
        self.port = 0
        self.letters: list[Letter] = []
        self.visits: deque[Visit] = deque(maxlen=MOST_VISITS)
        self.on_change = on_change
        self._user, self._password = user, password
        self._faults = Faults()
        self._server: asyncio.Server | None = None
        self._wires: list[_Wire] = []

    @property
    def wants_login(self) -> bool:
        return bool(self._user)

    @property
    def url(self) -> str:
        """What SMTP_URL has to be."""
        login = f"{self._user}:{self._password}@" if self._user else ""
        return f"smtp://{login}{LOOPBACK}:{self.port}"

    async def start(self) -> None:
        """Listen; from here on `port` is the real one."""
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd tells every command there
        self._server = await asyncio.get_running_loop().create_server(self._connected, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for wire in self._wires:
            _abort(wire)
        await self._server.wait_closed()
        await asyncio.sleep(0)

    def to(self, address: str) -> list[Letter]:
        """The letters that reached this address."""
        return [one for one in self.letters if address.lower() in map(str.lower, one.recipients)]

    # troubles

    @property
    def faults(self) -> list[Fault]:
        """Troubles still waiting for a letter."""
        return self._faults.waiting

    def break_next(
        self, kind: FaultKind, *, times: int | None = 1, to: str | None = None, seconds: float = 4.0
    ) -> Fault:
        """Let the next `times` letters go wrong (None: until healed); with `to` only those to that address.

        `to` concerns the kinds about a recipient: refuse-recipient and temporary.
        """
        fault = Fault(kind, times, to.lower() if to else None, seconds)
        self._faults.waiting.append(fault)
        self.on_change()
        return fault

    def heal(self) -> None:
        self._faults.waiting.clear()
        self.on_change()

    # serving

    def _connected(self) -> _Wire:
        wire = _Wire(
            _Conversation(self, self._faults),
            hostname="mail.example.com",
            ident="Sandbox mailbox",
            enable_SMTPUTF8=True,
            auth_require_tls=not self._user,  # without TLS it is offered only when somebody can log in
            authenticator=self._authenticate,
            loop=asyncio.get_running_loop(),
        )
        wire.visit = Visit(self.clock())
        self.visits.append(wire.visit)
        self._wires = [one for one in self._wires if one.transport is not None] + [wire]
        return wire

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        known = isinstance(data, LoginPassword) and (
            (data.login, data.password) == (self._user.encode(), self._password.encode())
        )
        return AuthResult(success=known, handled=False)

    def accept(self, envelope: Envelope) -> None:
        content = envelope.original_content or b""
        self.letters.append(Letter(self.clock(), envelope.mail_from or "", tuple(envelope.rcpt_tos), content))
        self.on_change()


class _Conversation:
    """aiosmtpd's hooks: what the mailbox answers, trouble included. The names are aiosmtpd's."""

    def __init__(self, mailbox: FakeMailbox, faults: Faults) -> None:
        self._mailbox, self._faults = mailbox, faults

    async def handle_EHLO(  # noqa: N802 aiosmtpd's name
        self, server: _Wire, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        server.visit.lines.append(f"> EHLO {hostname}")
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: _Wire, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        server.visit.lines.append(f"> MAIL FROM:<{address}>")
        slow = self._faults.take("slow")
        if slow:
            await asyncio.sleep(slow.seconds)
        if self._faults.take("cut-before"):
            await _cut(server)
        if self._faults.take("busy"):
            await server.push("421 4.3.2 Too busy, try again later")
            await _cut(server)
        if self._mailbox.wants_login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if self._faults.take("refuse-all"):
            return "550 5.7.1 This server takes no letters from you"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: _Wire, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        server.visit.lines.append(f"> RCPT TO:<{address}>")
        fault = self._faults.take("refuse-recipient", "temporary", to=address.lower())
        if fault is not None:
            unknown = fault.kind == "refuse-recipient"
            return "550 5.1.1 No such mailbox here" if unknown else "451 4.7.1 Try again later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: _Wire, session: Session, envelope: Envelope) -> str:  # noqa: N802
        server.visit.lines.append(f"> DATA, {len(envelope.original_content or b''):,} bytes")
        if self._faults.take("cut-and-lost"):
            await _cut(server)
        self._mailbox.accept(envelope)
        if self._faults.take("cut-after-data"):
            await _cut(server)
        return "250 OK: kept"


async def _cut(server: _Wire) -> None:
    """Break the connection; whoever waits here is cancelled when the transport is gone."""
    server.visit.lines.append("  the line was cut")
    _abort(server)
    await asyncio.sleep(SOON)


def _abort(server: _Wire) -> None:
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()
