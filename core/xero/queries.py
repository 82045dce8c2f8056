"""How Xero is asked for pages of a list, and for records by their ids."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

Params = dict[str, Any]

PAGE_SIZE = 1000
"""Xero's largest."""
IDS_AT_ONCE = 40
"""Keeps the address of a request under 2,000 characters."""


def paged(params: Params, page: int) -> Params:
    return params | {"page": page, "pageSize": PAGE_SIZE}


def by_ids(ids: Sequence[UUID]) -> Params:
    """Ask for one of the `batches`."""
    return paged({"IDs": ",".join(map(str, ids))}, 1)


def batches(ids: Sequence[UUID]) -> list[Sequence[UUID]]:
    """An empty list would mean all of them to Xero: then there is nothing to ask."""
    return [ids[start : start + IDS_AT_ONCE] for start in range(0, len(ids), IDS_AT_ONCE)]
