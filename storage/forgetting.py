"""All rows of one workspace: to hand them out, and to be rid of them."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Table, delete
from sqlmodel import SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.models import Workspace


def tables() -> list[Table]:
    """Every table of a workspace, those first that others point to."""
    return [table for table in SQLModel.metadata.sorted_tables if "workspace_id" in table.c]


class Everything:
    """Ends everything there is of this workspace, the workspace itself included."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def forget(self) -> Mapping[str, int]:
        """Delete all rows; return how many there were of each table that had any."""
        await self._session.flush()
        gone: dict[str, int] = {}
        for table in reversed(tables()):
            removed = await self._session.exec(delete(table).where(table.c.workspace_id == self._workspace_id))
            if removed.rowcount:
                gone[table.name] = int(removed.rowcount)
        await self._session.exec(delete(Workspace).where(col(Workspace.id) == self._workspace_id))
        self._session.expunge_all()
        return gone
