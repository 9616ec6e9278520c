"""Windows that end at rows of many series side by side, each of its own length.

A table of windows of 1, 2, 4, 8 … rows is built once for all; the window of any row is
put together from it. So the cost grows with the logarithm of the longest window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterator

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class Groups:
    """Series in rows that are sorted by series.

    Parameters
    ----------
    start, size : arrays, shape (k,)
        First row and number of rows of each series.
    position : array, shape (n,)
        Rows of the same series before each row.
    """

    start: IntArray
    size: IntArray
    position: IntArray

    def spread(self, each: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Repeat one value of each series for all its rows."""
        return np.repeat(each, self.size)


def groups(start: IntArray, count: int) -> Groups:
    """Make the groups that begin at these rows, the first of which is 0."""
    size = np.diff(np.append(start, count))
    return Groups(start, size, np.arange(count) - np.repeat(start, size))


def median_step(ts: IntArray, group: Groups) -> FloatArray:
    """Median time between neighbouring rows of each series; NaN where there is none.

    Parameters
    ----------
    ts : array, shape (n,)
        Times, rising within a series.
    group
        The series.

    Returns
    -------
    array, shape (k,)
        In the unit of `ts`.
    """
    step = np.diff(ts, prepend=ts[:1])
    second = np.minimum(group.start + 1, len(ts) - 1)
    found = np.where(group.size > 1, step[second], np.nan)
    is_odd = (step != group.spread(step[second])) & (group.position > 0)
    odd = np.flatnonzero(np.logical_or.reduceat(is_odd, group.start))
    for each in odd.tolist():
        begin = int(group.start[each])
        found[each] = np.median(step[begin + 1 : begin + int(group.size[each])])
    return found


def since(ts: IntArray, group: Groups, period: int) -> IntArray:
    """First row of each row's series that is older than it by less than `period`.

    Parameters
    ----------
    ts : array, shape (n,)
        Observed times, rising within a series. [us since 1970 UTC]
    group : Groups
        Which rows are of one series.
    period : int
        Length of the window. [us]

    Returns
    -------
    array, shape (n,)
        Rows; at most the row itself.
    """
    # One search for all series: each gets a range of its own on one line of time.
    low, high = int(ts.min(initial=0)), int(ts.max(initial=0))
    width = high - low + period + 1
    if width * len(group.start) < _LARGEST:
        key = ts - low + group.spread(np.arange(len(group.start)) * width)
        found: IntArray = np.searchsorted(key, key - period, side="right")
        return found
    begin = np.empty(len(ts), np.int64)
    for start, size in zip(group.start.tolist(), group.size.tolist(), strict=True):
        part = ts[start : start + size]
        begin[start : start + size] = start + np.searchsorted(
            part, part - period, side="right"
        )
    return begin


def extremes(
    value: FloatArray, row: IntArray, length: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Least and greatest value of windows; missing values (NaN) are left out.

    Parameters
    ----------
    value : array, shape (n,)
        Readings.
    row, length : arrays, shape (k,)
        Last row and number of rows of each window.

    Returns
    -------
    low, high : arrays, shape (k,)
        Infinite where the window holds no value.
    """
    low = np.full(len(row), np.inf)
    high = np.full(len(row), -np.inf)
    missing = np.isnan(value)
    least = np.where(missing, np.inf, value)
    most = np.where(missing, -np.inf, value)
    level = _level(length)
    for each in range(int(level.max(initial=-1)) + 1):
        width = 1 << each
        if each:
            half = width // 2
            least = np.minimum(least[half:], least[:-half])
            most = np.maximum(most[half:], most[:-half])
        mine = np.flatnonzero(level == each)
        if len(mine):
            # Two windows of this width, one at either end, cover the wanted one.
            last = row[mine] - width + 1
            begin = row[mine] - length[mine] + 1
            low[mine] = np.minimum(least[begin], least[last])
            high[mine] = np.maximum(most[begin], most[last])
    return low, high


def _level(length: IntArray) -> IntArray:
    """Exponent of the greatest power of 2 that is not greater."""
    return np.frexp(length.astype(np.float64))[1].astype(np.int64) - 1


def deviation(value: FloatArray, row: IntArray, length: IntArray) -> FloatArray:
    """Return the standard deviation (ddof 0) of windows, missing values left out.

    Means and squared distances of halves are merged [1]_, so that a constant stretch
    has exactly 0 whatever stands before it.

    Parameters
    ----------
    value : array, shape (n,)
        Readings.
    row, length : arrays, shape (k,)
        Last row and number of rows of each window.

    References
    ----------
    .. [1] Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for
       computing sample variances", 1979.
    """
    found = _Moments.nothing(len(row))
    end = row.copy()
    for each, table in _tables(value, int(length.max(initial=0))):
        mine = np.flatnonzero((length >> each) & 1)
        begin = end[mine] - (1 << each) + 1
        found.put(mine, found.take(mine).merged(table.take(begin)))
        end[mine] = begin - 1
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(found.square / found.count)


@dataclass(frozen=True, slots=True)
class _Moments:
    """Number, mean and sum of squared distances from the mean of windows."""

    count: FloatArray
    mean: FloatArray
    square: FloatArray

    @classmethod
    def nothing(cls, size: int) -> _Moments:
        return cls(np.zeros(size), np.zeros(size), np.zeros(size))

    def take(self, which: IntArray | slice) -> _Moments:
        return _Moments(self.count[which], self.mean[which], self.square[which])

    def put(self, which: IntArray, other: _Moments) -> None:
        self.count[which] = other.count
        self.mean[which] = other.mean
        self.square[which] = other.square

    def merged(self, other: _Moments) -> _Moments:
        count = self.count + other.count
        part = other.count / np.maximum(count, 1.0)
        apart = np.where(
            (self.count > 0) & (other.count > 0), other.mean - self.mean, 0
        )
        mean = np.where(self.count > 0, self.mean + apart * part, other.mean)
        square = self.square + other.square + apart * apart * self.count * part
        return _Moments(count, mean, square)


def _tables(value: FloatArray, longest: int) -> Iterator[tuple[int, _Moments]]:
    """Windows of 1, 2, 4 … rows by their first row, as long as they are needed."""
    given = ~np.isnan(value)
    table = _Moments(
        given.astype(np.float64), np.where(given, value, 0.0), np.zeros(len(value))
    )
    each = 0
    while 1 << each <= longest:
        yield each, table
        half = 1 << each
        if 2 * half > len(value):
            return
        table = table.take(slice(None, -half)).merged(table.take(slice(half, None)))
        each += 1
