from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import SQLModel, col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.mirror_models import Cursor
from storage.models import Resource
from storage.owned import GOES_ALONG, MINE

CURSOR = select(Cursor).where(
    col(Cursor.workspace_id) == MINE,
    col(Cursor.connection_id) == bindparam("connection"),
    col(Cursor.resource) == bindparam("resource"),
)

CURSORS = SQLModel.metadata.tables["cursor"]
MOVE = (
    update(CURSORS)
    .where(
        CURSORS.c.workspace_id == MINE,
        CURSORS.c.connection_id == bindparam("connection"),
        CURSORS.c.resource == bindparam("what"),
    )
    .execution_options(**GOES_ALONG)
)
MOVING = ("since", "filling", "follow_from", "reached", "again")


class Cursors:
    """How far each resource of a connection has been read."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def get(self, connection_id: UUID, resource: Resource) -> Cursor:
        """Return the cursor; a new one, still to be filled, where nothing was read yet."""
        wanted = {"mine": self._workspace_id, "connection": connection_id, "resource": resource}
        found = (await self._session.exec(CURSOR, params=wanted)).one_or_none()
        if found is None:
            found = Cursor(workspace_id=self._workspace_id, connection_id=connection_id, resource=resource)
            self._session.add(found)
        return found

    async def move(self, cursor: Cursor) -> None:
        """Note how far this one has come; it was got before, perhaps in another transaction."""
        here = {"mine": self._workspace_id, "connection": cursor.connection_id, "what": cursor.resource}
        connection = await self._session.connection()
        await connection.execute(MOVE, here | {column: getattr(cursor, column) for column in MOVING})

    async def start_over(self, connection_id: UUID) -> None:
        """Forget how far anything was read: the next sync reads all that is outstanding again."""
        await self._session.exec(
            delete(Cursor).where(
                col(Cursor.workspace_id) == self._workspace_id, col(Cursor.connection_id) == connection_id
            )
        )
