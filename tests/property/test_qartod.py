"""Flags of many series at once are those of each alone, and those of plain loops."""

from __future__ import annotations

import itertools
import math
import statistics
from random import Random  # noqa: TC003 - hypothesis reads it

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import qartod
from analytics.qartod import SECOND, FloatArray, IntArray

_VALUE = st.one_of(
    st.just(math.nan), st.integers(-4, 4).map(float), st.floats(-5, 5, width=32)
)
_STEP = st.sampled_from([60, 60, 60, 300, 301, 3600])
_ROWS = st.lists(st.tuples(_STEP, _VALUE), min_size=1, max_size=30)
Flags = dict[str, npt.NDArray[np.uint8]]


def _arrays(rows: list[tuple[int, float]]) -> tuple[IntArray, FloatArray]:
    steps = np.array([step for step, _ in rows], np.int64)
    value = np.array([value for _, value in rows], np.float64)
    return np.cumsum(steps) * SECOND, value


def _all(ts: IntArray, value: FloatArray, first: npt.NDArray[np.bool_] | None) -> Flags:
    return {
        "gross": qartod.gross_range(value, (-4.0, 4.0), (-2.0, 3.0)),
        "average": qartod.spike(value, 1.0, 2.0, first=first),
        "differential": qartod.spike(
            value, 1.0, 2.0, method="differential", first=first
        ),
        "rate": qartod.rate_of_change(ts, value, 0.01, 0.02, first=first),
        "flat": qartod.flat_line(ts, value, 120.0, 300.0, 1.5, first=first),
        "gap": qartod.gap(ts, 0.5, first=first),
        "std": qartod.attenuated_signal(
            ts, value, 1.0, 0.2, period_s=400.0, minimum=2, first=first
        ),
        "range": qartod.attenuated_signal(
            ts, value, 2.0, 0.5, check="range", first=first
        ),
    }


@given(st.lists(_ROWS, min_size=1, max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_series_side_by_side_are_flagged_as_alone(
    series: list[list[tuple[int, float]]], random: Random
) -> None:
    random.shuffle(series)
    parts = [_arrays(rows) for rows in series]
    ts, value = (np.concatenate(each) for each in zip(*parts, strict=True))
    first = np.zeros(len(ts), np.bool_)
    first[np.cumsum([0, *(len(rows) for rows in series[:-1])])] = True
    alone = [_all(*part, None) for part in parts]
    for name, found in _all(ts, value, first).items():
        expected = np.concatenate([each[name] for each in alone])
        assert found.tolist() == expected.tolist(), name


def _spike(value: list[float], at: int) -> int:
    if math.isnan(value[at]):
        return 9
    if at in {0, len(value) - 1}:
        return 2
    before, after = value[at] - value[at - 1], value[at + 1] - value[at]
    if math.isnan(before) or math.isnan(after):
        return 2
    height = min(abs(before), abs(after)) if before * after < 0 else 0.0
    return 4 if height > 2 else 3 if height > 1 else 1


def _flat(ts: list[int], value: list[float], at: int) -> int:
    if math.isnan(value[at]):
        return 9
    flag = 1
    if len(value) < 3:
        return flag
    steps = [later - earlier for earlier, later in itertools.pairwise(ts)]
    for limit, mark in ((120, 3), (300, 4)):
        count = math.floor(limit * SECOND / statistics.median(steps))
        window = [each for each in value[max(at - count, 0) : at + 1] if each == each]  # noqa: PLR0124 - NaN
        if at >= count and max(window) - min(window) < 1.5:
            flag = mark
    return flag


def _deviation(ts: list[int], value: list[float], at: int) -> float | None:
    window = [
        each
        for when, each in zip(ts, value, strict=True)
        if ts[at] - 400 * SECOND < when <= ts[at] and not math.isnan(each)
    ]
    return statistics.pstdev(window) if len(window) >= 2 else None


@given(_ROWS)
@settings(max_examples=80, deadline=None)
def test_flags_are_those_of_a_plain_loop(rows: list[tuple[int, float]]) -> None:
    ts, value = _arrays(rows)
    found = _all(ts, value, None)
    times, values = ts.tolist(), value.tolist()
    every = range(len(values))
    assert found["differential"].tolist() == [_spike(values, at) for at in every]
    assert found["flat"].tolist() == [_flat(times, values, at) for at in every]
    for at in every:
        expected = _deviation(times, values, at)
        if math.isnan(values[at]):
            assert found["std"][at] == 9
        elif expected is None:
            assert found["std"][at] == 2
        elif min(abs(expected - 1), abs(expected - 0.2)) > 1e-9:
            assert found["std"][at] == (
                4 if expected < 0.2 else 3 if expected < 1 else 1
            )


@given(_ROWS)
@settings(max_examples=40, deadline=None)
def test_limits_row_by_row_are_those_of_one_number(
    rows: list[tuple[int, float]],
) -> None:
    ts, value = _arrays(rows)
    each = np.ones(len(ts))
    assert (
        qartod.flat_line(ts, value, 120.0, 300.0, 1.5).tolist()
        == qartod.flat_line(ts, value, 120 * each, 300 * each, 1.5 * each).tolist()
    )
    assert (
        qartod.rate_of_change(ts, value, 0.01, 0.02).tolist()
        == qartod.rate_of_change(ts, value, 0.01 * each, 0.02 * each).tolist()
    )
    assert (
        qartod.spike(value, 1.0, 2.0).tolist()
        == qartod.spike(value, each, 2 * each).tolist()
    )
