from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Dialect, bindparam
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import col, delete, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.slack_models import SeenRequest
from storage.upserts import insert_for

KEPT = update(SeenRequest).where(col(SeenRequest.key).in_(bindparam("keys", expanding=True)))
KEPT = KEPT.values(until_at=bindparam("until")).execution_options(synchronize_session=False)


@lru_cache
def noting(dialect: Dialect) -> ReturningInsert[tuple[str]]:
    """Note keys that are new or past their time; those come back."""
    note = insert_for(dialect)(SeenRequest)
    anew = note.on_conflict_do_update(
        index_elements=[col(SeenRequest.key)],
        set_={"until_at": note.excluded.until_at},
        where=col(SeenRequest.until_at) <= bindparam("now"),
    )
    return anew.returning(col(SeenRequest.key))  # type: ignore[no-any-return]


class SeenRequests:
    """Which requests have come in, across all processes. The primary key decides who was first."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def claim(self, keys: Collection[str], *, now: datetime, until: datetime) -> bool:
        """Note these keys until then, and return True; False where one of them is noted already."""
        [new] = await self.claim_each([keys], now=now, until=until)
        return new

    async def claim_each(self, requests: Sequence[Collection[str]], *, now: datetime, until: datetime) -> list[bool]:
        """The same for several requests; of two with the same key the first is new."""
        # Sorted: two processes with the same keys would otherwise wait for each other.
        keys = sorted({key for request in requests for key in request})
        connection = await self._session.connection()
        rows = [{"key": key, "until_at": until, "now": now} for key in keys]
        free = set((await connection.execute(noting(connection.dialect), rows)).scalars())
        answers = []
        for request in requests:
            answers.append(free.issuperset(request))
            free -= set(request)
        return answers

    async def keep(self, keys: Collection[str], *, until: datetime) -> None:
        await self._session.exec(KEPT, params={"keys": list(keys), "until": until})

    async def release(self, keys: Collection[str]) -> None:
        """Have these be new again: nothing came of them."""
        await self._session.exec(delete(SeenRequest).where(col(SeenRequest.key).in_(keys)))

    async def forget_old(self, *, now: datetime) -> int:
        gone = await self._session.exec(delete(SeenRequest).where(col(SeenRequest.until_at) <= now))
        return int(gone.rowcount)
