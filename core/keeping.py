"""Keeps permissions alive and true, whether syncs run or not.

A refresh that a crash broke off is taken up while Xero still accepts the token. Once a day each connection is looked
at: its permission is used, so that it never lapses, and Xero is asked whether the organisation is still ours.
"""

from datetime import datetime, timedelta

import structlog

from core.clock import utc_now
from core.endings import Shared, endings, rung
from core.errors import DisconnectedInXero, NeedsPerson, Superseded, XeroError
from core.guard import survived
from core.notices import Expiring, encode
from core.schedule import LOOKED_AT_EVERY
from core.sync import Syncing
from storage.models import Connection, ConnectionState
from storage.owned import Owned
from storage.store import WorkspaceStore
from storage.unscoped import Unscoped

log = structlog.get_logger()

AT_ONCE = 50
RENEWED_EVERY = timedelta(days=6)
"""A refresh token that rests is used after this long; syncs use it far more often."""
LOOK_AGAIN = timedelta(hours=1)


class Keeping:
    """`webhooks`: whether this installation is set up to hear them."""

    def __init__(self, syncing: Syncing, *, webhooks: bool = False) -> None:
        self._syncing = syncing
        self._webhooks = webhooks
        self._database = syncing.database

    async def mend(self) -> None:
        """Take up refreshes whose process is gone: the new pair may be lost, and the old one lives for minutes."""
        async with self._database.asking() as unscoped:
            broken_off = await unscoped.due.interrupted_refreshes(now=utc_now(), limit=AT_ONCE)
        for owned in broken_off:
            log.warning("tokens.broken_off", workspace=str(owned.workspace_id), connection=str(owned.id))
            await survived("mend", self._renewed(owned), workspace=str(owned.workspace_id))

    async def look(self) -> None:
        """See to the connections whose day has come."""
        now = utc_now()
        async with self._database.unscoped() as unscoped:
            due = await unscoped.due.looks(now=now, next_at=now + LOOKED_AT_EVERY, limit=AT_ONCE)
            shared = await self._shared(unscoped, now=now) if due else Shared()
        for owned in due:
            await survived("look", self._look(owned, shared, now=now), workspace=str(owned.workspace_id))

    async def _shared(self, unscoped: Unscoped, *, now: datetime) -> Shared:
        feed = await unscoped.webhook_feed() if self._webhooks else None
        key_since = await unscoped.key_used_since(self._syncing.vault.first_id, now=now)
        return Shared(feed.heard_at if feed else None, key_since)

    async def _renewed(self, owned: Owned) -> None:
        try:
            await self._syncing.tokens(*owned).renew()
        except (XeroError, Superseded) as error:
            log.info("tokens.not_renewed", workspace=str(owned.workspace_id), error=error.code)

    async def _look(self, owned: Owned, shared: Shared, *, now: datetime) -> None:
        async with self._database.reading(owned.workspace_id) as store:
            seen = await store.connections.get(owned.id)
        if seen is None or seen.state == ConnectionState.DISCONNECTED:
            return
        error: XeroError | None = None
        try:
            if seen.refreshed_at is None or now - seen.refreshed_at >= RENEWED_EVERY:
                await self._syncing.tokens(*owned).renew()
            if not await self._syncing.xero.lists(self._syncing.tokens(*owned), seen.tenant_id):
                error = DisconnectedInXero("not listed")
        except Superseded:
            return
        except XeroError as met:
            error = met
        async with self._database.workspace(owned.workspace_id) as store:
            connection = await self._judge(store, seen, error, now=now)
            if connection is not None:
                await warn(store, connection, shared, now=now)

    async def _judge(
        self, store: WorkspaceStore, seen: Connection, error: XeroError | None, *, now: datetime
    ) -> Connection | None:
        """Tell what a look has shown; None where somebody has connected again, or disconnected, meanwhile."""
        await store.connections.lock(seen.id)
        connection = await store.connections.get(seen.id)
        if connection is None or (connection.connected_at, connection.state) != (seen.connected_at, seen.state):
            return None
        if isinstance(error, NeedsPerson):
            log.info("look.lost", workspace=str(store.id), error=error.code)
            if connection.state == ConnectionState.ACTIVE:
                await self._syncing.troubles.failed(store, connection, error, now=now)
        elif error is not None:
            # It passes, or is ours to mend: syncs tell of it.
            connection.look_at = now + LOOK_AGAIN
        return connection


async def warn(store: WorkspaceStore, connection: Connection, shared: Shared, *, now: datetime) -> None:
    """Tell who connected of what ends soon, once for each rung of the ladder."""
    for expiry in endings(connection, shared):
        days = rung(expiry.ends_at, now=now)
        if days is None:
            continue
        place = await store.about.get()
        notice = Expiring(
            organisation=connection.tenant_name,
            connection_id=connection.id,
            channel_id=place.channel_id,
            what=expiry.what,
            ends_at=expiry.ends_at,
            reconnect_needed=connection.state == ConnectionState.RECONNECT_NEEDED,
        )
        card = f"ending:{connection.id}:{expiry.what}:{expiry.ends_at.date().isoformat()}:{days}"
        await store.outbox.tell_once(card, encode(notice), now=now, to=connection.connected_by)
