"""Who waits for a quick answer goes first, for a while."""

import asyncio
from time import monotonic

from core.lull import Lull

LONG, SHORT = 60.0, 0.05


async def one(lull: Lull, at_most: float) -> None:
    """Something that may wait, done."""
    async with lull.turn(at_most):
        pass


async def test_where_nobody_waits_nothing_is_waited_for() -> None:
    began = monotonic()
    await one(Lull(), LONG)
    assert monotonic() - began < LONG / 2


async def test_all_who_wait_go_first() -> None:
    lull = Lull()
    with lull.disturbed():
        with lull.disturbed():
            waiting = asyncio.create_task(one(lull, LONG))
            await asyncio.sleep(SHORT)
            assert not waiting.done()
        await asyncio.sleep(SHORT)
        assert not waiting.done(), "one of two has its answer"
    await waiting


async def test_where_somebody_always_waits_it_goes_on_all_the_same() -> None:
    lull = Lull()
    with lull.disturbed():
        began = monotonic()
        await one(lull, SHORT)
        assert monotonic() - began >= SHORT / 2


async def test_what_may_wait_is_done_one_after_the_other() -> None:
    lull = Lull()
    async with lull.turn(LONG):
        waiting = asyncio.create_task(one(lull, LONG))
        await asyncio.sleep(SHORT)
        assert not waiting.done()
    await waiting


async def test_whoever_is_answered_with_a_failure_waits_no_more() -> None:
    lull = Lull()
    try:
        with lull.disturbed():
            raise ZeroDivisionError
    except ZeroDivisionError:
        await one(lull, LONG)


async def test_at_the_end_nobody_is_let_go_first() -> None:
    lull = Lull()
    with lull.disturbed():
        waiting = asyncio.create_task(one(lull, LONG))
        await asyncio.sleep(0)
        lull.end()
        await waiting
        with lull.disturbed():
            await one(lull, LONG)
