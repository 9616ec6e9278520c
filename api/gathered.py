"""Questions that are answered together, as many as wait at the time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from starlette.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Question = TypeVar("_Question")
_Answer = TypeVar("_Answer")
AT_ONCE = 2
"""So many threads answer: one computes while the other waits for the database."""
MOST = 16
"""Most questions that are answered together."""


class _Waiting(NamedTuple, Generic[_Question, _Answer]):
    question: _Question
    future: asyncio.Future[_Answer]


class Gathered(Generic[_Question, _Answer]):
    """Answers all questions that wait as soon as a thread is free.

    Who asks alone is answered at once. The more ask, the more share a round trip: so
    each waits for about as long as the others do, and the cost of each falls.

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
        self._working: set[asyncio.Task[None]] = set()

    async def get(self, question: _Question) -> _Answer:
        """Return the answer, or raise the error that stands in its place."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(question, future))
        if len(self._working) < AT_ONCE:
            task = asyncio.create_task(self._work())
            self._working.add(task)
            task.add_done_callback(self._working.discard)
        found: _Answer = await future
        return found

    async def _work(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            for waiting, found in zip(taken, await self._asked(taken), strict=True):
                _give(waiting.future, found)

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
