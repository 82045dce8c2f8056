"""How many reminders wait because of a trouble. The reminder plan answers; without one there is nothing to wait."""

from datetime import datetime
from typing import Protocol

from core.notices import Held
from storage.models import Connection
from storage.store import WorkspaceStore


class OnHold(Protocol):
    """What knows of reminders on hold."""

    async def held(self, store: WorkspaceStore, connection: Connection, *, now: datetime) -> Held | None:
        """Return what is on hold while this connection is in trouble; None while there is no plan."""


class NothingOnHold:
    """No reminders were ever started."""

    async def held(self, store: WorkspaceStore, connection: Connection, *, now: datetime) -> Held | None:
        return None
