"""Connect a workspace to a Xero organisation, and end that again.

A link is made for a person in Slack; opening it binds the attempt to one browser; Xero sends that browser back; the
grant waits, sealed, until the person has confirmed which organisation it is for. Every step can be taken once.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import structlog
from sqlalchemy.exc import IntegrityError

from core import progress
from core.errors import (
    AttemptInvalid,
    CodeRefused,
    ConsentDenied,
    NoOrganisation,
    NotConnected,
    OrganisationTaken,
    OtherOrganisation,
    PermissionEnded,
    SolidoError,
    Superseded,
)
from core.incidents import Ending
from core.notices import Connected, ConnectFailed, Disconnected, encode
from core.schedule import LOOKED_AT_EVERY, next_sync_at
from core.sealed_places import of_attempt
from core.sync import Syncing
from core.tokens import sealed_pair
from core.vault import hash_of
from core.xero.client import Tenant
from core.xero.oauth import Grant
from storage.audit import Did
from storage.models import ConnectAttempt, Connection, ConnectionState, Trigger, Workspace
from storage.store import WorkspaceStore
from storage.unscoped import Unscoped

log = structlog.get_logger()

LINK_LIVES = timedelta(minutes=15)


@dataclass(frozen=True)
class Departure:
    """Where to send the browser, and the secret it has to bring back as a cookie."""

    url: str
    browser_secret: str


@dataclass(frozen=True)
class Arrival:
    """A browser is back from Xero with a grant. `tenants` to choose from; `state` is needed to finish."""

    state: str
    tenants: Sequence[Tenant]
    workspace: Workspace


@dataclass(frozen=True)
class Done:
    organisation: str
    workspace: Workspace


class _Kept(msgspec.Struct):
    """A grant while a person chooses, sealed in the attempt's row."""

    grant: Grant
    tenants: list[Tenant]


