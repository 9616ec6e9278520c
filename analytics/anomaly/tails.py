"""How rare is a value of this size? Tails learned online, two a stream.

The threshold u follows the quantile that `SHARE` of the readings exceed, by stochastic
approximation in its logarithm. Beyond it a tail lies between a power law,
P(Z > z) = rate (z / u) ** (-1 / g) with g the mean of log(z / u) over the exceedances
(Hill), and an exponential in z / u; the dispersion of the exceedances says where. What
a short history cannot know is not claimed: the result is bounded by the number of
independent readings seen, which the stream's own roughness tells, and for a value that
was nearly reached before by how long ago that was.

References
----------
.. [1] Hill, B. M., "A simple general approach to inference about the tail of a
   distribution", Ann. Statist. 3 (1975).
.. [2] Siffer, A., et al., "Anomaly detection in streams with extreme value theory",
   KDD 2017.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analytics.anomaly.layout import Columns
    from analytics.arrays import BoolArray, FloatArray

SHARE = 0.02
LEARNING = 30
"""Readings after which thresholds move; before, only the usual sizes are learned."""
_SPEED = 0.02
"""Step of a threshold's logarithm."""
_FIRST = 3.0
"""A threshold begins at so many usual sizes."""
_PRIOR_EXCESS, _PRIOR_WEIGHT = 0.5, 16.0
"""Tail that is believed before any exceedance, and for how many it counts."""
_PRIOR_RATIO, _PRIOR_SQUARE = 0.4, 0.45
_BOUND = 2.5
"""Nothing is rarer than 1 in (independent readings seen) ** `_BOUND`."""
_SEEN, _NEAR = 0.5, 1.1
"""A value below `_NEAR` records came before: bound as often as that, and a little."""
_FADE = 1.0 - 1.0 / 4000.0
"""Records are forgotten."""
_DOUBT = 1.0
"""Standard errors that a tail is taken heavier than it was seen."""
_LOG10 = 2.302585092994046


def surprise(state: Columns, z: FloatArray) -> FloatArray:
    """Return -log10 of the share of readings at or beyond each value, shape of `z`.

    Parameters
    ----------
    z : array, shape (TAILS, m)
        Values of the streams from their centres, upwards then downwards.
    """
    beyond = _beyond(z, state["log_threshold"])
    ratio = np.exp(np.minimum(beyond, 50.0)) - 1.0
    mean = state["ratio"]
    variation = state["ratio_square"] / (mean * mean) - 1.0
    heavy = np.clip((variation - 0.7) * 0.8, 0.1, 1.0)
    doubt = 1.0 + _DOUBT / np.sqrt(np.minimum(state["excesses"], 100.0) + 16.0)
    power = beyond / (np.maximum(state["excess"], 0.12) * doubt)
    light = ratio / np.maximum(mean, 0.12)
    rare = heavy * power + (1.0 - heavy) * np.minimum(light, 40.0)
    level = (rare - np.log(np.maximum(state["rate"], 1e-4))) / _LOG10
    bound = np.minimum(_bound(state), _since_record(state, z))
    return np.minimum(np.where(beyond > 0.0, level, 0.0), bound)


def _since_record(state: Columns, z: FloatArray) -> FloatArray:
    """Bound for a value that is no record: it came once in so many readings."""
    age = np.log(state["record_age"] + 1.0) / _LOG10 + _SEEN
    return np.where(z > _NEAR * state["record"], np.inf, age)


def _move_records(state: Columns, z: FloatArray, active: BoolArray) -> None:
    record, age = state["record"] * _FADE, state["record_age"] + 1.0
    beaten = (z > 0.9 * record) & active
    state["record"] = np.where(beaten, np.maximum(z, record), record)
    state["record_age"] = np.where(beaten, 0.0, age)


def _beyond(z: FloatArray, log_threshold: FloatArray) -> FloatArray:
    return np.maximum(np.log(np.maximum(z, 1e-300)) - log_threshold, 0.0)


def _bound(state: Columns) -> FloatArray:
    size = np.maximum(state["size"], 1e-300)
    rough = np.minimum(state["move"] / size, 1.0)
    seen = np.log(state["n"] * rough * rough + 1.0) * (_BOUND / _LOG10)
    return np.concatenate([seen, seen])


def learn(
    state: Columns, z: FloatArray, streams: FloatArray, active: BoolArray
) -> None:
    """Take the streams' newest values in, shape (STREAMS, m); `z` as `surprise`."""
    n = state["n"]
    alpha = np.maximum(1.0 / (n + 1.0), 1.0 / 1000.0)
    size = state["size"]
    away = np.abs(streams - state["centre"])
    large = state["large"]
    limit = np.where(n > LEARNING, np.maximum(20.0 * size, 2.0 * large), np.inf)
    limit = np.where(size > 0.0, limit, away)
    grown = np.where(
        large > 0.0, large + 0.1 * (np.minimum(away, 10.0 * large) - large), away
    )
    state["large"] = np.where(away > 3.0 * size, grown, large)
    state["size"] = size + alpha * (np.minimum(away, limit) - size)
    move = np.abs(streams - state["last"])
    state["move"] += alpha * (np.minimum(move, limit) - state["move"])
    state["last"] = streams
    _move_tails(state, z, active)
    _move_records(state, z, active)


def _move_tails(state: Columns, z: FloatArray, active: BoolArray) -> None:
    size = np.maximum(state["size"], 1e-300)
    first = np.log(_FIRST * np.concatenate([size, size]))
    threshold = np.where(active, np.maximum(state["log_threshold"], first - 4.0), first)
    beyond = _beyond(z, threshold)
    over = (beyond > 0.0) & active
    count = state["excesses"]
    step = np.maximum(1.0 / (count + _PRIOR_WEIGHT), 0.01)
    step = np.where(over, step, 0.0)
    excess, ratio, square = state["excess"], state["ratio"], state["ratio_square"]
    excess += step * (np.minimum(beyond, 2.0 + 4.0 * excess) - excess)
    fresh = np.minimum(np.exp(np.minimum(beyond, 50.0)) - 1.0, 2.0 + 8.0 * ratio)
    ratio += step * (fresh - ratio)
    square += step * (fresh * fresh - square)
    state["excesses"] = count + over
    state["rate"] += (over - state["rate"]) * (active * (1.0 / 1500.0))
    state["log_threshold"] = threshold + active * (_SPEED * (over - SHARE))


def start(state: Columns) -> None:
    """Priors of series that have no reading yet."""
    state["rate"] = np.full_like(state["rate"], SHARE)
    state["excess"] = np.full_like(state["excess"], _PRIOR_EXCESS)
    state["ratio"] = np.full_like(state["ratio"], _PRIOR_RATIO)
    state["ratio_square"] = np.full_like(state["ratio_square"], _PRIOR_SQUARE)
