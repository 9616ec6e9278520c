"""Bucket statistics equal a plain loop, and are the same bits alone or together."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import buckets, segments, windows
from analytics.arrays import SECOND
from analytics.segments import Segments

MINUTE = 60 * SECOND
WIDTH = 10 * MINUTE
HOLDS = {1: 0, 2: 0, 3: 25 * MINUTE}
INTERVAL = {2}
POINTS = st.dictionaries(
    st.tuples(
        st.sampled_from([1, 2, 3]), st.integers(20, 110).map(lambda m: m * MINUTE)
    ),
    st.floats(-1e6, 1e6, allow_nan=False),
    max_size=60,
)
Points = dict[tuple[int, int], float]


def _rows(points: Points, width: int = WIDTH) -> buckets.Rows:
    keys = sorted(points)
    series = np.array([key[0] for key in keys], np.int64)
    return buckets.from_readings(
        series,
        np.array([key[1] for key in keys], np.int64),
        np.array([points[key] for key in keys], np.float64),
        np.isin(series, list(INTERVAL)),
        np.array([HOLDS[each] for each in series.tolist()], np.int64),
        width,
    )


def _naive(points: Points) -> dict[tuple[int, int], list[float]]:
    found: dict[tuple[int, int], list[float]] = defaultdict(list)
    for (series, ts), value in sorted(points.items()):
        moment = ts - 1 if series in INTERVAL else ts
        found[series, moment // WIDTH * WIDTH].append(value)
    return found


def _naive_integral(points: Points, series: int, start: int) -> float:
    times = [ts for key, ts in sorted(points) if key == series]
    total = 0.0
    for ts, after in zip(times, [*times[1:], math.inf], strict=True):
        end = min(ts + HOLDS[series], after, start + WIDTH)
        total += points[series, ts] * max(end - max(ts, start), 0) / SECOND
    return total


@given(POINTS)
def test_readings_equal_a_loop(points: Points) -> None:
    rows = _rows(points)
    naive = _naive(points)
    assert list(zip(rows.series, rows.start, strict=True)) == sorted(naive)
    for i, (key, values) in enumerate(sorted(naive.items())):
        assert rows.count[i] == len(values)
        assert rows.sum[i] == pytest.approx(math.fsum(values), rel=1e-12, abs=1e-6)
        assert (rows.min[i], rows.max[i]) == (min(values), max(values))
        assert (rows.first[i], rows.last[i]) == (values[0], values[-1])
        if HOLDS[key[0]]:
            expected = _naive_integral(points, *key)
            assert rows.integral[i] == pytest.approx(expected, rel=1e-9, abs=1e-3)
        else:
            assert math.isnan(rows.integral[i])


@given(POINTS, st.sampled_from([1, 2, 3]))
def test_a_series_alone_has_the_same_bits(points: Points, series: int) -> None:
    every = _rows(points)
    every = every.take(every.series == series)
    alone = _rows({key: v for key, v in points.items() if key[0] == series})
    for name in alone.__slots__:
        assert getattr(alone, name).tobytes() == getattr(every, name).tobytes(), name


@given(POINTS)
def test_wider_rows_hold_what_the_narrower_hold(points: Points) -> None:
    narrow = _rows(points)
    wide = buckets.from_rows(narrow, 3 * WIDTH)
    direct = _rows(points, 3 * WIDTH)
    for name in ("series", "start", "count", "min", "max", "first", "last"):
        assert getattr(wide, name).tolist() == getattr(direct, name).tolist(), name
    np.testing.assert_allclose(wide.sum, direct.sum, rtol=1e-12, atol=1e-6)


@given(st.integers(1, 2**31 - 1), st.integers(0, 2**34))
def test_keys_come_back(series: int, bucket: int) -> None:
    start = bucket % 2**32 * WIDTH
    key = buckets.keys(np.array([series]), np.array([start]), WIDTH)
    found = buckets.of_keys(key, WIDTH)
    assert (int(found[0][0]), int(found[1][0])) == (series, start)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4), st.floats(0, 9))),
    st.integers(1, 12),
)
def test_greatest_window_equals_a_search(
    steps: list[tuple[int, int, float]], width: int
) -> None:
    lengths = np.array([step[:2] for step in steps], np.int64).reshape(-1, 2)
    end = np.cumsum(lengths.sum(axis=1)) * MINUTE
    start = end - lengths[:, 1] * MINUTE
    amount = np.array([step[2] for step in steps], np.float64)
    found = Segments(start, end, amount, np.zeros(len(steps), np.int8))
    best = windows.greatest(found, width * MINUTE)
    if not steps:
        assert best is None
        return
    assert best is not None
    sums = [
        segments.sums(found, np.array([low, low + width]) * MINUTE).amount[0]
        for low in range(-width, int(end[-1] // MINUTE) + 1)
    ]
    assert best.amount == pytest.approx(max(sums), abs=1e-9)
