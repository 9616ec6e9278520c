"""PUE at the weather of a reference, so that a change can be told from a warm month.

Overhead (E_DC - E_IT) of a day = a + b E_IT + c max(T - T0, 0), by least squares, T0
found on a grid. The normalised E_DC is the measured one plus the model's difference
between reference and actual temperature: energies stay energies, residuals stay in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from analytics.arrays import FloatArray, IntArray

LEAST_DAYS = 60
"""Fewer days fit nothing. [d]"""
_KNEES = np.arange(-5.0, 26.0)
_LEAST_BEYOND = 10
_HALF_WINDOW = 7
_YEAR_DAYS = 366


@dataclass(frozen=True, slots=True)
class Days:
    """n days on which the meters and the thermometer are known.

    Parameters
    ----------
    facility, it : arrays, shape (n,)
        E_DC and E_IT. [kWh]
    temperature : array, shape (n,)
        Daily mean outdoor temperature, or wet-bulb temperature. [degC]
    """

    facility: FloatArray
    it: FloatArray
    temperature: FloatArray

    def __len__(self) -> int:
        return len(self.it)


class Model(NamedTuple):
    """Overhead of a day by IT energy and temperature, with how well it fits."""

    base: float
    """[kWh/d]"""
    per_it: float
    """[kWh/kWh]"""
    per_degree: float
    """[kWh/(K d)]"""
    knee: float
    """Temperature from which more cooling is needed. [degC]"""
    r_squared: float
    rmse: float
    """[kWh/d]"""
    days: int

    def weather(self, temperature: FloatArray) -> FloatArray:
        """Overhead that the temperature alone causes. [kWh/d]."""
        beyond: FloatArray = self.per_degree * np.maximum(temperature - self.knee, 0.0)
        return beyond


def wet_bulb(temperature: FloatArray, humidity: FloatArray) -> FloatArray:
    """Wet-bulb temperature at sea-level pressure. [degC].

    Parameters
    ----------
    temperature : array, shape (n,)
        Of the air, -20 to 50. [degC]
    humidity : array, shape (n,)
        Relative humidity, 5 to 99. [%RH]

    References
    ----------
    .. [1] R. Stull, "Wet-Bulb Temperature from Relative Humidity and Air
       Temperature", J. Appl. Meteor. Climatol. 50 (2011) 2267-2269.
    """
    found: FloatArray = (
        temperature * np.arctan(0.151977 * np.sqrt(humidity + 8.313659))
        + np.arctan(temperature + humidity)
        - np.arctan(humidity - 1.676331)
        + 0.00391838 * humidity**1.5 * np.arctan(0.023101 * humidity)
        - 4.686035
    )
    return found


def fit(days: Days) -> Model | None:
    """Fit the model; None with too few days or without any spread of temperature."""
    if len(days) < LEAST_DAYS:
        return None
    overhead = days.facility - days.it
    spread = float(((overhead - overhead.mean()) ** 2).sum())
    found = [each for knee in _KNEES if (each := _fit(days, overhead, knee))]
    if not found or spread <= 0.0:
        return None
    squares, (base, per_it, per_degree), knee = min(found, key=lambda each: each[0])
    return Model(
        base,
        per_it,
        per_degree,
        knee,
        1.0 - squares / spread,
        float(np.sqrt(squares / len(days))),
        len(days),
    )


def _fit(
    days: Days, overhead: FloatArray, knee: float
) -> tuple[float, tuple[float, float, float], float] | None:
    """Sum of squares and coefficients for one knee."""
    beyond = np.maximum(days.temperature - knee, 0.0)
    if np.count_nonzero(beyond) < _LEAST_BEYOND:
        return None
    matrix = np.stack([np.ones(len(days)), days.it, beyond], axis=1)
    # Columns of one size, for E_IT is large.
    size = np.abs(matrix).max(axis=0)
    solution = np.linalg.lstsq(matrix / size, overhead, rcond=None)[0] / size
    rest = overhead - matrix @ solution
    base, per_it, per_degree = solution.tolist()
    return float((rest**2).sum()), (base, per_it, per_degree), float(knee)


def climate(
    day_of_year: IntArray, temperature: FloatArray, wanted: IntArray
) -> FloatArray:
    """Mean temperature of a season over all years known. [degC].

    Parameters
    ----------
    day_of_year : array, shape (n,)
        0 to 365, of each known temperature.
    temperature : array, shape (n,)
        [degC]
    wanted : array, shape (k,)
        Days of the year.

    Returns
    -------
    array, shape (k,)
        Mean of all known days within a week of each; NaN where there are none.
    """
    total = np.bincount(day_of_year, temperature, _YEAR_DAYS)
    count = np.bincount(day_of_year, minlength=_YEAR_DAYS).astype(np.float64)
    width = 2 * _HALF_WINDOW + 1
    kernel = np.ones(width)
    sums = np.convolve(np.pad(total, _HALF_WINDOW, "wrap"), kernel, "valid")
    counts = np.convolve(np.pad(count, _HALF_WINDOW, "wrap"), kernel, "valid")
    means = np.full(_YEAR_DAYS, np.nan)
    np.divide(sums, counts, out=means, where=np.rint(counts) > 0)
    chosen: FloatArray = means[wanted]
    return chosen


class Normalised(NamedTuple):
    """A PUE as it is, and as it would be at the reference temperature."""

    pue: float
    normalised: float
    facility: float
    """E_DC. [kWh]"""
    it: float
    weather: float
    """Energy that the weather cost beyond the reference; may be negative. [kWh]"""


def normalise(model: Model, days: Days, reference: FloatArray) -> Normalised:
    """Move the energies of some days to other temperatures.

    Parameters
    ----------
    model
        How the overhead follows the temperature.
    days
        What was measured.
    reference : array, shape (n,)
        Temperature that each day is moved to. [degC]
    """
    facility, it = float(days.facility.sum()), float(days.it.sum())
    effect = model.weather(days.temperature) - model.weather(reference)
    cost = float(effect.sum())
    nan = float("nan")
    pue = facility / it if it > 0.0 else nan
    normal = (facility - cost) / it if it > 0.0 else nan
    return Normalised(pue, normal, facility, it, cost)
