"""Changing keys while everything runs: what older keys sealed is sealed anew with the first, some rows at a time.

It may be stopped at any moment and started again. Whoever renews a token meanwhile seals it with the first key too.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Column

from core import sealed_places as places
from core.vault import CannotOpen, Vault
from storage.database import Database
from storage.seals import Sealed, sealed_columns

AT_ONCE = 100

Row = Mapping[str, Any]
PLACES: Mapping[str, Callable[[Row], str]] = {
    "team.bot_token_sealed": lambda row: places.of_team(row["id"]),
    "team.refresh_token_sealed": lambda row: places.of_team(row["id"], "refresh_token"),
    "connection.access_token_sealed": lambda row: places.of_connection(row["id"], "access_token"),
    "connection.refresh_token_sealed": lambda row: places.of_connection(row["id"], "refresh_token"),
    "connection.previous_refresh_sealed": lambda row: places.of_connection(row["id"], "refresh_token"),
    "connect_attempt.verifier_sealed": lambda row: places.of_attempt(row["id"], "verifier"),
    "connect_attempt.grant_sealed": lambda row: places.of_attempt(row["id"], "grant"),
    "pay_link.url_sealed": lambda row: places.of_pay_link(row["workspace_id"], row["invoice_id"]),
}
"""For every sealed column the place that a row's value was sealed for."""


class Resealing:
    """`done` values were sealed anew; `lost` ones no key at hand opens, and they are left as they are."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self.done = 0
        self.lost = 0

    async def run(self) -> None:
        for column in sealed_columns():
            await self._column(column, PLACES[str(column)])

    async def _column(self, column: Column[Any], place: Callable[[Row], str]) -> None:
        lost: set[bytes] = set()
        while True:
            async with self._database.unscoped() as unscoped:
                some = await unscoped.seals.made_otherwise(column, self._vault.beginning, limit=AT_ONCE + len(lost))
                some = [each for each in some if each.value not in lost]
                for each in some:
                    sealed = self._anew(each, place)
                    if sealed is None:
                        lost.add(each.value)
                    else:
                        self.done += await unscoped.seals.replace(column, each, sealed)
            if not some:
                self.lost += len(lost)
                return

    def _anew(self, it: Sealed, place: Callable[[Row], str]) -> bytes | None:
        where = place(it.row)
        try:
            return self._vault.seal(self._vault.open(it.value, place=where), place=where)
        except CannotOpen:
            return None
