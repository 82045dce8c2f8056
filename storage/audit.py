"""Who did what in a workspace."""

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import AuditEvent


class Did(StrEnum):
    """All that is written down of people and of ourselves; bot/views/history.py has the words for it."""

    CONNECTED = "connected"
    RECONNECTED = "reconnected"
    DISCONNECTED = "disconnected"
    REMOVED = "removed"
    ASKED_FOR_SYNC = "asked for a sync"
    ASKED_FOR_FULL_SYNC = "asked for a full sync"
    ASKED_FOR_HELP = "asked for help"
    TAKEN = "taken"
    SNOOZED = "snoozed"
    WOKE = "woke"
    """These three of a card, by the names that core.incidents.Happening has for them."""
    RETRIED_BY_OPERATORS = "had a sync tried again"
    RESTORED = "restored"
    EXPORTED = "exported"
    SETTINGS_CHANGED = "settings"
    HOLD_PLACED = "hold placed"
    HOLD_RELEASED = "hold released"
    LETTER_DECIDED = "letter decided"
    CREDIT_ANSWERED = "credit answered"
    CREDIT_ASKED = "credit asked"
    SUBSCRIBED_AGAIN = "subscribed again"
    REMINDERS_STARTED = "reminders started"
    REMINDERS_PAUSED = "reminders paused"
    REMINDERS_RESUMED = "reminders resumed"
    RULES_CHANGED = "reminder rules changed"
    LETTER_CHANGED = "reminder letter changed"


class Audit:
    """Who did what in this workspace. Only ever added to."""

    def __init__(self, session: AsyncSession, workspace_id: UUID, touch: Callable[[datetime], None]) -> None:
        self._session = session
        self._workspace_id = workspace_id
        self._touch = touch

    def add(self, who: str, what: Did, *, at: datetime, detail: str = "") -> None:
        self._touch(at)
        self._session.add(AuditEvent(workspace_id=self._workspace_id, who=who, what=what, at=at, detail=detail))

    async def everything(self) -> Sequence[AuditEvent]:
        """Oldest first."""
        mine = select(AuditEvent).where(col(AuditEvent.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.order_by(col(AuditEvent.at)))).all()

    async def latest(self, count: int) -> Sequence[AuditEvent]:
        mine = select(AuditEvent).where(col(AuditEvent.workspace_id) == self._workspace_id)
        return (await self._session.exec(mine.order_by(col(AuditEvent.at).desc()).limit(count))).all()
