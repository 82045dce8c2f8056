from typing import NamedTuple
from uuid import UUID


class Owned(NamedTuple):
    """A row and the workspace it belongs to."""

    workspace_id: UUID
    id: UUID
