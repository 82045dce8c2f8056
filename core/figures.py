"""The state of the whole installation in numbers, from the database: the same whichever process is asked."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from core.budget import A_DAY, budget
from core.presence import SILENCE
from storage.database import Database


@dataclass(frozen=True)
class Figures:
    """`processes` that are alive, by role. `lowest_quota` is the fewest calls any organisation has left today, None
    where Xero has told of none; `below_reserve` how many have no more than what is kept for people and reminders. Ages
    and lateness in seconds."""

    processes: dict[str, int]
    connections: dict[str, int]
    incidents: dict[str, int]
    runs: dict[str, int]
    overdue: int
    lateness: float
    outbox: int
    outbox_age: float
    unsure_letters: int
    lowest_quota: int | None
    below_reserve: int


async def read(database: Database, *, limit: int, now: datetime) -> Figures:
    """`limit`: calls a day and organisation."""
    async with database.asking() as unscoped:
        it = unscoped.figures
        overdue, outbox = await it.overdue(now=now), await it.outbox(now=now)
        budgets = [
            budget(limit, told.day_left, told.metered_at, resets_by=told.day_resets_by, now=now)
            for told in await it.lowest_quotas(metered_after=now - A_DAY)
        ]
        left = [(each.left, each.reserve) for each in budgets if each.left is not None]
        alive = await unscoped.workers.alive(seen_after=await unscoped.workers.time() - SILENCE)
        return Figures(
            processes=Counter(role for each in alive for role in each.roles.split(",")),
            connections=await it.connections(),
            incidents=await it.open_incidents(),
            runs=await it.unfinished_runs(),
            overdue=overdue.waiting,
            lateness=age(overdue.since, now),
            outbox=outbox.waiting,
            outbox_age=age(outbox.since, now),
            unsure_letters=await it.unsure_letters(),
            lowest_quota=min((calls for calls, _ in left), default=None),
            below_reserve=sum(calls <= reserve for calls, reserve in left),
        )


def age(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0) if since else 0.0