class Connecting:
    """The way from a link in Slack to a live connection, and back."""

    def __init__(self, syncing: Syncing) -> None:
        self._syncing = syncing
        self._database = syncing.database
        self._vault = syncing.vault

    async def begin(self, workspace_id: UUID, *, by: str, now: datetime) -> str:
        """Return the secret of a new one-time link for this person; it lives fifteen minutes."""
        secret = secrets.token_urlsafe(32)
        async with self._database.workspace(workspace_id) as store:
            store.attempts.add(link_hash=hash_of(secret), asked_by=by, now=now, expires_at=now + LINK_LIVES)
        return secret

    async def depart(self, link: str, *, browser: str | None, now: datetime) -> Departure:
        """Open a link, once, in the browser that has this secret already or gets one; raise AttemptInvalid."""
        state, verifier = secrets.token_urlsafe(48), secrets.token_urlsafe(48)
        browser = browser or secrets.token_urlsafe(48)
        async with self._database.unscoped() as unscoped:
            owned = await unscoped.attempt_by_link(hash_of(link))
            if owned is None:
                raise AttemptInvalid("no such link")
            opened = await unscoped.within(owned.workspace_id).attempts.open(
                owned.id,
                state_hash=hash_of(state),
                browser_hash=hash_of(browser),
                verifier_sealed=self._vault.seal(verifier, place=of_attempt(owned.id, "verifier")),
                now=now,
            )
            if not opened:
                raise AttemptInvalid("used or too old")
            await put_off_farewell(unscoped.within(owned.workspace_id), until=now + LINK_LIVES)
        return Departure(self._syncing.login.authorize_url(state=state, verifier=verifier), browser)

    async def arrive(
        self, *, state: str, browser: str, code: str | None, denied: bool, now: datetime
    ) -> Arrival | Done:
        """Take the browser back from Xero. Done at once where there is nothing to ask: a reconnect to the same
        organisation. Raises a Refusal or XeroError, of which the person hears in Slack too."""
        attempt = await self._returned(state, browser, now=now)
        try:
            if denied or not code:
                raise ConsentDenied
            kept = await self._granted(attempt, code, now=now)
            before = await self._bound_to(attempt.workspace_id)
            tenants = choices(kept.tenants, before=before)
            if before is not None:
                return await self._attach(attempt, kept.grant, tenants[0], now=now)
            return await self._ask(attempt, state, _Kept(kept.grant, list(tenants)), now=now)
        except SolidoError as error:
            await self._tell_failure(attempt, error, now=now)
            raise

    async def choose(self, *, state: str, browser: str, tenant_id: str, now: datetime) -> Done:
        """Finish with the organisation the person confirmed on our page."""
        attempt = await self._waiting(state, browser, now=now)
        assert attempt.grant_sealed is not None  # _waiting() has looked
        kept = msgspec.json.decode(
            self._vault.open(attempt.grant_sealed, place=of_attempt(attempt.id, "grant")), type=_Kept
        )
        tenant = next((t for t in kept.tenants if t.tenant_id == tenant_id), None)
        if tenant is None:
            raise AttemptInvalid("not one of the organisations of this permission")
        try:
            return await self._attach(attempt, kept.grant, tenant, now=now)
        except SolidoError as error:
            await self._tell_failure(attempt, error, now=now)
            raise

    async def disconnect(self, workspace_id: UUID, *, by: str, now: datetime) -> str:
        """End the connection: no sync starts and no page is stored from here on. Returns the organisation's name.

        Xero is told afterwards (`farewell`), as often as it takes: what a person decided must not wait for Xero.
        """
        async with self._database.workspace(workspace_id) as store:
            connection = await store.connections.latest()
            if connection is None or connection.state == ConnectionState.DISCONNECTED:
                raise NotConnected
            await self._end(store, connection, by=by, now=now)
            notice = Disconnected(organisation=connection.tenant_name, by=by)
            await store.outbox.tell(f"disconnected:{connection.id}:{now.isoformat()}", encode(notice), now=now)
            return connection.tenant_name

    async def abandon(self, workspace_id: UUID, *, now: datetime) -> None:
        """End everything of a workspace whose team has removed the app; nobody can be told. Safe to be repeated."""
        async with self._database.workspace(workspace_id) as store:
            connection = await store.connections.latest()
            if connection is not None and connection.state != ConnectionState.DISCONNECTED:
                await self._end(store, connection, by="", now=now)
            await store.attempts.void(now=now)
            await store.outbox.silence(error="the app was removed")

    async def _end(self, store: WorkspaceStore, connection: Connection, *, by: str, now: datetime) -> None:
        """`by` is empty where nobody did it: the app was removed."""
        under_way = await store.runs.unfinished(connection.id)
        # The connection before the run, as a sync takes them: or the two could wait for each other.
        connection.state = ConnectionState.DISCONNECTED
        connection.disconnected_by, connection.disconnected_at = by, now
        connection.next_sync_at = connection.next_reconcile_at = connection.look_at = None
        connection.farewell_at = now
        await store.session.flush()
        await store.runs.give_up(connection.id, error=Superseded.__name__, now=now)
        if under_way:
            await progress.tell(store, under_way.id, now=now)
        await self._syncing.troubles.ended(store, connection, Ending.DISCONNECTED, by=by, now=now)
        store.audit.add(by, Did.DISCONNECTED if by else Did.REMOVED, at=now, detail=connection.tenant_name)

    async def _returned(self, state: str, browser: str, *, now: datetime) -> ConnectAttempt:
        """Use up the state; raise AttemptInvalid for one that is unknown, used, too old or from another browser."""
        async with self._database.unscoped() as unscoped:
            attempt = await attempt_of(unscoped, state, browser)
            if not await unscoped.within(attempt.workspace_id).attempts.returned(attempt.id, now=now):
                raise AttemptInvalid("used or too old")
        return attempt

    async def _waiting(self, state: str, browser: str, *, now: datetime) -> ConnectAttempt:
        async with self._database.asking() as unscoped:
            attempt = await attempt_of(unscoped, state, browser)
        if attempt.grant_sealed is None:
            raise AttemptInvalid("nothing is waiting for a choice")
        if attempt.expires_at <= now:
            raise AttemptInvalid("too old")
        return attempt

    async def _granted(self, attempt: ConnectAttempt, code: str, *, now: datetime) -> _Kept:
        assert attempt.verifier_sealed is not None  # a state exists only once the link was opened
        verifier = self._vault.open(attempt.verifier_sealed, place=of_attempt(attempt.id, "verifier"))
        try:
            grant = await self._syncing.login.exchange(code, verifier=verifier, now=now)
        except PermissionEnded:
            raise CodeRefused from None
        event = grant.auth_event_id
        tenants = await self._syncing.xero.tenants(grant.access_token, auth_event_id=event)
        if not tenants and event:
            # Xero may leave out an organisation that was connected before; then the whole list is asked.
            tenants = await self._syncing.xero.tenants(grant.access_token)
        return _Kept(grant, tenants)

    async def _bound_to(self, workspace_id: UUID) -> Connection | None:
        async with self._database.reading(workspace_id) as store:
            return await store.connections.latest()

    async def _ask(self, attempt: ConnectAttempt, state: str, kept: _Kept, *, now: datetime) -> Arrival:
        sealed = self._vault.seal(msgspec.json.encode(kept).decode(), place=of_attempt(attempt.id, "grant"))
        async with self._database.workspace(attempt.workspace_id) as store:
            await store.attempts.keep_grant(attempt.id, sealed, now=now, expires_at=now + LINK_LIVES)
            return Arrival(state, kept.tenants, await store.about.get())

    async def _attach(self, attempt: ConnectAttempt, grant: Grant, tenant: Tenant, *, now: datetime) -> Done:
        """One transaction: the connection with its tokens, the first sync, the word to the channel."""
        try:
            async with self._database.workspace(attempt.workspace_id) as store:
                if not await store.attempts.finish(attempt.id, now=now):
                    raise AttemptInvalid("finished before")
                connection, again = await self._connected(store, attempt, grant, tenant, now=now)
                store.audit.add(
                    attempt.asked_by, Did.RECONNECTED if again else Did.CONNECTED, at=now, detail=tenant.tenant_name
                )
                notice = Connected(organisation=tenant.tenant_name, by=attempt.asked_by, again=again)
                await store.outbox.tell(f"connected:{attempt.id}", encode(notice), now=now)
                await self._syncing.queue(store, connection, Trigger.INITIAL, by=attempt.asked_by, now=now)
                return Done(tenant.tenant_name, await store.about.get())
        except IntegrityError:
            # The schema refused: most likely its rule of one live connection per organisation in the installation.
            async with self._database.asking() as unscoped:
                taken = await unscoped.tenant_is_live(tenant.tenant_id)
            raise (OrganisationTaken() if taken else AttemptInvalid("another attempt was faster")) from None

    async def _connected(
        self, store: WorkspaceStore, attempt: ConnectAttempt, grant: Grant, tenant: Tenant, *, now: datetime
    ) -> tuple[Connection, bool]:
        connection = await store.connections.latest()
        again = connection is not None
        if connection is None:
            connection = Connection(
                id=uuid4(),
                workspace_id=store.id,
                tenant_id=tenant.tenant_id,
                tenant_name=tenant.tenant_name,
                xero_connection_id=tenant.id,
                connected_by=attempt.asked_by,
                connected_at=now,
            )
            store.connections.add(connection)
        elif connection.tenant_id != tenant.tenant_id:
            raise OtherOrganisation(expected=connection.tenant_name, chosen=tenant.tenant_name)
        access, refresh = sealed_pair(self._vault, connection.id, grant)
        connection.state, connection.xero_connection_id = ConnectionState.ACTIVE, tenant.id
        connection.connected_by, connection.connected_at = attempt.asked_by, now
        connection.disconnected_by = connection.disconnected_at = connection.farewell_at = None
        connection.access_token_sealed, connection.refresh_token_sealed = access, refresh
        connection.access_expires_at, connection.refresh_lease_until = grant.expires_at, None
        connection.previous_refresh_sealed = connection.previous_used_at = None
        connection.refreshed_at, connection.look_at = now, now + LOOKED_AT_EVERY
        connection.lacks_payments = False
        connection.token_version += 1
        connection.next_sync_at = next_sync_at(now, every=self._syncing.every, failures=0, retry_at=None)
        connection.failures = 0
        await store.session.flush()
        if again:
            await self._syncing.troubles.ended(store, connection, Ending.RECONNECTED, by=attempt.asked_by, now=now)
        return connection, again

    async def _tell_failure(self, attempt: ConnectAttempt, error: SolidoError, *, now: datetime) -> None:
        log.info("connect.failed", workspace=str(attempt.workspace_id), attempt=str(attempt.id), error=error.code)
        async with self._database.workspace(attempt.workspace_id) as store:
            await store.attempts.finish(attempt.id, now=now)
            place = await store.about.get()
            expected = error.expected if isinstance(error, OtherOrganisation) else ""
            notice = ConnectFailed(error=error.code, channel_id=place.channel_id, organisation=expected)
            await store.outbox.tell(f"connect-failed:{attempt.id}", encode(notice), now=now, to_user=attempt.asked_by)


