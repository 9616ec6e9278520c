"""The detector is causal, and batches give what single readings give."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.anomaly.detector import Detector, Found

if TYPE_CHECKING:
    from analytics.arrays import FloatArray, IntArray

SERIES = 5
MINUTE = 60_000_000


def _readings(seed: int, count: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Five series of several sizes, mixed, with gaps, repeats, disorder and holes."""
    rng = np.random.default_rng(seed)
    series = rng.integers(0, SERIES, count)
    ts = np.cumsum(rng.integers(0, 10, count)) * MINUTE
    ts -= rng.integers(0, 30, count) * MINUTE * (rng.random(count) < 0.05)
    ts += np.cumsum(rng.random(count) < 0.002) * 3_600 * MINUTE
    value = rng.standard_normal(count) * 10.0 ** (series * 60 - 150)
    value[series == 1] = np.round(rng.random(count)[series == 1] - 0.4)
    value[series == 2] = 7.0
    value[rng.random(count) < 0.03] = np.nan
    value[rng.random(count) < 0.005] *= 1e6
    value[rng.random(count) < 0.002] = np.inf
    return series, ts, value


def _same(one: Found, other: Found) -> None:
    for left, right in zip(one, other, strict=True):
        np.testing.assert_array_equal(left, right)


def _pieces(detector: Detector, cuts: list[int], seed: int, count: int) -> Found:
    series, ts, value = _readings(seed, count)
    edges = [0, *sorted(cuts), count]
    parts = [
        detector.step(series[a:b], ts[a:b], value[a:b])
        for a, b in itertools.pairwise(edges)
    ]
    whole = detector.step(series[:0], ts[:0], value[:0])
    for part in parts:
        whole = Found(
            np.concatenate([whole.score, part.score]),
            np.concatenate([whole.kind, part.kind]),
            np.concatenate([whole.expected, part.expected]),
            np.concatenate([whole.judged, part.judged]),
        )
    return whole


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, 800), max_size=4))
def test_any_cut_into_batches_gives_the_same(seed: int, cuts: list[int]) -> None:
    whole = _pieces(Detector(SERIES), [], seed, 800)
    _same(whole, _pieces(Detector(SERIES), cuts, seed, 800))
    assert ((whole.score >= 0) & (whole.score <= 1)).all()


def test_one_reading_at_a_time_gives_the_same() -> None:
    whole = _pieces(Detector(SERIES), [], 4, 800)
    _same(whole, _pieces(Detector(SERIES), list(range(800)), 4, 800))
    assert whole.judged.any()


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 800))
def test_a_cut_series_has_the_scores_of_the_whole(seed: int, count: int) -> None:
    series, ts, value = _readings(seed, 800)
    whole = Detector(SERIES).step(series, ts, value)
    cut = Detector(SERIES).step(series[:count], ts[:count], value[:count])
    _same(whole.take(slice(None, count)), cut)


def test_series_do_not_touch_each_other() -> None:
    series, ts, value = _readings(9, 800)
    together = Detector(SERIES).step(series, ts, value)
    for number in range(SERIES):
        own = np.flatnonzero(series == number)
        alone = Detector(1).step(np.zeros_like(own), ts[own], value[own])
        _same(together.take(own), alone)


def test_a_snapshot_goes_on_where_it_was_taken() -> None:
    series, ts, value = _readings(3, 800)
    whole = Detector(SERIES).step(series, ts, value)
    first = Detector(SERIES)
    first.step(series[:700], ts[:700], value[:700])
    second = Detector.restore(first.snapshot())
    first.step(series[:9], ts[:9], value[:9])
    rest = second.step(series[700:], ts[700:], value[700:])
    _same(whole.take(slice(700, None)), rest)
