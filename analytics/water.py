"""Water levels: rate of rise, time to a threshold, classes.

References
----------
.. [1] Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968.
.. [2] Goldenshluger, Nemirovski, "On spatially adaptive estimation of nonparametric
   regression", 1997: the intersection of confidence intervals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.arrays import FloatArray, IntArray

HOUR = 3_600_000_000
"""[us]"""
SPANS = (HOUR // 4, HOUR // 2, HOUR, 2 * HOUR)
"""Windows that a rate is taken over. [us]"""
MOST_ROWS = 120
"""Of a window with more rows every second, third … counts."""
_LEAST_ROWS = 3
_RESOLUTION_M = 0.01
"""To which gauges read: a slower change does not show within a short window. [m]"""
_CONFIDENCE = 1.645
"""Both sides of a 90 % interval of the normal distribution."""
PONDING_M = (0.15, 0.27, 0.40, 0.60)
"""Depths of waterlogging: design criterion (GB 51222, GB 50014), exhaust height of
cars, closing of underpasses, evacuation. [m]"""


class Rise(NamedTuple):
    """How fast a level rises; NaN where there are too few readings. [m/h].

    `low` and `high` hold the rate with a probability of about 90 %.
    """

    rate: float
    low: float
    high: float


_UNKNOWN = Rise(np.nan, np.nan, np.nan)


def rise(ts: IntArray, level: FloatArray) -> Rise:
    """Rate at which a level rises now.

    It is the median of the slopes between all pairs of readings [1]_ of the longest of
    `SPANS` whose rate agrees with those of all shorter ones [2]_: a steady level gets
    the small interval of two hours, a flood that has just begun is not held down by the
    quiet hours before it.

    Parameters
    ----------
    ts, level : arrays, shape (n,)
        Times, rising [us], and levels [m].
    """
    good = ~np.isnan(level)
    ts, level = ts[good], level[good]
    found, low, high = _UNKNOWN, -np.inf, np.inf
    for span in SPANS:
        since = int(np.searchsorted(ts, ts[-1] - span)) if len(ts) else 0
        wider = _slope(ts[since:], level[since:])
        if np.isnan(wider.rate):
            continue
        unseen = _RESOLUTION_M / (span / HOUR)
        low, high = max(low, wider.low - unseen), min(high, wider.high + unseen)
        if low > high:
            break
        found = wider
    return found


def _slope(ts: IntArray, level: FloatArray) -> Rise:
    """Median of the slopes of a window, and its interval."""
    step = -(-len(ts) // MOST_ROWS) or 1
    ts, level = ts[::-step][::-1], level[::-step][::-1]
    count = len(ts)
    if count < _LEAST_ROWS:
        return _UNKNOWN
    early, late = np.triu_indices(count, 1)
    hours = (ts[late] - ts[early]) / HOUR
    slopes = np.sort(((level[late] - level[early])[hours > 0]) / hours[hours > 0])
    if not len(slopes):
        return _UNKNOWN
    # Ranks of the interval by the variance of Kendall's S, without ties.
    spread = _CONFIDENCE * np.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    middle = (len(slopes) - 1) / 2
    low = int(np.floor(np.clip(middle - spread / 2, 0, len(slopes) - 1)))
    high = int(np.ceil(np.clip(middle + spread / 2, 0, len(slopes) - 1)))
    return Rise(float(np.median(slopes)), float(slopes[low]), float(slopes[high]))


class Arrival(NamedTuple):
    """Hours until a level reaches a threshold at its present rate.

    `earliest` and `latest` belong to the interval of the rate; infinite: never.
    """

    hours: float
    earliest: float
    latest: float


def arrival(level: float, threshold: float, rate: Rise) -> Arrival | None:
    """Tell when a rising level reaches a threshold; None if it is not rising.

    A level that is there already has 0 h.
    """
    if level >= threshold:
        return Arrival(0.0, 0.0, 0.0)
    if np.isnan(rate.rate) or rate.rate <= 0:
        return None
    missing = threshold - level
    latest = missing / rate.low if rate.low > 0 else np.inf
    return Arrival(missing / rate.rate, missing / rate.high, latest)


def reached(level: float, thresholds: Sequence[float]) -> int:
    """Count the thresholds, rising, that a level has reached; 0: none."""
    return int(np.searchsorted(np.asarray(thresholds), level, side="right"))


def ponding(depth: float) -> int:
    """Class of a depth of waterlogging: how many of `PONDING_M` it has reached."""
    return reached(depth, PONDING_M)
