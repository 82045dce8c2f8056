"""FakeXero: the emulated Xero as one object, driven by a virtual clock."""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from uuid import uuid5

import httpx

from sandbox.xero.accounting import Accounting
from sandbox.xero.authorise import Authorise
from sandbox.xero.books import HOME, Organisation
from sandbox.xero.browser import walk_through
from sandbox.xero.endpoints import Endpoints
from sandbox.xero.faults import Fault, Faults
from sandbox.xero.gate import Gate, Request
from sandbox.xero.identity import Identity, User
from sandbox.xero.limits import Limits
from sandbox.xero.switches import Switches
from sandbox.xero.webhooks import Webhooks

REMEMBERED_REQUESTS = 5000


class FakeXero:
    """Login, identity and API on one ASGI app. `clock` returns aware moments and may jump forward."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        client_id: str,
        client_secret: str,
        redirect_uris: Collection[str] = (),
        bulk_connect: bool = False,
        access_token_seconds: int = 1800,
        day_limit: int = 1000,
        minute_limit: int = 60,
        enforce_limits: bool = True,
        app_name: str = "Solido",
        switches: Switches | None = None,
    ) -> None:
        self.clock = clock
        self.switches = switches or Switches()
        self.organisations: list[Organisation] = []
        self.requests: deque[Request] = deque(maxlen=REMEMBERED_REQUESTS)
        self.asked = 0
        """Requests so far; `requests` holds the last of them."""
        self.version = 0
        """Rises with everything that changes here."""
        self.webhooks = Webhooks()
        self.limits = Limits(clock=clock, day=day_limit, minute=minute_limit, enforce=enforce_limits)
        self.identity = Identity(
            clock=clock,
            client_id=client_id,
            secret=client_secret,
            access_seconds=access_token_seconds,
            switches=self.switches,
        )
        self._troubles = Faults()
        self.app = self._build(redirect_uris, bulk_connect, app_name)

    def _build(self, redirect_uris: Collection[str], bulk_connect: bool, app_name: str) -> Gate:
        authorise = Authorise(
            self.identity,
            self.organisations,
            clock=self.clock,
            redirect_uris=redirect_uris,
            bulk_connect=bulk_connect,
            app_name=app_name,
        )
        accounting = Accounting(
            self.identity,
            self.organisations,
            self.limits,
            clock=self.clock,
            switches=self.switches,
            app_name=app_name,
        )
        endpoints = Endpoints(self.identity, clock=self.clock, switches=self.switches)
        return Gate(
            [*authorise.routes(), *endpoints.routes(), *accounting.routes()],
            clock=self.clock,
            settle=self.settle,
            troubles=self._troubles,
            limits=self.limits,
            switches=self.switches,
            log=self._log,
        )

    def _log(self, request: Request) -> None:
        self.requests.append(request)
        self.asked += 1
        self.version += 1

    # organisations and users

    def add_organisation(
        self,
        name: str,
        *,
        base_currency: str = "USD",
        country: str = "US",
        timezone: str = "UTC",
        tenant_id: str | None = None,
    ) -> Organisation:
        """`timezone` is Xero's own spelling of a Windows zone, e.g. NEWZEALANDSTANDARDTIME."""
        made = Organisation(
            name,
            clock=self.clock,
            tenant_id=(tenant_id or str(uuid5(HOME, f"{len(self.organisations)}:{name}"))).lower(),
            base_currency=base_currency,
            country=country,
            timezone=timezone,
            switches=self.switches,
            changed=self._tell,
        )
        self.organisations.append(made)
        return made

    def organisation(self, name: str) -> Organisation:
        """The organisation of that name; KeyError when there is none."""
        found = next((each for each in self.organisations if each.name == name), None)
        if found is None:
            raise KeyError(name)
        return found

    def add_user(self, name: str, email: str = "user@example.com") -> User:
        """Another person who may log in; sees every organisation."""
        self.identity.users.append(User(name, email))
        return self.identity.users[-1]

    def settle(self) -> None:
        """Apply every scheduled change whose time has come."""
        for organisation in self.organisations:
            organisation.settle()

    # what people do in Xero

    def is_connected(self, organisation: Organisation) -> bool:
        return any(each.live and each.organisation is organisation for each in self.identity.connections)

    def _tell(self, organisation: Organisation, category: str, resource_id: str, change: str) -> None:
        """Webhooks tell of connected organisations only."""
        self.version += 1
        if self.is_connected(organisation):
            self.webhooks.note(organisation, category, resource_id, change)

    def revoke(self, organisation: Organisation) -> None:
        """Settings > Connected apps > Disconnect: no longer listed, Accounting 403, refresh still works."""
        for connection in self.identity.connections:
            connection.live = connection.live and connection.organisation is not organisation

    def lock_out(self, organisation: Organisation, locked: bool = True) -> None:
        """The plan ended or the role is lost: still listed, but Accounting calls answer 403."""
        for connection in self.identity.connections:
            if connection.organisation is organisation:
                connection.locked_out = locked

    def kill_refresh_tokens(self) -> None:
        """Every refresh token so far now answers 400 invalid_grant."""
        for token in self.identity.refresh_tokens.values():
            token.dead = True

    def expire_access_tokens(self) -> None:
        """Every access token so far now answers 401 TokenExpired."""
        now = self.clock()
        for token in self.identity.access_tokens.values():
            token.expires_at = min(token.expires_at, now)

    # troubles

    @property
    def faults(self) -> list[Fault]:
        """Troubles still waiting for a request."""
        return self._troubles.waiting

    def break_next(
        self, kind: str, *, times: int | None = 1, path: str | None = None, seconds: float | None = None
    ) -> Fault:
        """Break the next `times` requests below `path`; None until `heal`. Kinds: faults.LABELS."""
        return self._troubles.add(kind, times=times, path=path, seconds=seconds)

    def heal(self) -> None:
        self._troubles.waiting = []

    # the person in front of the browser

    async def consent(
        self,
        authorize_url: str,
        *,
        organisations: Sequence[Organisation],
        http: httpx.AsyncClient | None = None,
        deny: bool = False,
        user: User | None = None,
    ) -> str:
        """Click through the pages as a browser would; returns the callback URL, not followed.

        Raises ConsentError where a person would stay on an error page.
        """
        tenants = [each.tenant_id for each in organisations]
        person = user or self.identity.users[0]
        if http is not None:
            return await walk_through(http, authorize_url, tenants, user_id=person.id, deny=deny)
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport) as own:
            return await walk_through(own, authorize_url, tenants, user_id=person.id, deny=deny)
