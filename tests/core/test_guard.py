"""Works side by side: each answer in its place, and nothing goes on where one fails."""

import asyncio

import pytest

from core.guard import together


async def answer(what: str, after: float = 0.0) -> str:
    await asyncio.sleep(after)
    return what


async def test_each_answer_is_in_its_place_whichever_comes_first() -> None:
    assert await together(answer("slow", 0.02), answer("quick"), answer("between", 0.01)) == (
        "slow",
        "quick",
        "between",
    )


async def test_where_one_fails_the_others_are_cut_off_before_that_is_raised() -> None:
    ended = []

    async def long() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("long")

    async def failing() -> None:
        await asyncio.sleep(0.01)
        raise LookupError("no such page")

    with pytest.raises(LookupError, match="no such page"):
        await together(long(), failing(), long())
    assert ended == ["long", "long"]
