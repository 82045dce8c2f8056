"""Where a notice goes that its own place cannot be told: to people who can act on it, then to who runs the program."""

from uuid import UUID

from bot.refusals import Meaning
from core.notices import Expiring, Notice, Trouble
from storage.database import Database
from storage.store import WorkspaceStore

BY_MAIL = "@mail"
"""In place of a person: the operators, by mail."""


def must_arrive(notice: Notice) -> bool:
    """Whether this is worth telling elsewhere."""
    return isinstance(notice, Trouble | Expiring)


def next_detour(at: int, meaning: Meaning, people: int) -> int | None:
    """Return the next step after the place at `at` (0 is home) could not be told; None when nobody in Slack is left."""
    further = people + 1 if meaning is Meaning.NO_TEAM else at + 1
    return further if further <= people else None


async def people_to_tell(database: Database, workspace_id: UUID) -> list[str]:
    """Slack ids: who connected this workspace, then those who connected or made the team's other ones."""
    async with database.reading(workspace_id) as store:
        team_id, found = (await store.about.get()).team_id, await _who_looks_after(store)
    async with database.asking() as unscoped:
        others = [place.workspace_id for place in await unscoped.places(team_id) if place.workspace_id != workspace_id]
    for other_id in others:
        async with database.reading(other_id) as other:
            found += await _who_looks_after(other)
    return list(dict.fromkeys(found))


async def _who_looks_after(store: WorkspaceStore) -> list[str]:
    connection = await store.connections.latest()
    return [connection.connected_by] if connection else [(await store.about.get()).created_by]
