"""Asking for many at once what many ask for one by one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Together(Generic[Q, A]):
    """Whoever asks while an earlier question is being answered is answered by the next one, with all who did.

    `ask` answers questions in their order, for a handful as fast as for one: in one transaction, say. What it raises,
    all of them are told.
    """

    def __init__(self, ask: Callable[[Sequence[Q]], Awaitable[Sequence[A]]]) -> None:
        self._ask = ask
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def __call__(self, question: Q) -> A:
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._answer())
        return await answer

    async def _answer(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, []
                together = self._ask([question for question, _answer in asked])
                [told] = await asyncio.gather(together, return_exceptions=True)
                tell([answer for _question, answer in asked], told)
        finally:
            self._asking = None


def tell(waiting: Sequence[asyncio.Future[A]], told: Sequence[A] | BaseException) -> None:
    for number, each in enumerate(waiting):
        if each.done():  # nobody waits any more
            continue
        if isinstance(told, BaseException):
            each.set_exception(told)
        else:
            each.set_result(told[number])
