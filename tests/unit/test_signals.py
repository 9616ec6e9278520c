"""Rates, rolling sums, schedules and repeats: worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from analytics.signals import (
    SECOND,
    Plain,
    Rate,
    Repeat,
    Signal,
    Sums,
    Weekly,
    Window,
)

if TYPE_CHECKING:
    from analytics.signals import Measure, Scores
    from analytics.thresholds import FloatArray, IntArray

HOUR = 3600 * SECOND


def times(*seconds: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([round(each * SECOND) for each in seconds], np.int64)


def scored(measure: Measure, ts: IntArray, value: FloatArray) -> Scores:
    return Signal(measure, 1.0, 1e9).apply(ts, value)


def test_a_rate_is_the_change_over_the_window() -> None:
    ts = times(0, 300, 600, 1200)
    rate = scored(Rate(600 * SECOND, HOUR), ts, np.array([1.0, 1.1, 1.3, 1.2])).score
    # After 300 s half the window is covered: 0.1 m in 300 s are 1.2 m/h.
    assert np.isnan(rate[0])
    np.testing.assert_allclose(rate[1:], [1.2, 1.8, -0.6])


def test_a_rate_after_a_gap_says_nothing() -> None:
    rate = scored(Rate(600 * SECOND, HOUR), times(0, 3600), np.array([1.0, 9.0])).score
    assert np.isnan(rate).all()


RAIN = Sums(
    windows=(12 * HOUR, 6 * HOUR, 3 * HOUR, 3 * HOUR),
    limits=(50.0, 50.0, 50.0, 100.0),
    deadband=5.0,
    is_counter=False,
)


def test_rain_colours_are_reached_at_the_limit() -> None:
    ts = times(*(hour * 3600 for hour in range(1, 6)))
    score, shown = scored(RAIN, ts, np.array([10.0, 36.0, 4.0, 0.0, 60.0]))
    # 46 mm is within the deadband of 50; then 50 in 3 h is orange, 110 in all.
    assert score.tolist() == [0.0, 3 - 0.5, 3.0, 2.0, 3.0]
    assert shown.tolist() == [10.0, 46.0, 50.0, 50.0, 64.0]


def test_a_window_leaves_out_what_ended_at_its_begin() -> None:
    sums = Sums((3 * HOUR,), (50.0,), 0.0, is_counter=False)
    ts = times(0, 3 * 3600)
    assert scored(sums, ts, np.array([30.0, 20.0])).shown.tolist() == [30.0, 20.0]


def test_a_counter_that_falls_is_reset_or_rolls_over() -> None:
    sums = Sums((HOUR,), (50.0,), 0.0, is_counter=True)
    ts = times(0, 60, 120)
    assert scored(sums, ts, np.array([7.0, 9.0, 0.4])).shown.tolist() == [0.0, 2.0, 2.4]
    rolling = Sums((HOUR,), (50.0,), 0.0, is_counter=True, modulus=100.0)
    found = scored(rolling, ts, np.array([97.0, 99.0, 0.5])).shown
    np.testing.assert_allclose(found, [0.0, 2.0, 3.5])


def test_what_no_gauge_can_count_is_not_added() -> None:
    gauge = Sums((HOUR,), (50.0,), 0.0, is_counter=True, fastest=4.0 / (60 * SECOND))
    ts = times(0, 300, 600, 900, 901, 4501)
    # Two wrong readings, one too high and one too low; a tip a second after another;
    # an hour without word in which the register was set to 0.
    value = np.array([850.0, 1900.0, 851.0, 400.0, 402.0, 60.0])
    shown = scored(gauge, ts, value).shown
    assert shown.tolist() == [0.0, 0.0, 0.0, 0.0, 2.0, 60.0]


def test_outside_the_schedule_nothing_is_beyond() -> None:
    nights = Weekly((Window(frozenset({6}), 22 * 60, 24 * 60),), "Asia/Shanghai")
    signal = Signal(Plain(), 1.0, 10.0, weekly=nights)
    sunday = datetime(2026, 3, 1, 14, 30, tzinfo=UTC)  # 22:30 in Shanghai
    ts = np.array([sunday.timestamp() * SECOND + k * HOUR for k in (-1, 0, 1, 2)])
    score = signal.apply(ts.astype(np.int64), np.full(4, 20.0)).score
    assert score.tolist() == [-np.inf, 20.0, 20.0, -np.inf]


def test_only_the_third_breach_counts() -> None:
    signal = Signal(Plain(), 1.0, 10.0, repeat=Repeat(3, 600 * SECOND))
    ts = times(0, 60, 120, 180, 240, 1000)
    score = signal.apply(ts, np.array([11.0, 9.0, 12.0, 9.0, 13.0, 14.0])).score
    assert np.isnan(score[[0, 2, 5]]).all()
    assert score[[1, 3, 4]].tolist() == [9.0, 9.0, 13.0]
