from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, bindparam

MINE: Any = bindparam("mine", type_=Uuid())
"""Whose rows are meant, in statements that are made once and asked often: to make one anew takes as long as to ask."""

GOES_ALONG: Any = {"goes_along": True}
"""Of a statement whose outcome nobody asks for: on SQLite it waits for the next trip. Where it fails, so do that one
and the whole transaction."""
TO_THE_END: Any = {"to_the_end": True}
"""Of the last statement of a transaction: on SQLite all is committed in the same trip, where it changes anything."""


class Owned(NamedTuple):
    """A row and the workspace it belongs to."""

    workspace_id: UUID
    id: UUID
