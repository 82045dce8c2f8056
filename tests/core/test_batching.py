"""Asking for many at once what many ask for one by one."""

import asyncio
from collections.abc import Sequence

import pytest

from core.batching import Together


class Slow:
    """Doubles numbers, and keeps which came together; it goes on when told to. Seven it cannot double."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.go_on = asyncio.Event()

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.asked.append(list(numbers))
        await self.go_on.wait()
        if 7 in numbers:
            raise ValueError("seven")
        return [2 * number for number in numbers]


async def asked(together: Together[int, int], *numbers: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.ensure_future(together(number)) for number in numbers]
    await asyncio.sleep(0.01)
    return tasks


async def test_what_comes_while_another_is_answered_is_asked_together_and_each_has_its_own_answer() -> None:
    slow = Slow()
    together = Together(slow)
    tasks = await asked(together, 1) + await asked(together, 2, 3, 4)
    slow.go_on.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8]
    assert slow.asked == [[1], [2, 3, 4]]
    assert await together(5) == 10


async def test_all_who_asked_together_hear_what_went_wrong_and_the_next_are_answered() -> None:
    slow = Slow()
    slow.go_on.set()
    together = Together(slow)
    found = await asyncio.gather(together(1), together(7), return_exceptions=True)
    assert [str(why) for why in found] == ["seven", "seven"]
    assert await together(2) == 4


async def test_who_does_not_wait_any_more_keeps_nobody_from_an_answer() -> None:
    slow = Slow()
    together = Together(slow)
    first, gone, stays = await asked(together, 1, 2, 3)
    gone.cancel()
    slow.go_on.set()
    assert (await first, await stays) == (2, 6)
    with pytest.raises(asyncio.CancelledError):
        await gone
