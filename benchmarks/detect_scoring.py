"""Scores of a detector on labelled series: NAB's function, precision, recall.

References
----------
.. [1] Lavin, A., Ahmad, S., "Evaluating Real-time Anomaly Detection Algorithms: the
   Numenta Anomaly Benchmark", ICMLA 2015.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.arrays import FloatArray
    from benchmarks.detect_series import Series

PROFILES = {"standard": (0.11, 1.0), "low FP": (0.22, 1.0), "low FN": (0.11, 2.0)}
"""Name: weight of a false positive row, of a missed window."""
PROBATION = 0.15
_TOP = 2.0 / (1.0 + np.exp(-5.0)) - 1.0


class Point(NamedTuple):
    """What a detector reaches at one threshold over all series."""

    threshold: float
    nab: float
    recall: float
    precision: float
    false_per_1000: float
    delay: float


class _Rows(NamedTuple):
    score: FloatArray
    worth: FloatArray
    window: FloatArray
    position: FloatArray


def probation(rows: int) -> int:
    """Rows at the start that are not judged."""
    return int(min(PROBATION * rows, PROBATION * 5000))


def _sigmoid(position: FloatArray) -> FloatArray:
    return np.where(
        position > 3.0,
        -1.0,
        2.0 / (1.0 + np.exp(5.0 * np.minimum(position, 3.0))) - 1.0,
    )


def _rows(series: Series, score: FloatArray, first_window: int) -> _Rows:
    rows = score.size
    index = np.arange(rows, dtype=np.float64)
    worth = np.full(rows, -1.0)
    window = np.full(rows, -1.0)
    position = np.zeros(rows)
    for number, (start, stop) in enumerate(series.windows):
        after = index >= stop
        width = stop - start
        worth[after] = _sigmoid((index[after] - (stop - 1)) / max(width - 1.0, 1.0))
        inside = slice(start, stop)
        worth[inside] = _sigmoid(-(stop - index[inside]) / width) / _TOP
        window[inside] = first_window + number
        position[inside] = (index[inside] - start) / width
    judged = slice(probation(rows), None)
    return _Rows(score[judged], worth[judged], window[judged], position[judged])


def _gather(series: Sequence[Series], scores: Sequence[FloatArray]) -> _Rows:
    parts, windows = [], 0
    for one, score in zip(series, scores, strict=True):
        parts.append(_rows(one, score, windows))
        windows += len(one.windows)
    return _Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def at_threshold(rows: _Rows, threshold: float, profile: str = "standard") -> Point:
    """What the rows at or above `threshold` reach."""
    false_weight, miss_weight = PROFILES[profile]
    windows = np.unique(rows.window[rows.window >= 0])
    hit = rows.score >= threshold
    found, where = np.unique(rows.window[hit & (rows.window >= 0)], return_index=True)
    inside = np.flatnonzero(hit & (rows.window >= 0))[where]
    false = hit & (rows.window < 0)
    total = rows.worth[inside].sum() + false_weight * rows.worth[false].sum()
    total -= miss_weight * (windows.size - found.size)
    null = -miss_weight * windows.size
    good = int(np.count_nonzero(rows.window < 0))
    events = found.size + int(np.count_nonzero(false))
    return Point(
        threshold,
        100.0 * (total - null) / (windows.size - null),
        found.size / windows.size,
        found.size / events if events else 1.0,
        1000.0 * np.count_nonzero(false) / good,
        float(rows.position[inside].mean()) if found.size else 1.0,
    )


def judge(
    series: Sequence[Series],
    scores: Sequence[FloatArray],
    profile: str = "standard",
    threshold: float | None = None,
) -> Point:
    """Score at `threshold`, or at the one threshold that is best for all series.

    Precision counts a found window once and each false row once. The delay is the
    mean place of the first hit in its window, 0 at its start.
    """
    rows = _gather(series, scores)
    if threshold is not None:
        return at_threshold(rows, threshold, profile)
    tries = np.unique(np.quantile(rows.score, 1.0 - np.geomspace(1e-6, 0.2, 150)))
    return max((at_threshold(rows, t, profile) for t in tries), key=lambda p: p.nab)
