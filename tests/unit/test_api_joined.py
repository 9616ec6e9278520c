"""What many ask for at the same time is made for all of them, and never too old."""

from __future__ import annotations

import asyncio
import threading

import pytest

from api.joined import Joined
from parkpulse.errors import NotFoundError


def test_who_asks_meanwhile_shares_the_next_one() -> None:
    joined: Joined[int] = Joined()
    made: list[int] = []
    has_begun, may_end = threading.Event(), threading.Event()

    def make() -> int:
        made.append(len(made))
        has_begun.set()
        may_end.wait(10.0)
        return made[-1]

    async def ask() -> list[int]:
        first = asyncio.create_task(joined.get(1, make))
        await asyncio.to_thread(has_begun.wait, 10.0)
        later = [asyncio.create_task(joined.get(1, make)) for _ in range(5)]
        await asyncio.sleep(0)
        may_end.set()
        return list(await asyncio.gather(first, *later))

    assert asyncio.run(ask()) == [0, 1, 1, 1, 1, 1]


def test_a_failure_is_for_those_who_waited_for_it() -> None:
    joined: Joined[int] = Joined()

    def fail() -> int:
        kind = "park"
        raise NotFoundError(kind, "nowhere")

    async def ask() -> int:
        with pytest.raises(NotFoundError):
            await joined.get(1, fail)
        return await joined.get(1, lambda: 7)

    assert asyncio.run(ask()) == 7


def test_who_leaves_takes_nothing_from_the_others() -> None:
    joined: Joined[int] = Joined()
    may_end = threading.Event()

    def make() -> int:
        may_end.wait(10.0)
        return 7

    async def ask() -> int:
        leaving = asyncio.create_task(joined.get(1, make))
        await asyncio.sleep(0)
        staying = asyncio.create_task(joined.get(1, make))
        await asyncio.sleep(0)
        leaving.cancel()
        may_end.set()
        return await staying

    assert asyncio.run(ask()) == 7
