"""Questions that are answered together, as many as wait at the time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from starlette.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Question = TypeVar("_Question")
_Answer = TypeVar("_Answer")
PATIENCE_S = 0.03
"""A thread that answers for longer waits for the disk: another one begins. [s]"""
AT_ONCE = 4
"""So many threads answer at most."""
MOST = 16
"""Most questions that are answered together."""


class _Waiting(NamedTuple, Generic[_Question, _Answer]):
    question: _Question
    future: asyncio.Future[_Answer]


class Gathered(Generic[_Question, _Answer]):
    """Answers all questions that wait as soon as nobody is answering others.

    Who asks alone is answered at once. The more ask, the more share a round trip: so
    each waits for about as long as the others do, and the cost of each falls. Threads
    that compute take the interpreter from each other, and some had it so rarely that
    whom they answered waited for four times as long: so there is one at a time, unless
    it waits for something else.

    Parameters
    ----------
    answer
        Answers questions in a thread; an error stands in the place of its answer.
    """

    def __init__(
        self, answer: Callable[[Sequence[_Question]], Sequence[_Answer | Exception]]
    ) -> None:
        self._answer = answer
        self._waiting: list[_Waiting[_Question, _Answer]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy = 0
        self._quick: set[object] = set()
        """Those who are busy, and have not been for long."""

    async def get(self, question: _Question) -> _Answer:
        """Return the answer, or raise the error that stands in its place."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(question, future))
        self._begin()
        found: _Answer = await future
        return found

    def _begin(self) -> None:
        if self._waiting and not self._quick and self._busy < AT_ONCE:
            self._busy += 1
            one = object()
            self._quick.add(one)
            task = asyncio.create_task(self._work(one))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _lose_patience(self, one: object) -> None:
        self._quick.discard(one)
        self._begin()

    async def _work(self, one: object) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and self._quick <= {one}:
            self._quick.add(one)
            timer = loop.call_later(PATIENCE_S, self._lose_patience, one)
            taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            for waiting, found in zip(taken, await self._asked(taken), strict=True):
                _give(waiting.future, found)
            timer.cancel()
        self._quick.discard(one)
        self._busy -= 1

    async def _asked(
        self, taken: Sequence[_Waiting[_Question, _Answer]]
    ) -> Sequence[_Answer | Exception]:
        questions = [each.question for each in taken]
        try:
            return await run_in_threadpool(self._answer, questions)
        except Exception as error:  # noqa: BLE001 - each who asked is told
            return [error] * len(questions)


def _give(future: asyncio.Future[_Answer], found: _Answer | Exception) -> None:
    if future.done():
        return  # Whoever asked has gone away.
    if isinstance(found, Exception):
        future.set_exception(found)
    else:
        future.set_result(found)
