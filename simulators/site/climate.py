"""Weather of the demonstration park: one weather drives everything in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from simulators import draws
from simulators.physics.storms import Storms

if TYPE_CHECKING:
    from parkpulse.model.packed import FloatArray, Int64Array

LATITUDE, LONGITUDE = 36.65, 117.12
DAY_S = 86400
HOUR_S = 3600
ZONE_S = 8 * HOUR_S
"""How far the park's clocks are ahead of UTC. [s]"""

# Chance of a storm on a day and its median depth, by month; about Jinan's rain days.
_CHANCE = np.array([17, 18, 20, 22, 25, 28, 38, 36, 28, 22, 20, 17]) / 100
_MEDIAN_MM = np.array([4, 5, 6, 7, 9, 12, 15, 15, 11, 9, 7, 4], dtype=np.float64)
_DEPTH_SPREAD = 0.6
_MOST_MM = 120.0

# In live operation a short storm comes again and again, for people to see.
SCRIPTED_EVERY_S = 3 * HOUR_S
SCRIPTED_DURATION_S = 12 * 60
SCRIPTED_MM = 6.5

_MEAN_C, _YEARLY_C, _WARMEST_DAY = 14.8, 14.6, 201
_YEAR_DAYS = 365.25


def _month(days: Int64Array) -> Int64Array:
    months: Int64Array = (
        days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    )
    return months % 12


def is_wet(seed: int, days: Int64Array) -> FloatArray:
    """Tell whether a natural storm falls on each day (since 1970, UTC): 1 or 0."""
    chance = _CHANCE[_month(days)]
    return (draws.uniform(seed, "storm day", days) < chance).astype(np.float64)


def _begins(seed: int, days: Int64Array, duration: FloatArray) -> FloatArray:
    latest = DAY_S - HOUR_S - duration
    begin = HOUR_S / 2 + draws.uniform(seed, "storm begin", days) * latest
    begins: FloatArray = np.floor(days * float(DAY_S) + begin)
    return begins


def natural_storms(seed: int, first_day: int, last_day: int) -> Storms:
    """Storms of the days from `first_day` to `last_day`, both included.

    A storm lies within its UTC day, which begins with the rain day at 08:00 in Beijing.
    """
    days = np.arange(first_day, last_day + 1, dtype=np.int64)
    days = days[is_wet(seed, days) > 0]
    spread = draws.normal(seed, "storm depth", days)
    depth: FloatArray = _MEDIAN_MM[_month(days)] * np.exp(_DEPTH_SPREAD * spread)
    hours = draws.uniform(seed, "storm duration", days)
    peak: FloatArray = 0.3 + 0.25 * draws.uniform(seed, "storm peak", days)
    duration: FloatArray = HOUR_S * (1.0 + 5.0 * hours)
    return Storms(
        _begins(seed, days, duration),
        duration,
        np.minimum(depth, _MOST_MM),
        peak,
    )


def scripted_storms(began_s: int, start_s: float, end_s: float) -> Storms:
    """Storms of the live demonstration that touch [start, end); none before `began`."""
    before = (start_s - SCRIPTED_DURATION_S - began_s) / SCRIPTED_EVERY_S
    after = (end_s - began_s) / SCRIPTED_EVERY_S
    numbers = np.arange(max(0, int(np.ceil(before))), max(0, int(np.ceil(after))))
    start: FloatArray = began_s + SCRIPTED_EVERY_S * numbers.astype(np.float64)
    count = len(numbers)
    return Storms(
        start,
        np.full(count, float(SCRIPTED_DURATION_S)),
        np.full(count, SCRIPTED_MM),
        np.full(count, 0.4),
    )


def at_gauge(storms: Storms, seed: int, gauge: str) -> Storms:
    """Storms as one gauge sees them: somewhat more or less, somewhat later."""
    index = storms.start_s.astype(np.int64)
    factor = np.exp(0.12 * draws.normal(seed, f"{gauge} share", index))
    delay = np.floor(120.0 * draws.uniform(seed, f"{gauge} delay", index))
    return Storms(
        storms.start_s + delay, storms.duration_s, storms.depth_mm * factor, storms.peak
    )


def cloud(seed: int, times_s: Int64Array) -> FloatArray:
    """Share of the sky that is covered. [-]."""
    first, last = int(times_s.min()) // DAY_S - 1, int(times_s.max()) // DAY_S + 1
    days = np.arange(first, last + 1, dtype=np.int64)
    noons = days * DAY_S + DAY_S // 2
    wet = np.interp(times_s, noons, is_wet(seed, days))
    covered: FloatArray = special.ndtr(
        draws.smooth(seed, "cloud", times_s, 4 * HOUR_S) - 0.3 + 1.8 * wet
    )
    return covered


def temperature(seed: int, times_s: Int64Array, cloud: FloatArray) -> FloatArray:
    """Temperature of the outdoor air under a sky covered so far. [degC]."""
    days = times_s / DAY_S
    year = np.cos(2 * np.pi * ((days % _YEAR_DAYS) - _WARMEST_DAY) / _YEAR_DAYS)
    hour = np.cos(2 * np.pi * ((times_s + ZONE_S) / HOUR_S - 15.0) / 24.0)
    swing = 5.0 * (1.0 - 0.6 * cloud)
    drift = 2.8 * draws.smooth(seed, "temperature", times_s, 2 * DAY_S)
    return _MEAN_C + _YEARLY_C * year + swing * hour + drift


def humidity(seed: int, times_s: Int64Array, cloud: FloatArray) -> FloatArray:
    """Relative humidity of the outdoor air under a sky covered so far. [%RH]."""
    days = times_s / DAY_S
    year = np.cos(2 * np.pi * ((days % _YEAR_DAYS) - 215) / _YEAR_DAYS)
    hour = np.cos(2 * np.pi * ((times_s + ZONE_S) / HOUR_S - 15.0) / 24.0)
    drift = 8.0 * draws.smooth(seed, "humidity", times_s, DAY_S)
    return np.clip(50.0 + 11.0 * year - 10.0 * hour + 25.0 * cloud + drift, 12.0, 98.0)


def wind(seed: int, times_s: Int64Array) -> FloatArray:
    """Wind speed at the height of a turbine's hub, log-normal about 6 m/s. [m/s]."""
    days = times_s / DAY_S
    year = np.cos(2 * np.pi * ((days % _YEAR_DAYS) - 90) / _YEAR_DAYS)
    gusty = draws.smooth(seed, "wind speed", times_s, 5 * HOUR_S)
    return np.asarray((6.0 + 1.0 * year) * np.exp(0.42 * gusty), dtype=np.float64)
