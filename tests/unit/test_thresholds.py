"""Threshold conditions: worked cases of each sentence of the definition."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest

from analytics import thresholds
from analytics.thresholds import CLEAR, RAISE, SEVERITY, Limits

Found = list[tuple[int, int, int]]


class Case(NamedTuple):
    """A rule above 10, 20 and 30 with deadband 2, and what readings make of it."""

    readings: list[tuple[int, float]]
    expected: Found
    on_delay: int = 0
    off_delay: int = 0
    now: int = 10_000


def limits(on_delay: int = 0, off_delay: int = 0, rows: int = 1) -> Limits:
    return Limits(
        sign=np.ones(rows),
        limit=np.tile([10.0, 20.0, 30.0], (rows, 1)),
        deadband=np.full(rows, 2.0),
        on_delay=np.full(rows, on_delay),
        off_delay=np.full(rows, off_delay),
        hold=np.full(rows, 150),
    )


CASES = {
    "at the limit is not beyond it": Case([(0, 10.0)], []),
    "beyond is raised with its level": Case([(0, 10.1)], [(0, RAISE, 1)]),
    "the highest level counts": Case([(0, 31.0)], [(0, RAISE, 3)]),
    "within the deadband it stays": Case([(0, 11.0), (60, 8.1)], [(0, RAISE, 1)]),
    "across the deadband it clears": Case(
        [(0, 11.0), (60, 8.0)], [(0, RAISE, 1), (60, CLEAR, 0)]
    ),
    "a level rises at once": Case(
        [(0, 11.0), (60, 25.0)], [(0, RAISE, 1), (60, SEVERITY, 2)]
    ),
    "a level falls behind the deadband": Case(
        [(0, 25.0), (60, 18.5), (120, 18.0)], [(0, RAISE, 2), (120, SEVERITY, 1)]
    ),
    "levels may be skipped": Case(
        [(0, 11.0), (60, 35.0), (120, 12.0)],
        [(0, RAISE, 1), (60, SEVERITY, 3), (120, SEVERITY, 1)],
    ),
    "the on-delay ends between readings": Case(
        [(0, 11.0), (60, 12.0)], [(30, RAISE, 1)], on_delay=30
    ),
    "the on-delay ends while the last reading holds": Case(
        [(0, 11.0)], [(150, RAISE, 1)], on_delay=150
    ),
    "the on-delay ends when it no longer holds": Case([(0, 11.0)], [], on_delay=151),
    "after a gap the next agreeing reading raises": Case(
        [(0, 11.0), (400, 11.0)], [(400, RAISE, 1)], on_delay=200
    ),
    "a contradiction starts the on-delay anew": Case(
        [(0, 11.0), (60, 9.5), (120, 11.0)], [(220, RAISE, 1)], on_delay=100
    ),
    "a contradiction at its very end counts": Case(
        [(0, 11.0), (60, 10.0)], [], on_delay=60
    ),
    "the level at the raise is that of the value that holds": Case(
        [(0, 35.0), (60, 11.0)], [(100, RAISE, 1)], on_delay=100
    ),
    "the off-delay ends between readings": Case(
        [(0, 11.0), (60, 5.0)], [(0, RAISE, 1), (90, CLEAR, 0)], off_delay=30
    ),
    "back for less than the off-delay is not back": Case(
        [(0, 11.0), (60, 5.0), (80, 9.0), (100, 5.0)],
        [(0, RAISE, 1), (130, CLEAR, 0)],
        off_delay=30,
    ),
    "while it is back the level stays": Case(
        [(0, 25.0), (60, 5.0), (80, 19.0), (100, 11.0)],
        [(0, RAISE, 2), (100, SEVERITY, 1)],
        off_delay=30,
    ),
    "silence clears nothing": Case([(0, 11.0)], [(0, RAISE, 1)], off_delay=30),
    "a value that is no number says nothing": Case(
        [(0, 11.0), (60, math.nan), (120, 5.0)], [(0, RAISE, 1), (120, CLEAR, 0)]
    ),
    "the clock decides what is due": Case([(0, 11.0)], [], on_delay=30, now=29),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    case = CASES[name]
    rule = limits(case.on_delay, case.off_delay)
    state, found = thresholds.advance(
        rule,
        thresholds.initial(1),
        np.zeros(len(case.readings), np.int64),
        np.array([ts for ts, _ in case.readings]),
        np.array([value for _, value in case.readings]),
    )
    _, late = thresholds.expire(rule, state, np.array([case.now]))
    result = [
        (int(each["ts"]), int(each["kind"]), int(each["level"]))
        for each in np.concatenate([found, late])
    ]
    assert result == case.expected


def test_the_onset_is_the_first_reading_beyond() -> None:
    rule = limits(on_delay=100)
    state, found = thresholds.advance(
        rule,
        thresholds.initial(1),
        np.zeros(3, np.int64),
        np.array([0, 60, 120]),
        np.array([5.0, 11.0, 12.0]),
    )
    assert not len(found)
    state, (raised,) = thresholds.expire(rule, state, np.array([160]))
    assert (raised["ts"], raised["onset"], raised["value"]) == (160, 60, 12.0)
    assert (state["onset"][0], state["raised"][0]) == (60, 160)


def test_deadline_is_when_time_alone_changes_something() -> None:
    rule = limits(on_delay=100, rows=3)
    state, _ = thresholds.advance(
        rule,
        thresholds.initial(3),
        np.array([0, 1]),
        np.array([0, 0]),
        np.array([5.0, 11.0]),
    )
    never = thresholds.FOREVER
    assert thresholds.deadline(rule, state).tolist() == [never, 100, never]


def test_no_readings_change_nothing() -> None:
    none = np.zeros(0, np.int64)
    state, found = thresholds.advance(
        limits(), thresholds.initial(1), none, none, np.zeros(0)
    )
    assert not len(found)
    assert state == thresholds.initial(1)


def test_the_state_given_is_not_changed() -> None:
    before = thresholds.initial(1)
    thresholds.advance(
        limits(), before, np.zeros(1, np.int64), np.array([0]), np.array([11.0])
    )
    assert before == thresholds.initial(1)
