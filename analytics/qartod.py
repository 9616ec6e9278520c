"""QARTOD tests of readings: flags per row, of one series or of many side by side.

Rows are sorted by series, then time. `first` marks the first row of each series;
without it there is one series. A limit is one number or one for each row; a limit of
NaN is not tested. Values are NaN where missing.

References
----------
.. [1] U.S. IOOS, "Manual for Real-Time Quality Control of Water Level Data", 2021.
.. [2] ioos_qc 2.x, `qartod.py`, whose edge cases these functions keep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from analytics import rolling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Flags = npt.NDArray[np.uint8]
Limit = float | FloatArray
"""One number, or one for each row; NaN: none."""
Span = tuple[Limit, Limit]
"""Least and greatest good value."""
Method = Literal["average", "differential"]
Check = Literal["std", "range"]

GOOD, NOT_EVALUATED, SUSPECT, FAIL, MISSING = 1, 2, 3, 4, 9
SECOND = 1_000_000
"""[us]"""
HOUR = 3600 * SECOND
"""[us]"""
MINIMUM_FLAT_ROWS = 3
"""A series of fewer rows is not tested for flat lines."""
_PRIORITY = np.zeros(10, np.uint8)
_PRIORITY[[MISSING, NOT_EVALUATED, GOOD, SUSPECT, FAIL]] = [0, 1, 2, 3, 4]
_FLAG = np.array([MISSING, NOT_EVALUATED, GOOD, SUSPECT, FAIL], np.uint8)


def aggregate(flags: Sequence[Flags]) -> Flags:
    """Combine the flags of several tests, each of shape (n,), into one for each row.

    Fail goes before suspect, good, not evaluated and missing.
    """
    worst = _PRIORITY[flags[0]]
    for each in flags[1:]:
        np.maximum(worst, _PRIORITY[each], out=worst)
    found: Flags = _FLAG[worst]
    return found


def gross_range(value: FloatArray, fail: Span, suspect: Span | None = None) -> Flags:
    """Flag values outside of spans; the limits themselves are good.

    Parameters
    ----------
    value : array, shape (n,)
        Readings.
    fail, suspect
        Outside of them a value fails, is suspect.
    """
    flag = _start(value)
    if suspect is not None:
        flag[(value < suspect[0]) | (value > suspect[1])] = SUSPECT
    flag[(value < fail[0]) | (value > fail[1])] = FAIL
    return flag


def spike(
    value: FloatArray,
    suspect: Limit,
    fail: Limit,
    *,
    method: Method = "average",
    first: BoolArray | None = None,
) -> Flags:
    """Flag rows that stand out from both their neighbours by more than a threshold.

    First and last rows and neighbours of missing values are not evaluated.

    Parameters
    ----------
    value : array, shape (n,)
        Readings.
    suspect, fail
        Thresholds. [unit of the values]
    method
        `average`: distance from the mean of the neighbours; `differential`: the
        smaller step to a neighbour, where the steps have opposite signs.
    first : array, shape (n,)
        First rows of series.
    """
    flag = np.full(len(value), NOT_EVALUATED, np.uint8)
    flag[np.isnan(value)] = MISSING
    if len(value) <= 2:  # noqa: PLR2004 - both are edges
        return flag
    height = _average(value) if method == "average" else _differential(value)
    inner = ~np.isnan(height)
    if first is not None:
        inner &= ~first[1:-1] & ~first[2:]
    middle = flag[1:-1]
    middle[inner] = GOOD
    middle[inner & (height > _inner(suspect))] = SUSPECT
    middle[inner & (height > _inner(fail))] = FAIL
    return flag


def _inner(limit: Limit) -> Limit:
    return limit[1:-1] if isinstance(limit, np.ndarray) else limit


def _average(value: FloatArray) -> FloatArray:
    height = value[:-2] + value[2:]
    height *= -0.5
    height += value[1:-1]
    found: FloatArray = np.abs(height, out=height)
    return found


def _differential(value: FloatArray) -> FloatArray:
    step = np.diff(value)
    before, after = step[:-1], step[1:]
    height = np.minimum(np.abs(before), np.abs(after))
    height[(before >= 0) == (after > 0)] = 0.0
    height[(before == 0) | (after == 0)] = 0.0
    height[np.isnan(before) | np.isnan(after)] = np.nan
    return height


def rate_of_change(
    ts: IntArray,
    value: FloatArray,
    threshold: Limit,
    fail: Limit = np.nan,
    *,
    first: BoolArray | None = None,
) -> Flags:
    """Flag rows that differ from the row before by more than a rate.

    The first row, and one after a missing value, is good.

    Parameters
    ----------
    ts, value : arrays, shape (n,)
        Times [us] and readings.
    threshold, fail
        Greatest rate that is not suspect, that does not fail. [unit/s]
    first : array, shape (n,)
        First rows of series.
    """
    flag = _start(value)
    if len(value) <= 1:
        return flag
    step = np.abs(np.diff(value))
    # Compared with what the time allows, for two rows may have the same time.
    elapsed = np.diff(ts) / SECOND
    if first is not None:
        step[first[1:]] = np.nan
    later = flag[1:]
    later[_exceeds(step, elapsed, threshold)] = SUSPECT
    later[_exceeds(step, elapsed, fail)] = FAIL
    return flag


def _exceeds(step: FloatArray, elapsed: FloatArray, limit: Limit) -> BoolArray:
    if isinstance(limit, np.ndarray):
        limit = limit[1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        found: BoolArray = step / elapsed > limit
    return found


def flat_line(
    ts: IntArray,
    value: FloatArray,
    suspect_s: Limit,
    fail_s: Limit,
    tolerance: Limit,
    *,
    first: BoolArray | None = None,
) -> Flags:
    """Flag rows at the end of a time in which values stayed within a tolerance.

    The window of a row holds as many intervals before it as fit the threshold at the
    series' median interval; missing values in it are left out. A row with fewer before
    it is good, so is a series of fewer than 3 rows.

    Parameters
    ----------
    ts, value : arrays, shape (n,)
        Times [us] and readings.
    suspect_s, fail_s
        Length of the window. [s]
    tolerance
        The range of values in the window must be less. [unit of the values]
    first : array, shape (n,)
        First rows of series.
    """
    flag = _start(value)
    if not len(value):
        return flag
    group = _groups(first, len(value))
    interval = rolling.median_step(ts, group)
    interval[group.size < MINIMUM_FLAT_ROWS] = 0.0
    for limit, mark in ((suspect_s, SUSPECT), (fail_s, FAIL)):
        flag[_is_flat(value, group, interval, limit, tolerance)] = mark
    flag[np.isnan(value)] = MISSING
    return flag


def _is_flat(
    value: FloatArray,
    group: rolling.Groups,
    interval: FloatArray,
    limit_s: Limit,
    tolerance: Limit,
) -> BoolArray:
    """Whether the window ending at each row is flat; never where the interval is 0."""
    at_first = limit_s[group.start] if isinstance(limit_s, np.ndarray) else limit_s
    with np.errstate(divide="ignore", invalid="ignore"):
        count = np.floor(at_first * SECOND / interval)
    # No window where nothing is to be tested, or where it is longer than the series.
    is_tested = np.isfinite(count) & (count < group.size)
    length = np.where(is_tested, count, 0.0).astype(np.int64) + 1
    wanted = group.spread(is_tested) & (group.position >= group.spread(length) - 1)
    row = np.flatnonzero(wanted)
    low, high = rolling.extremes(value, row, group.spread(length)[row])
    if isinstance(tolerance, np.ndarray):
        tolerance = tolerance[row]
    found = np.zeros(len(value), np.bool_)
    found[row] = high - low < tolerance
    return found


def gap(ts: IntArray, fail_h: Limit, *, first: BoolArray | None = None) -> Flags:
    """Flag rows that come later than a time after the row before; first rows are good.

    Parameters
    ----------
    ts : array, shape (n,)
        Times. [us]
    fail_h
        Longest good time. [h]
    first : array, shape (n,)
        First rows of series.
    """
    flag = np.full(len(ts), GOOD, np.uint8)
    if len(ts) <= 1:
        return flag
    limit = fail_h[1:] if isinstance(fail_h, np.ndarray) else fail_h
    is_late = np.diff(ts) > limit * HOUR
    if first is not None:
        is_late &= ~first[1:]
    flag[1:][is_late] = FAIL
    return flag


def data_reception(ts: IntArray, fail_h: float, now: int) -> Flags:
    """Flag rows that are older than a time, as seen from `now` [us].

    Parameters
    ----------
    ts : array, shape (n,)
        Times. [us]
    fail_h
        Greatest good age. [h]
    now
        [us]
    """
    return np.where(now - ts > fail_h * HOUR, FAIL, GOOD).astype(np.uint8)


def attenuated_signal(
    ts: IntArray,
    value: FloatArray,
    suspect: Limit,
    fail: Limit,
    *,
    period_s: float | None = None,
    minimum: int = 1,
    check: Check = "std",
    first: BoolArray | None = None,
) -> Flags:
    """Flag rows at the end of a time in which the values varied too little.

    Parameters
    ----------
    ts, value : arrays, shape (n,)
        Times [us] and readings.
    suspect, fail
        A variation below is suspect, fails. [unit of the values]
    period_s
        Length of the window (t - period, t] [s]; None: the whole series, all of whose
        rows get the same flag.
    minimum
        With fewer values in its window a row is not evaluated.
    check
        `std`: standard deviation of the population (ddof 0); `range`: greatest less
        least value.
    first : array, shape (n,)
        First rows of series.
    """
    if not len(value):
        return _start(value)
    group = _groups(first, len(value))
    length = group.position + 1
    if period_s is None:
        length = group.spread(group.size)
        row = group.spread(group.start + group.size - 1)
    else:
        begin = rolling.since(ts, group, round(period_s * SECOND))
        row = np.arange(len(ts))
        length = row - begin + 1
    variation, count = _variation(value, row, length, check)
    flag = np.full(len(value), NOT_EVALUATED, np.uint8)
    enough = (count >= minimum) & ~np.isnan(variation)
    flag[enough] = GOOD
    flag[enough & (variation < suspect)] = SUSPECT
    flag[enough & (variation < fail)] = FAIL
    flag[np.isnan(value)] = MISSING
    return flag


def _variation(
    value: FloatArray, row: IntArray, length: IntArray, check: Check
) -> tuple[FloatArray, IntArray]:
    """Variation and number of the values in the windows that end at `row`."""
    seen = np.concatenate([[0], np.cumsum(~np.isnan(value))])
    count = seen[row + 1] - seen[row + 1 - length]
    if check == "range":
        low, high = rolling.extremes(value, row, length)
        variation = high - low
    else:
        variation = rolling.deviation(value, row, length)
    return np.where(count > 0, variation, np.nan), count


class Season(NamedTuple):
    """A climatology of a part of the time.

    Attributes
    ----------
    begin, end
        Part [begin, end] of `unit`.
    unit
        `time` (us since 1970), `year`, `quarter`, `month`, `week` (ISO),
        `dayofyear`, `dayofweek` (0 is Monday), `day` (of the month) or `hour`.
    suspect, fail
        Spans outside of which a value is suspect, fails.
    """

    begin: float
    end: float
    unit: str
    suspect: tuple[float, float]
    fail: tuple[float, float] | None = None


def climatology(ts: IntArray, value: FloatArray, seasons: Sequence[Season]) -> Flags:
    """Flag values outside of the spans of their season; of several the last counts.

    Rows outside of all seasons are not evaluated.

    Parameters
    ----------
    ts, value : arrays, shape (n,)
        Times in the zone that the seasons are meant in [us], and readings.
    seasons
        Parts of the time with their spans.
    """
    flag = np.full(len(value), NOT_EVALUATED, np.uint8)
    for season in seasons:
        part = season_part(ts, season.unit)
        within = (part >= season.begin) & (part <= season.end)
        fail = season.fail or (-np.inf, np.inf)
        found = gross_range(value, fail, season.suspect)
        flag[within] = found[within]
    flag[np.isnan(value)] = MISSING
    return flag


UNITS = (
    *("time", "year", "quarter", "month", "week", "dayofyear", "dayofweek"),
    *("day", "hour"),
)
"""Units of seasons."""
_THURSDAY = 3


def season_part(ts: IntArray, unit: str) -> IntArray:
    """Tell where in a unit of `UNITS` each time is.

    Raises
    ------
    ValueError
        There is no such unit.
    """
    if unit == "time":
        return ts
    day = ts // (24 * HOUR)
    # 1 January 1970 was a Thursday.
    weekday = (day + _THURSDAY) % 7
    thursday = day - weekday + _THURSDAY
    stamp = day.astype("datetime64[D]")
    month = stamp.astype("datetime64[M]").astype(np.int64)
    parts: dict[str, Callable[[], IntArray]] = {
        "year": lambda: month // 12 + 1970,
        "quarter": lambda: month % 12 // 3 + 1,
        "month": lambda: month % 12 + 1,
        "week": lambda: _day_of_year(thursday) // 7 + 1,
        "dayofyear": lambda: _day_of_year(day) + 1,
        "dayofweek": lambda: weekday,
        "day": lambda: (stamp - stamp.astype("datetime64[M]")).astype(np.int64) + 1,
        "hour": lambda: ts // HOUR % 24,
    }
    if unit not in parts:
        message = f"there is no unit {unit!r}"
        raise ValueError(message)
    found: IntArray = parts[unit]()
    return found


def _day_of_year(day: IntArray) -> IntArray:
    stamp = day.astype("datetime64[D]")
    found: IntArray = (stamp - stamp.astype("datetime64[Y]")).astype(np.int64)
    return found


def _start(value: FloatArray) -> Flags:
    flag = np.full(len(value), GOOD, np.uint8)
    flag[np.isnan(value)] = MISSING
    return flag


def _groups(first: BoolArray | None, count: int) -> rolling.Groups:
    if first is None:
        return rolling.groups(np.zeros(1, np.int64), count)
    return rolling.groups(np.flatnonzero(first), count)
