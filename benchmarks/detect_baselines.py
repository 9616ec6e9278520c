"""Scores of our detector and of what people usually take instead, for many series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import signal, special

from analytics.anomaly.detector import Detector

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.arrays import FloatArray
    from benchmarks.detect_series import Series


def together(series: Sequence[Series]) -> list[FloatArray]:
    """Scores of our detector, the series running side by side."""
    detector = Detector(len(series))
    number = np.concatenate([np.full(s.ts.size, i) for i, s in enumerate(series)])
    row = np.concatenate([np.arange(s.ts.size) for s in series])
    ts = np.concatenate([s.ts for s in series])
    value = np.concatenate([s.values for s in series])
    order = np.argsort(row, kind="stable")
    score = np.empty(number.size)
    score[order] = detector.step(number[order], ts[order], value[order]).score
    return np.split(score, np.cumsum([s.ts.size for s in series])[:-1])


def _trailing(values: FloatArray, window: int) -> tuple[FloatArray, FloatArray]:
    """Mean and deviation of the `window` values before each."""
    centred = values - values[: min(window, values.size)].mean()
    sums = np.concatenate([[0.0], np.cumsum(centred)])
    squares = np.concatenate([[0.0], np.cumsum(centred * centred)])
    stop = np.arange(values.size)
    start = np.maximum(stop - window, 0)
    count = np.maximum(stop - start, 1)
    mean = (sums[stop] - sums[start]) / count
    variance = (squares[stop] - squares[start]) / count - mean * mean
    return mean + values[: min(window, values.size)].mean(), np.sqrt(
        np.maximum(variance, 0)
    )


def rolling_z(values: FloatArray, window: int = 288) -> FloatArray:
    """Distance from the rolling mean in rolling deviations, squashed to [0, 1)."""
    mean, deviation = _trailing(values, window)
    z = np.abs(values - mean) / np.maximum(deviation, 1e-9 * np.abs(mean) + 1e-200)
    z[: window // 4] = 0.0
    return np.asarray(1.0 - 1.0 / (1.0 + z), dtype=np.float64)


def windowed_gaussian(values: FloatArray, window: int = 6400) -> FloatArray:
    """Tail probability under a normal distribution of the last values, as in NAB."""
    mean, deviation = _trailing(values, window)
    z = np.abs(values - mean) / np.maximum(deviation, 1e-9 * np.abs(mean) + 1e-200)
    z[:30] = 0.0
    return np.asarray(1.0 - special.erfc(z / np.sqrt(2.0)) / 2.0, dtype=np.float64)


def ewma(values: FloatArray, alpha: float = 0.05) -> FloatArray:
    """Distance from an exponential mean in exponential deviations (control chart)."""
    start = [values[0] * (1.0 - alpha)]
    mean, _ = signal.lfilter([alpha], [1.0, alpha - 1.0], values, zi=start)
    away = np.abs(values - np.concatenate([[values[0]], mean[:-1]]))
    slow = alpha / 5.0
    square = signal.lfilter([slow], [1.0, slow - 1.0], away * away)
    before = np.concatenate([[0.0], np.asarray(square)[:-1]])
    z = away / np.maximum(np.sqrt(before), 1e-9 * np.abs(values) + 1e-200)
    z[:60] = 0.0
    return np.asarray(1.0 - 1.0 / (1.0 + z), dtype=np.float64)


BASELINES = {
    "rolling z-score": rolling_z,
    "EWMA chart": ewma,
    "windowed Gaussian": windowed_gaussian,
}