async def put_off_farewell(store: WorkspaceStore, *, until: datetime) -> None:
    """Somebody is on the way to Xero to connect again: a goodbye said now would remove what they are about to get."""
    connection = await store.connections.latest()
    if connection is not None and connection.farewell_at is not None:
        connection.farewell_at = max(connection.farewell_at, until)


async def attempt_of(unscoped: Unscoped, state: str, browser: str) -> ConnectAttempt:
    """The attempt that a state stands for; raise AttemptInvalid for one that is unknown or from another browser."""
    owned = await unscoped.attempt_by_state(hash_of(state))
    attempt = await unscoped.within(owned.workspace_id).attempts.get(owned.id) if owned else None
    if attempt is None or not same_browser(attempt, browser):
        raise AttemptInvalid("unknown state or another browser")
    return attempt


def same_browser(attempt: ConnectAttempt, browser: str) -> bool:
    return attempt.browser_hash is not None and hmac.compare_digest(attempt.browser_hash, hash_of(browser))


def choices(tenants: Sequence[Tenant], *, before: Connection | None) -> Sequence[Tenant]:
    """Return the organisations this workspace may be connected to.

    A workspace keeps the books of one organisation for good: what is mirrored of another must not mix with it.
    """
    if not tenants:
        raise NoOrganisation
    if before is None:
        return tenants
    same = [tenant for tenant in tenants if tenant.tenant_id == before.tenant_id]
    if not same:
        raise OtherOrganisation(expected=before.tenant_name, chosen=tenants[0].tenant_name)
    return same
