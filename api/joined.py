"""Work that is done once for all who ask for it while the same is being done."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

from starlette.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_T = TypeVar("_T")


class Joined(Generic[_T]):
    """Gives everybody something that was begun after they asked for it.

    Whoever asks while one is being made waits for the next, together with all others.
    """

    def __init__(self) -> None:
        self._busy: dict[Hashable, asyncio.Lock] = {}
        self._next: dict[Hashable, asyncio.Task[_T]] = {}

    async def get(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """Return what `make` returns, which runs in a thread.

        Parameters
        ----------
        key
            Of what is wanted.
        make
            Makes it, whoever's it is.
        """
        task = self._next.get(key)
        if task is None:
            task = self._next[key] = asyncio.create_task(self._make(key, make))
        # Whoever goes away must not take it from those who wait for it.
        return await asyncio.shield(task)

    async def _make(self, key: Hashable, make: Callable[[], _T]) -> _T:
        async with self._busy.setdefault(key, asyncio.Lock()):
            del self._next[key]
            made = await run_in_threadpool(make)
        if key not in self._next:
            del self._busy[key]
        return made
