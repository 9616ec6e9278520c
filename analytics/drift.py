"""A lasting change of overhead that load, weather and hour of the week do not explain.

The overhead of each hour is fitted to IT energy, outdoor temperature and hour of the
week; the daily means of what is left go through the OLS-based CUSUM test.

References
----------
.. [1] W. Ploberger, W. Krämer, "The CUSUM Test with OLS Residuals", Econometrica 60
   (1992) 271-285.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.arrays import FloatArray, IntArray

HOURS_OF_WEEK = 168
LIMIT = 1.95
"""A Brownian bridge exceeds this in 1 of 1,000 cases: 2 exp(-2 x^2)."""
LEAST_DAYS = 56
"""Fewer days tell no change. [d]"""
_MARGIN = 7
"""A change so close to either end is not told from chance. [d]"""
_KNEES = (0.0, 8.0, 16.0, 24.0)
_RIDGE = 1e-3
_LEAST_DAY_HOURS = 12
_MOST_MEMORY = 0.9


@dataclass(frozen=True, slots=True)
class Hours:
    """n hours in order of time in which everything is known.

    Parameters
    ----------
    day : array, shape (n,)
        Number of the civil day, ascending.
    hour_of_week : array, shape (n,)
        0 to 167.
    it : array, shape (n,)
        E_IT. [kWh]
    temperature : array, shape (n,)
        Outdoors; zeros where nobody measures it. [degC]
    """

    day: IntArray
    hour_of_week: IntArray
    it: FloatArray
    temperature: FloatArray

    def __len__(self) -> int:
        return len(self.it)


class Change(NamedTuple):
    """A sustained change of the overhead."""

    onset: int
    """First day of the change."""
    shift: float
    """By how much the overhead changed with it. [kWh/h]"""
    statistic: float
    """Greatest cumulative sum; `LIMIT` and more is a change. [-]"""


def find(hours: Hours, overhead: FloatArray) -> Change | None:
    """Find the clearest sustained change; None if chance explains everything.

    Parameters
    ----------
    hours : Hours
        When, and what the overhead depends on.
    overhead : array, shape (n,)
        E_DC - E_IT. [kWh]
    """
    if len(np.unique(hours.day)) < LEAST_DAYS:
        return None
    day, mean = _daily(hours, _residual(_matrix(hours), overhead))
    if len(day) < LEAST_DAYS:
        return None
    sums = np.abs(np.cumsum(mean - mean.mean()))[_MARGIN:-_MARGIN]
    last_before = int(np.argmax(sums)) + _MARGIN
    onset = int(day[last_before + 1])
    shift, rest = _step(hours, overhead, onset)
    scale = _scale(_daily(hours, rest)[1])
    if not scale > 0.0:
        return None
    statistic = float(sums.max()) / (scale * np.sqrt(len(day)))
    return Change(onset, shift, float(statistic)) if statistic >= LIMIT else None


def explain(hours: Hours, meters: Sequence[FloatArray], change: Change) -> FloatArray:
    """By how much the energy of each part changed with the onset. [kWh/h].

    Parameters
    ----------
    hours : Hours
        As in `find`.
    meters : sequence of m arrays, shape (n,)
        Energy of each part of the overhead in these hours. [kWh]
    change
        What was found.

    Returns
    -------
    array, shape (m,)
        The largest in the direction of the change explains it best.
    """
    return np.array([_step(hours, each, change.onset)[0] for each in meters])


def _matrix(hours: Hours) -> FloatArray:
    week = np.zeros((len(hours), HOURS_OF_WEEK))
    week[np.arange(len(hours)), hours.hour_of_week] = 1.0
    warm = [np.maximum(hours.temperature - knee, 0.0) for knee in _KNEES]
    return np.column_stack([hours.it, *warm, week])


def _solve(matrix: FloatArray, values: FloatArray) -> FloatArray:
    """Least squares with a little ridge, for some hours of the week may be missing."""
    size = np.maximum(np.abs(matrix).max(axis=0), 1e-12)
    scaled = matrix / size
    gram = scaled.T @ scaled + _RIDGE * np.eye(scaled.shape[1])
    found: FloatArray = np.linalg.solve(gram, scaled.T @ values) / size
    return found


def _residual(matrix: FloatArray, values: FloatArray) -> FloatArray:
    rest: FloatArray = values - matrix @ _solve(matrix, values)
    return rest


def _step(hours: Hours, values: FloatArray, onset: int) -> tuple[float, FloatArray]:
    """Fit with a step at the onset: its height, and what is left."""
    step = (hours.day >= onset).astype(np.float64)
    matrix = np.column_stack([step, _matrix(hours)])
    solution = _solve(matrix, values)
    return float(solution[0]), values - matrix @ solution


def _daily(hours: Hours, values: FloatArray) -> tuple[IntArray, FloatArray]:
    """Days of which at least half is known, and the mean of their hours."""
    days, index, count = np.unique(hours.day, return_inverse=True, return_counts=True)
    means = np.bincount(index, values) / count
    whole = count >= _LEAST_DAY_HOURS
    return days[whole], means[whole]


def _scale(values: FloatArray) -> float:
    """Return the standard deviation, widened for the memory that days have."""
    centred = values - values.mean()
    variance = float((centred**2).mean())
    if variance <= 0.0:
        return 0.0
    memory = float((centred[1:] * centred[:-1]).mean()) / variance
    memory = min(max(memory, 0.0), _MOST_MEMORY)
    return float(np.sqrt(variance * (1.0 + memory) / (1.0 - memory)))
