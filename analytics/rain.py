"""Rain of gauges: increments of registers, rolling sums, warning colours, classes.

References
----------
.. [1] China Meteorological Administration, rainstorm warning signals (暴雨预警信号).
.. [2] GB/T 28592-2012, "Grade of precipitation".
.. [3] SL 651-2014, tables C.1 and D.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.arrays import BoolArray, FloatArray, IntArray

MINUTE = 60_000_000
"""[us]"""
HOUR = 60 * MINUTE
"""[us]"""
WINDOWS_MIN = (5, 10, 15, 30, 60, 180, 360, 720, 1440)
"""Usual windows. [min]"""
GREATEST_RATE = 4.0
"""Design limit of gauges. [mm/min]"""
IMPOSSIBLE_RATE = 15.0
"""No rain of five minutes and more was ever as heavy in China (53 mm in five minutes,
Shanxi, 1971): what counts faster is an error. [mm/min]"""
SUDDEN = 5 * MINUTE
"""What is counted within so short a time may have been told late. [us]"""
SMALL_RESTART = 10.0
"""After a reset a register stands below this. [mm]"""
NEAR_MODULUS = 0.9
"""A register rolls over only from above this share of its modulus. [-]"""
Colour = Literal["blue", "yellow", "orange", "red"]
Signal = tuple[Colour, int, float]
SIGNALS: tuple[Signal, ...] = (
    ("blue", 12, 50.0),
    ("yellow", 6, 50.0),
    ("orange", 3, 50.0),
    ("red", 3, 100.0),
)
"""Colour, window [h] and least rain in it [mm], from the mildest [1]_."""
RainClass = Literal[
    "none",
    "trace",
    "light",
    "moderate",
    "heavy",
    "rainstorm",
    "heavy_rainstorm",
    "extraordinary_rainstorm",
]
CLASSES: tuple[RainClass, ...] = (
    "trace",
    "light",
    "moderate",
    "heavy",
    "rainstorm",
    "heavy_rainstorm",
    "extraordinary_rainstorm",
)
_LIMITS = {
    12: (0.1, 5.0, 15.0, 30.0, 70.0, 140.0),
    24: (0.1, 10.0, 25.0, 50.0, 100.0, 250.0),
}


class Increments(NamedTuple):
    """Rain between the readings of a gauge; arrays of shape (n,).

    Attributes
    ----------
    begin, end
        Interval that the rain fell in. [us]
    amount
        Rain [mm]; NaN where the register does not tell.
    is_suspect
        Whether the rain or the register is not believable.
    """

    begin: IntArray
    end: IntArray
    amount: FloatArray
    is_suspect: BoolArray


def from_register(
    ts: IntArray,
    value: FloatArray,
    *,
    modulus: float = np.inf,
    resets: IntArray | None = None,
) -> Increments:
    """Rain from a register that only grows, but is reset daily, yearly or by a restart.

    Parameters
    ----------
    ts, value : arrays, shape (n,)
        Times, rising [us], and readings [mm].
    modulus
        Where the register rolls over. [mm]
    resets : array
        Times at which it is set to 0 by design (08:00, 1 January). [us]

    Returns
    -------
    Increments
        Of the n - 1 intervals. A fall is a reset where one is due; a rollover only from
        close to the modulus. A register that is small afterwards was restarted: what it
        shows has fallen at least, so it counts, but it is suspect. Else the rain is
        unknown and suspect, and so is what cannot have fallen (told late all at once,
        it may have fallen within `SUDDEN`). More than a gauge is made for is suspect.
    """
    rise = np.diff(value)
    amount = rise.copy()
    fell = rise < 0
    due = np.zeros(len(rise), np.bool_)
    if resets is not None and len(resets):
        ordered = np.sort(resets)
        # A reading at the very time may show either side of it.
        until = np.searchsorted(ordered, ts[1:], side="right")
        due = until > np.searchsorted(ordered, ts[:-1])
    rolled = fell & (value[:-1] > NEAR_MODULUS * modulus) & ~due
    odd = fell & ~rolled & ~due
    reset = fell & ~rolled & (due | (value[1:] < SMALL_RESTART))
    amount[reset] = value[1:][reset]
    amount[rolled] += modulus
    amount[odd & ~reset] = np.nan
    elapsed = np.diff(ts)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = amount / (elapsed / MINUTE)
    amount[amount > IMPOSSIBLE_RATE * np.maximum(elapsed, SUDDEN) / MINUTE] = np.nan
    return Increments(ts[:-1], ts[1:], amount, odd | (rate > GREATEST_RATE))


def from_intervals(end: IntArray, amount: FloatArray, interval: int) -> Increments:
    """Rain of intervals of equal length.

    Parameters
    ----------
    end : array, shape (n,)
        End of each interval. [us since 1970 UTC]
    amount : array, shape (n,)
        Rain of each; a negative one counts as missing and is suspect. [mm]
    interval : int
        Length of all. [us]
    """
    with np.errstate(invalid="ignore"):
        is_suspect = (amount < 0) | (amount > GREATEST_RATE * interval / MINUTE)
    amount = np.where(amount < 0, np.nan, amount)
    return Increments(end - interval, end, amount, is_suspect)


def daily_resets(first: int, last: int, hour_utc: int = 0) -> IntArray:
    """Return the times at which a daily counter begins anew.

    Parameters
    ----------
    first, last : int
        The days that hold these times, and all between. [us since 1970 UTC]
    hour_utc : int
        Of the day; 08:00 in Beijing is 0. [h]

    Returns
    -------
    array, shape (days,)
        [us since 1970 UTC]
    """
    day = 24 * HOUR
    shift = hour_utc * HOUR
    begin = (first - shift) // day
    end = (last - shift) // day
    return np.arange(begin, end + 1) * day + shift


class Sums(NamedTuple):
    """Rolling sums; arrays of shape (k,).

    Attributes
    ----------
    amount
        Rain in the window that ends at each time. [mm]
    coverage
        Part of the window that readings cover. [-]
    """

    amount: FloatArray
    coverage: FloatArray


def rolling(rain: Increments, at: IntArray, window: int) -> Sums:
    """Sum of the rain in (t - window, t] for each time of `at`.

    Only intervals that have ended by t count, so that the sum of a cut series is that
    of the whole. Of an interval that reaches in from before its share counts.

    Parameters
    ----------
    rain
        Intervals sorted by their end, none overlapping another.
    at : array, shape (k,)
        Times. [us]
    window
        [us]
    """
    good = ~np.isnan(rain.amount) & (rain.end > rain.begin)
    begin, end, amount = rain.begin[good], rain.end[good], rain.amount[good]
    first = np.searchsorted(end, at - window, side="right")
    last = np.searchsorted(end, at, side="right")
    sums = np.zeros(len(at))
    covered = np.zeros(len(at))
    for index in np.flatnonzero(first < last).tolist():
        low, high = int(first[index]), int(last[index])
        since = int(at[index]) - window
        length = end[low:high] - begin[low:high]
        inside = end[low:high] - np.maximum(begin[low:high], since)
        # Added one by one from the oldest: the same for a cut series, bit for bit.
        sums[index] = np.add.accumulate(amount[low:high] * (inside / length))[-1]
        covered[index] = inside.sum() / window
    return Sums(sums, covered)


def colour(
    sums_by_hours: dict[int, float], signals: Sequence[Signal] = SIGNALS
) -> Colour | None:
    """Return the highest warning colour that the rain of the last hours reaches [1]_.

    Parameters
    ----------
    sums_by_hours
        Rain by length of the window [h]. [mm]
    signals
        From the mildest; windows that are not known are not reached.
    """
    reached = [
        name
        for name, hours, least in signals
        if round(sums_by_hours.get(hours, 0.0), 6) >= least
    ]
    return reached[-1] if reached else None


def rain_class(amount: float, hours: int) -> RainClass:
    """Class of the rain of 12 or 24 h, after rounding to 0.1 mm [2]_.

    Raises
    ------
    ValueError
        There are no classes for so many hours.
    """
    if hours not in _LIMITS:
        message = f"there are no rain classes for {hours} h"
        raise ValueError(message)
    if amount <= 0 or np.isnan(amount):
        return "none"
    # Half up, as a person rounds; the nudge outweighs what sums have lost.
    tenths = np.floor(amount * 10 + 0.5 + 1e-9) / 10
    found = np.searchsorted(np.array(_LIMITS[hours]), tenths + 1e-9, side="right")
    return CLASSES[int(found)]
