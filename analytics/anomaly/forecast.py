"""Expected next value: several simple forecasts, weighted by how well each has done."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics.anomaly import profile

if TYPE_CHECKING:
    from analytics.anomaly.layout import Columns
    from analytics.anomaly.profile import Place, Profiles
    from analytics.arrays import FloatArray

TINY = 1e-12
_MEMORY = 1.0 / 400.0
_FEW = 20


class Forecast(NamedTuple):
    """What was expected, in the state's unit, each of shape (m,) if not said else."""

    each: FloatArray
    """All forecasts of the next value, shape (PREDICTORS, m)."""
    value: FloatArray
    """Their mean, weighted by past errors."""
    usual: FloatArray
    """Usual value at this time, whatever the last readings were."""
    levels: FloatArray
    """Its candidates: slow mean, day, week; shape (3, m)."""


def _weighted(candidates: FloatArray, errors: FloatArray) -> FloatArray:
    best = errors[0]
    for row in errors[1:]:
        best = np.minimum(best, row)
    total = np.zeros_like(best)
    weights = np.zeros_like(best)
    for candidate, error in zip(candidates, errors, strict=True):
        ratio = (best + TINY) / (error + TINY)
        weight = ratio * ratio
        weight *= weight
        weight *= weight
        total += weight * candidate
        weights += weight
    mean: FloatArray = total / weights
    return mean


def forecast(state: Columns, profiles: Profiles, at: Place) -> Forecast:
    """Expect the next value of each series from what lies before it."""
    slow, x = state["slow"], state["x"]
    day, seen_day = profile.read(profiles, at.rows, at.day, slow)
    week, seen_week = profile.read(profiles, at.rows, at.week, day)
    each = np.stack(
        [
            x,
            state["fast"],
            state["medium"],
            x + state["trend"],
            day + state["offset"],
            np.where(seen_day > 0, day + state["before"], x),
            np.where(seen_week > 0, week + state["before_week"], x),
        ]
    )
    levels = np.stack([slow, day, week])
    return Forecast(
        each,
        _weighted(each, state["error"]),
        _weighted(levels, state["profile_error"]),
        levels,
    )


def learn(
    state: Columns, profiles: Profiles, at: Place, seen: Forecast, x: FloatArray
) -> None:
    """Take the value that came into errors, means and profiles."""
    n = state["n"]
    _learn_errors(state, seen, x)
    trend = state["trend"]
    rise = np.where(n > 0, x - state["x"], 0.0)
    state["trend"] = trend + np.maximum(1.0 / (n + 2.0), 0.02) * (rise - trend)
    for name, least in (("fast", 0.3), ("medium", 0.06), ("slow", 1.0 / 2000.0)):
        mean = state[name]
        state[name] = mean + np.maximum(1.0 / (n + 1.0), least) * (x - mean)
    day, week = seen.levels[1], seen.levels[2]
    state["before"] = x - day
    state["before_week"] = x - week
    state["offset"] += np.maximum(1.0 / (n + 1.0), 0.06) * (x - day - state["offset"])
    interval = state["interval"]
    width = float(profile.HOUR)
    half = profile.weight_of(interval, width / 2)
    profile.learn(profiles, at.rows, at.day, x, half)
    profile.learn(
        profiles, at.rows, at.week, x, 3.0 * profile.weight_of(interval, width)
    )
    state["x"] = x


def _learn_errors(state: Columns, seen: Forecast, x: FloatArray) -> None:
    n = state["n"]
    alpha = np.maximum(1.0 / (n + 1.0), _MEMORY)
    limit = 10.0 * np.maximum(state["step_not_zero"], state["spread_not_zero"])
    limit = np.where(n > _FEW, limit + TINY, np.inf)
    error = state["error"]
    state["error"] = error + alpha * (np.minimum(np.abs(x - seen.each), limit) - error)
    error = state["profile_error"]
    size = np.minimum(np.abs(x - seen.levels), limit)
    state["profile_error"] = error + alpha * (size - error)
