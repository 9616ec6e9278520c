"""What is watched in a series: residual, value, lasting offsets, variation, repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics.anomaly import profile, tails
from analytics.anomaly.forecast import TINY

if TYPE_CHECKING:
    from analytics.anomaly.forecast import Forecast
    from analytics.anomaly.layout import Columns
    from analytics.anomaly.profile import Place, Profiles
    from analytics.arrays import FloatArray

_MEMORY = 1.0 / 400.0
_FEW = 20
_SPANS = (4.0, 16.0, 64.0, 256.0)
_CHANGES = 30.0
_LOG10 = 2.302585092994046


class Streams(NamedTuple):
    """Newest values of the streams, and what they were made from."""

    values: FloatArray
    """Shape (STREAMS, m), in units of their usual size where that is known."""
    residual: FloatArray
    """Value less forecast, shape (m,)."""
    away: FloatArray
    """Value less what is usual at this time, shape (m,)."""
    frozen: FloatArray
    """-log10 of the chance of this many equal readings, shape (m,)."""


def compute(
    state: Columns, profiles: Profiles, at: Place, seen: Forecast, x: FloatArray
) -> Streams:
    """Streams of the newest readings; moves the short memories of `state`."""
    residual = x - seen.value
    away = x - seen.usual
    count = profiles.seen[at.rows, at.day].astype(np.float64)
    local = profiles.scale[at.rows, at.day].astype(np.float64)
    scale = (count * local + 12.0 * state["scale"]) / (count + 12.0)
    floor = 0.1 * state["scale"] + 1e-3 * state["spread"] + TINY
    most = np.where(state["n"] < tails.LEARNING, 3.0, 1e4)
    relative = np.clip(residual / np.maximum(scale, floor), -most, most)
    means = _means(state, away)
    variation = _variation(state, x)
    frozen = _frozen(state, x)
    _learn_sizes(state, x, residual, away)
    interval = profile.weight_of(state["interval"], profile.HOUR / 2)
    limit = 20.0 * np.maximum(state["step_not_zero"], state["scale"]) + TINY
    profile.learn_scale(profiles, at, np.minimum(np.abs(residual), limit), interval)
    values = np.stack([relative, x, *means, variation, *_activity(state, relative)])
    return Streams(values, residual, away, frozen)


def _means(state: Columns, away: FloatArray) -> FloatArray:
    spread = state["spread"] + TINY
    bounded = np.clip(away / spread, -5.0, 5.0)
    mean = state["mean"].copy()
    for row, span in enumerate(_SPANS):
        mean[row] += (bounded - mean[row]) / span
    state["mean"] = mean
    return mean


def _activity(state: Columns, relative: FloatArray) -> FloatArray:
    size = np.minimum(np.abs(relative), 5.0)
    activity = state["activity"].copy()
    for row, span in enumerate((6.0, 24.0)):
        activity[row] += (size - activity[row]) / span
    state["activity"] = activity
    return activity


def _variation(state: Columns, x: FloatArray) -> FloatArray:
    step = state["step"]
    size = np.abs(x - state["x"])
    limit = np.where(state["n"] > _FEW, 6.0 * state["step_not_zero"], np.inf)
    jitter = state["jitter"] + (np.minimum(size, limit) - state["jitter"]) / 10.0
    state["jitter"] = jitter
    return np.log((jitter + 0.05 * step + TINY) / (step + TINY))


def _grow(
    state: Columns, name: str, size: FloatArray, limit: FloatArray, memory: float
) -> None:
    value = state[name]
    alpha = np.maximum(1.0 / (state["n"] + 1.0), memory)
    bounded = np.where(state["n"] > _FEW, np.minimum(size, limit + TINY), size)
    state[name] = value + alpha * (bounded - value)


def _grow_not_zero(state: Columns, name: str, size: FloatArray) -> None:
    value = state[name]
    bounded = np.where(value > 0.0, np.minimum(size, 10.0 * value), size)
    moved = value + 0.02 * (bounded - value)
    state[name] = np.where(size > 0.0, np.where(value > 0.0, moved, size), value)


def _learn_sizes(
    state: Columns, x: FloatArray, residual: FloatArray, away: FloatArray
) -> None:
    step = np.where(state["n"] > 0, np.abs(x - state["x"]), 0.0)
    distance = np.abs(away)
    _grow_not_zero(state, "step_not_zero", step)
    _grow_not_zero(state, "spread_not_zero", distance)
    limit = 10.0 * state["step_not_zero"]
    _grow(state, "step", step, limit, _MEMORY)
    _grow(state, "scale", np.abs(residual), limit, _MEMORY)
    limit = 10.0 * np.maximum(state["step_not_zero"], state["spread_not_zero"])
    _grow(state, "spread", distance, limit, 1.0 / 1000.0)


def _frozen(state: Columns, x: FloatArray) -> FloatArray:
    """Surprise at a run of equal readings.

    A first repeat has the chance with which repeats begin, a further one that with
    which they go on; a run must also be twice as long as the longest before.
    """
    n, run = state["n"], state["run"]
    same = (x == state["x"]) & (n > 0)
    begins = (state["begins"] + 1.0) / (n + 2.0)
    goes_on = (state["goes_on"] + 18.0) / (state["runs"] + 20.0)
    state["begins"] += same & (run == 0)
    ended = ~same & (run > 0)
    state["runs"] += np.where(ended, run, 0.0)
    state["goes_on"] += np.where(ended, run - 1.0, 0.0)
    longest = state["longest"]
    state["longest"] = np.where(same, longest * 0.9999, np.maximum(longest, run))
    run = np.where(same, run + 1.0, 0.0)
    state["run"] = run
    rare = -np.log(begins) - (run - 1.0) * np.log(goes_on)
    changes = n - state["begins"] - state["goes_on"] - run
    known = (run > 2.0 * longest + 5.0) & (changes > _CHANGES)
    return np.where(known, 0.7 * rare / _LOG10, 0.0)
