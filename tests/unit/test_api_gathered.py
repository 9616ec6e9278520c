"""Questions that wait are answered together; each who asks gets their own answer."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from api import gathered
from api.gathered import Gathered
from parkpulse.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Desk:
    """Answers with the double, when it is let."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.may_answer = threading.Event()

    def answer(self, questions: Sequence[int]) -> list[int | Exception]:
        self.asked.append(list(questions))
        assert self.may_answer.wait(10.0)
        return [_double(each) for each in questions]


def _double(number: int) -> int | Exception:
    return 2 * number if number >= 0 else NotFoundError("number", str(number))


async def _turns() -> None:
    """Let all tasks go on until they wait."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_who_asks_alone_is_answered_and_who_waits_shares() -> None:
    desk = _Desk()
    many = 2 * gathered.MOST + 3

    async def ask() -> list[int]:
        gather: Gathered[int, int] = Gathered(desk.answer)
        tasks = [asyncio.create_task(gather.get(1))]
        await _turns()
        tasks += [asyncio.create_task(gather.get(100 + n)) for n in range(many)]
        await _turns()
        desk.may_answer.set()
        return list(await asyncio.gather(*tasks))

    assert asyncio.run(ask()) == [2] + [200 + 2 * n for n in range(many)]
    numbers = [100 + n for n in range(many)]
    most = gathered.MOST
    assert desk.asked == [[1], numbers[:most], numbers[most:-3], numbers[-3:]]


def test_who_waits_for_one_that_is_slow_is_answered_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gathered, "PATIENCE_S", 0.001)
    desk = _Desk()

    async def ask() -> list[int]:
        gather: Gathered[int, int] = Gathered(desk.answer)
        tasks = []
        for number in range(gathered.AT_ONCE + 2):
            tasks.append(asyncio.create_task(gather.get(number)))
            await asyncio.sleep(0.02)
        desk.may_answer.set()
        return list(await asyncio.gather(*tasks))

    at_once = gathered.AT_ONCE
    assert asyncio.run(ask()) == [2 * n for n in range(at_once + 2)]
    assert desk.asked[:at_once] == [[n] for n in range(at_once)]
    assert desk.asked[at_once:] == [[at_once, at_once + 1]]


def test_an_error_is_for_the_one_who_asked_for_it() -> None:
    desk = _Desk()
    desk.may_answer.set()

    async def ask() -> list[int | BaseException]:
        gather: Gathered[int, int] = Gathered(desk.answer)
        return await asyncio.gather(
            *(gather.get(n) for n in (1, -1, 2)), return_exceptions=True
        )

    one, error, two = asyncio.run(ask())
    assert (one, two) == (2, 4)
    assert isinstance(error, NotFoundError)


def test_a_failure_is_told_to_all_and_forgotten() -> None:
    desk = _Desk()

    def fail(questions: Sequence[int]) -> list[int | Exception]:
        if len(questions) > 1:
            message = "away"
            raise OSError(message)
        return desk.answer(questions)

    async def ask() -> int:
        gather: Gathered[int, int] = Gathered(fail)
        found = await asyncio.gather(
            *(gather.get(n) for n in range(3)), return_exceptions=True
        )
        assert [type(each) for each in found] == [OSError] * 3
        desk.may_answer.set()
        return await gather.get(7)

    assert asyncio.run(ask()) == 14


def test_who_leaves_takes_nothing_from_the_others() -> None:
    desk = _Desk()

    async def ask() -> int:
        gather: Gathered[int, int] = Gathered(desk.answer)
        leaving = asyncio.create_task(gather.get(1))
        staying = asyncio.create_task(gather.get(2))
        await _turns()
        leaving.cancel()
        desk.may_answer.set()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        return await staying

    assert asyncio.run(ask()) == 4
