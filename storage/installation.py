from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel, col, delete, func, select, text, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import AuditEvent, ConnectAttempt, OutboxMessage, SupportRequest, SyncRun, Workspace
from storage.reminder_models import Letter, LetterState
from storage.slack_models import InstallAttempt, Preferences
from storage.upserts import add_once

HERE = text(
    "SELECT (SELECT oid FROM pg_database WHERE datname = current_database())::text"
    " || ':' || to_regclass('installation')::oid::text"
)


class Installation(SQLModel, table=True):
    """What tells a database from a copy of it. `letters` counts those that were promised to SMTP, `mark` is where on
    PostgreSQL this table was made."""

    id: int = Field(default=1, primary_key=True)
    letters: int = 0
    mark: str = ""


class InstallationRow:
    """The installation as a whole, and what has to be put right after an old backup of it was restored."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self) -> Installation:
        found = (await self._session.exec(select(Installation))).first()
        if found is not None:
            return found
        # Processes that start together come here together.
        await add_once(self._session, Installation, Installation().model_dump())
        return (await self._session.exec(select(Installation))).one()

    async def count_letter(self) -> int:
        """Count one more; return how many there are now."""
        found = await self.get()
        await self._session.exec(update(Installation).values(letters=Installation.letters + 1))
        await self._session.refresh(found)
        return found.letters

    async def here(self) -> str:
        """Where PostgreSQL has this table; another place after every pg_restore. Empty on SQLite."""
        if self._session.get_bind().dialect.name != "postgresql":
            return ""
        return str((await self._session.exec(HERE)).scalar_one())  # type: ignore[call-overload]

    async def workspaces(self) -> Sequence[UUID]:
        return (await self._session.exec(select(Workspace.id))).all()

    async def last_moment(self) -> datetime | None:
        """The newest moment that the database knows of: about when it was backed up."""
        columns = (SyncRun.queued_at, OutboxMessage.created_at, AuditEvent.at, Letter.claimed_at)
        found = [(await self._session.exec(select(func.max(column)))).one() for column in columns]
        return max((moment for moment in found if moment is not None), default=None)

    async def quieten(self, *, now: datetime) -> None:
        """Have nothing told, mailed or noted that waited when the backup was made: it was, most likely. Links given
        out before are no longer good."""
        waits = col(OutboxMessage.waiting) & col(OutboxMessage.message_ts).is_(None)
        asked = col(SupportRequest.send_at).is_not(None) & col(SupportRequest.sent_at).is_(None)
        went = (col(Letter.state) == LetterState.SENT) & col(Letter.noted_at).is_(None)
        for change in (
            update(OutboxMessage).where(waits).values(waiting=False, last_error="restored"),
            update(SupportRequest).where(asked).values(sent_at=now),
            update(Letter).where(went).values(noted_at=now),
            update(Preferences).where(col(Preferences.digest_at) <= now).values(digest_at=None),
            delete(ConnectAttempt),
            delete(InstallAttempt),
        ):
            await self._session.exec(change)
