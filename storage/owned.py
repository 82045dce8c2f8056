from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, bindparam

MINE: Any = bindparam("mine", type_=Uuid())
"""Whose rows are meant, in statements that are made once and asked often: to make one anew takes as long as to ask."""


class Owned(NamedTuple):
    """A row and the workspace it belongs to."""

    workspace_id: UUID
    id: UUID
