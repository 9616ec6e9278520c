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
    from analytics.arrays import BoolArray, FloatArray, IntArray

SHARE = 0.02
LEARNING = 30
"""Readings after which thresholds move; before, only the usual sizes are learned."""
_SPEED = 0.02
"""Step of a threshold's logarithm."""
_UP, _DOWN = _SPEED * (1.0 - SHARE), _SPEED * (0.0 - SHARE)
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


def logs(z: FloatArray) -> FloatArray:
    """Natural logarithms of sizes, far below all thresholds where there is none."""
    found: FloatArray = np.log(np.maximum(z, 1e-300))
    return found


def surprise(state: Columns, z: FloatArray, logs_z: FloatArray) -> FloatArray:
    """Return -log10 of the share of readings at or beyond each value, shape of `z`.

    Parameters
    ----------
    z : array, shape (TAILS, m)
        Values of the streams from their centres, upwards then downwards.
    logs_z
        Their `logs`.
    """
    level = np.zeros_like(z)
    # Few values lie in a tail; nothing is computed of the others.
    at = np.flatnonzero(logs_z > state["log_threshold"])
    if not at.size:
        return level
    beyond = logs_z.ravel()[at] - _at(state, "log_threshold", at)
    ratio = np.exp(np.minimum(beyond, 50.0)) - 1.0
    mean = _at(state, "ratio", at)
    variation = _at(state, "ratio_square", at) / (mean * mean) - 1.0
    heavy = np.clip((variation - 0.7) * 0.8, 0.1, 1.0)
    seen = np.minimum(_at(state, "excesses", at), 100.0)
    doubt = 1.0 + _DOUBT / np.sqrt(seen + 16.0)
    power = beyond / (np.maximum(_at(state, "excess", at), 0.12) * doubt)
    light = ratio / np.maximum(mean, 0.12)
    rare = heavy * power + (1.0 - heavy) * np.minimum(light, 40.0)
    rate = np.maximum(_at(state, "rate", at), 1e-4)
    bound = np.minimum(_bound(state, at), _since_record(state, z.ravel()[at], at))
    level.ravel()[at] = np.minimum((rare - np.log(rate)) / _LOG10, bound)
    return level


def _at(state: Columns, name: str, at: IntArray) -> FloatArray:
    """Numbers of some tails; those of a stream or a series hold for all its tails."""
    every = state[name].ravel()
    return every[at if every.size > at[-1] else at % every.size]


def _since_record(state: Columns, z: FloatArray, at: IntArray) -> FloatArray:
    """Bound for a value that is no record: it came once in so many readings."""
    age = np.log(_at(state, "record_age", at) + 1.0) / _LOG10 + _SEEN
    return np.where(z > _NEAR * _at(state, "record", at), np.inf, age)


def _move_records(state: Columns, z: FloatArray, active: BoolArray) -> None:
    record, age = state["record"] * _FADE, state["record_age"] + 1.0
    beaten = (z > 0.9 * record) & active
    state["record"] = np.where(beaten, np.maximum(z, record), record)
    state["record_age"] = np.where(beaten, 0.0, age)


def _bound(state: Columns, at: IntArray) -> FloatArray:
    size = np.maximum(_at(state, "size", at), 1e-300)
    rough = np.minimum(_at(state, "move", at) / size, 1.0)
    found: FloatArray = np.log(_at(state, "n", at) * rough * rough + 1.0)
    return found * (_BOUND / _LOG10)


def learn(
    state: Columns, z: FloatArray, logs_z: FloatArray, streams: FloatArray
) -> None:
    """Take the streams' newest values in, shape (STREAMS, m); the rest as above."""
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
    active = n >= LEARNING
    _move_tails(state, logs_z, active)
    _move_records(state, z, active)


def _move_tails(state: Columns, logs_z: FloatArray, active: BoolArray) -> None:
    first = logs(_FIRST * np.maximum(state["size"], 1e-300))
    first = np.concatenate([first, first])
    threshold = np.where(active, np.maximum(state["log_threshold"], first - 4.0), first)
    over = (logs_z > threshold) & active
    at = np.flatnonzero(over)
    _learn_excess(state, logs_z.ravel()[at] - threshold.ravel()[at], at)
    state["rate"] += (over - state["rate"]) * (active * (1.0 / 1500.0))
    state["log_threshold"] = threshold + active * np.where(over, _UP, _DOWN)


def _learn_excess(state: Columns, beyond: FloatArray, at: IntArray) -> None:
    """Take in by how much some tails' newest values lie beyond their thresholds."""
    count, excess, ratio, square = (
        state[name].ravel() for name in ("excesses", "excess", "ratio", "ratio_square")
    )
    step = np.maximum(1.0 / (count[at] + _PRIOR_WEIGHT), 0.01)
    usual = excess[at]
    excess[at] = usual + step * (np.minimum(beyond, 2.0 + 4.0 * usual) - usual)
    usual = ratio[at]
    fresh = np.minimum(np.exp(np.minimum(beyond, 50.0)) - 1.0, 2.0 + 8.0 * usual)
    ratio[at] = usual + step * (fresh - usual)
    square[at] += step * (fresh * fresh - square[at])
    count[at] += 1.0


def start(state: Columns) -> None:
    """Priors of series that have no reading yet."""
    state["rate"] = np.full_like(state["rate"], SHARE)
    state["excess"] = np.full_like(state["excess"], _PRIOR_EXCESS)
    state["ratio"] = np.full_like(state["ratio"], _PRIOR_RATIO)
    state["ratio_square"] = np.full_like(state["ratio_square"], _PRIOR_SQUARE)
