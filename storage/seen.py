from collections.abc import Collection
from datetime import datetime

from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.slack_models import SeenRequest


class SeenRequests:
    """Which requests have come in, across all processes. The primary key decides who was first."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def claim(self, keys: Collection[str], *, now: datetime, until: datetime) -> bool:
        """Note these keys until then, and return True; False where one of them is noted already.

        Two at the same moment: the second fails with IntegrityError when it commits or flushes.
        """
        mine = col(SeenRequest.key).in_(keys)
        await self._session.exec(delete(SeenRequest).where(mine, col(SeenRequest.until_at) <= now))
        if (await self._session.exec(select(SeenRequest.key).where(mine).limit(1))).first() is not None:
            return False
        self._session.add_all([SeenRequest(key=key, until_at=until) for key in keys])
        await self._session.flush()
        return True

    async def keep(self, key: str, *, until: datetime) -> None:
        await self._session.exec(update(SeenRequest).where(col(SeenRequest.key) == key).values(until_at=until))

    async def release(self, keys: Collection[str]) -> None:
        """Have these be new again: nothing came of them."""
        await self._session.exec(delete(SeenRequest).where(col(SeenRequest.key).in_(keys)))

    async def forget_old(self, *, now: datetime) -> int:
        gone = await self._session.exec(delete(SeenRequest).where(col(SeenRequest.until_at) <= now))
        return int(gone.rowcount)
