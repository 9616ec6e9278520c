"""Floods, rates and chattering against worked numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analytics import alarm_performance as figures
from analytics.alarm_performance import PERIOD_US


def times(*counts: int) -> np.typing.NDArray[np.int64]:
    """So many alarms in each period of ten minutes, evenly."""
    return np.array(
        [
            n * PERIOD_US + each * PERIOD_US // count
            for n, count in enumerate(counts)
            for each in range(count)
        ],
        np.int64,
    )


@pytest.mark.parametrize(
    ("counts", "floods", "share"),
    [
        ((0, 10, 0), [], 0.0),
        ((0, 11, 0), [[1, 1]], 1 / 3),
        ((11, 5, 6, 4), [[0, 2]], 3 / 4),
        ((5, 11, 4, 9, 12), [[1, 1], [4, 4]], 2 / 5),
        ((12, 0, 12), [[0, 0], [2, 2]], 2 / 3),
    ],
)
def test_a_flood_begins_above_ten_and_ends_below_five(
    counts: tuple[int, ...], floods: list[list[int]], share: float
) -> None:
    load = figures.load(times(*counts), 0, len(counts) * PERIOD_US)
    assert load.floods.tolist() == floods
    assert load.share_in_flood == pytest.approx(share)
    assert load.mean == pytest.approx(sum(counts) / len(counts))
    assert load.peak == max(counts)
    above = sum(each > 10 for each in counts) / len(counts)
    assert load.share_above_10 == pytest.approx(above)


def test_no_time_has_no_figures() -> None:
    load = figures.load(np.zeros(0, np.int64), 5, 5)
    assert load.periods == 0
    assert math.isnan(load.mean)
    assert load.floods.tolist() == []


def test_three_within_a_minute_chatter() -> None:
    second = 1_000_000
    at = np.array([0, 30, 59, 0, 30, 60, 0, 1, 2], np.int64) * second
    key = np.array([4, 4, 4, 5, 5, 5, 6, 6, 7], np.int64)
    assert figures.chattering(at, key).tolist() == [4]
    assert figures.chattering(at[:2], key[:2]).tolist() == []
