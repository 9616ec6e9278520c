"""Hourly energies of series on a regular grid, as fast as memory gives their bytes.

Blocks that fit the cache are summed hour by hour; hours with something odd in them are
computed by the general path (`energy`, `segments`) from the readings around them. The
results are those of the general path bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import energy, segments
from analytics.arrays import HOUR
from analytics.segments import BucketSums, Segments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.arrays import BoolArray, FloatArray, IntArray
    from analytics.energy import Register

_BLOCK = 61_440
"""Readings of a block, which with what is computed from them fits a core's cache."""
_HOLED = 8192
"""Hours with holes that are filled at once: calls are few, what they copy is small."""
_AROUND = 2 * energy.CONTEXT


class Grid(NamedTuple):
    """Readings at equal steps that divide the hour, the first on a full hour.

    Parameters
    ----------
    start : int
        Time of the first reading. [us since 1970 UTC]
    step : int
        [us]
    size : int
        Number of readings, missing ones (NaN) too.
    """

    start: int
    step: int
    size: int

    @property
    def per_hour(self) -> int:
        """Readings in an hour."""
        return HOUR // self.step

    @property
    def hours(self) -> int:
        """Number of whole hours."""
        return self.size // self.per_hour

    @property
    def edges(self) -> IntArray:
        """Edges of the whole hours. [us since 1970 UTC]."""
        return self.start + np.arange(self.hours + 1, dtype=np.int64) * HOUR

    def ts(self, index: IntArray) -> IntArray:
        """Return the times of readings [us since 1970 UTC]."""
        return self.start + index * self.step


@dataclass(frozen=True, slots=True)
class Power:
    """Readings of a power.

    Parameters
    ----------
    value : array, shape (n,)
        NaN for missing. [W]
    hold : int
        Longest time that a reading holds, at least the grid's step. [us]
    """

    value: FloatArray
    hold: int

    def segments(self, ts: IntArray, index: IntArray) -> Segments:
        """Take the general path from the chosen readings."""
        return energy.from_power(ts, self.value[index], self.hold)


@dataclass(frozen=True, slots=True)
class Counter:
    """Readings of a register.

    Parameters
    ----------
    value : array, shape (n,)
        NaN for missing, in the register's unit.
    register : Register
        Its parameters.
    """

    value: FloatArray
    register: Register

    def segments(self, ts: IntArray, index: IntArray) -> Segments:
        """Take the general path from the chosen readings."""
        return energy.from_register(ts, self.value[index], self.register)


class Hours(NamedTuple):
    """What meters measured hour by hour.

    Parameters
    ----------
    edges : array, shape (k + 1,)
        Of the hours. [us since 1970 UTC]
    own : list of BucketSums
        Of each meter.
    segments : list of Segments
        Of each meter, at least where an hour is not wholly measured by all.
    """

    edges: IntArray
    own: list[BucketSums]
    segments: list[Segments]


def hours(ts: IntArray, sources: Sequence[Power | Counter]) -> Hours:
    """Energies of meters that are read at the same times.

    Parameters
    ----------
    ts : array, shape (n,)
        Strictly ascending. [us since 1970 UTC]
    sources
        The meters, each with n readings.
    """
    grid = find(ts)
    found = None if grid is None else _fast(grid, sources)
    return _general(ts, sources) if found is None else found


def _general(ts: IntArray, sources: Sequence[Power | Counter]) -> Hours:
    low, high = (int(ts[0]) // HOUR, int(ts[-1]) // HOUR) if len(ts) else (0, 0)
    edges = np.arange(low, high + 1, dtype=np.int64) * HOUR
    parts = [each.segments(ts, np.arange(len(ts))) for each in sources]
    return Hours(edges, [segments.sums(each, edges) for each in parts], parts)


def _fast(grid: Grid, sources: Sequence[Power | Counter]) -> Hours | None:
    own = [
        power(grid, each) if isinstance(each, Power) else register(grid, each)
        for each in sources
    ]
    if any((each.estimated_time > 0).any() for each in own):
        # Whether a gap is exact depends on readings far away.
        return None
    partial = np.zeros(grid.hours, np.bool_)
    for sums in own:
        partial |= sums.covered < HOUR
    around = _around(grid, partial)
    ts = grid.ts(around)
    parts = [each.segments(ts, around) for each in sources]
    return Hours(grid.edges, own, parts)


def find(ts: IntArray) -> Grid | None:
    """Grid of readings, None if they are not on one.

    Parameters
    ----------
    ts : array, shape (n,)
        Ascending. [us since 1970 UTC]
    """
    if len(ts) < 2:  # noqa: PLR2004 - no step
        return None
    start, step = int(ts[0]), int(ts[1] - ts[0])
    fits = step > 0 and HOUR % step == 0 and start % HOUR == 0
    if not fits or int(ts[-1]) != start + (len(ts) - 1) * step:
        return None
    block = np.arange(_BLOCK, dtype=np.int64) * step
    for low in range(0, len(ts), _BLOCK):
        part = ts[low : low + _BLOCK]
        if not np.array_equal(part - part[0], block[: len(part)]):
            return None
        if int(part[0]) != start + low * step:
            return None
    return Grid(start, step, len(ts))


def register(grid: Grid, source: Counter) -> BucketSums:
    """Do as `energy.from_register` and `segments.sums`, for each hour of a grid."""
    value, known = source.value, source.register
    per_hour = grid.per_hour
    found = _empty(grid.hours)
    hours = min(grid.hours, (grid.size - 1) // per_hour)
    least = float(energy.bound(np.array([grid.step]), known)[0])
    doubtful = [np.arange(hours, grid.hours) * per_hour]
    starts = np.arange(0, _BLOCK - per_hour + 1, per_hour)
    buffer = np.empty(len(starts) * per_hour)
    for low in range(0, hours, len(starts)):
        high = min(low + len(starts), hours)
        first, last = low * per_hour, high * per_hour
        step = buffer[: last - first]
        np.subtract(value[first + 1 : last + 1], value[first:last], out=step)
        np.add.reduceat(step, starts[: high - low], out=found.amount[low:high])
        if not (np.minimum.reduce(step) >= 0.0 and np.maximum.reduce(step) <= least):
            rare = ~((step >= 0.0) & (step <= least))
            doubtful.append(first + np.flatnonzero(rare))
    near = np.concatenate(doubtful)[:, None] + np.arange(-_AROUND, _AROUND + 1)
    odd = np.zeros(grid.hours, np.bool_)
    odd[np.clip(near.ravel() // per_hour, 0, max(grid.hours - 1, 0))] = True
    return _mend(grid, source, odd, found)


def power(grid: Grid, source: Power) -> BucketSums:
    """Do as `energy.from_power` and `segments.sums`, for each hour of a grid."""
    value, hold = source.value, source.hold
    per_hour, hours = grid.per_hour, grid.hours
    found = _empty(hours)
    odd = np.zeros(hours + 1, np.bool_)
    starts = np.arange(0, _BLOCK - per_hour + 1, per_hour)
    holding = _Holding(grid.step, hold, float(energy.per_watt(np.int64(grid.step))))
    buffer = np.empty(len(starts) * per_hour)
    for low in range(0, hours, len(starts)):
        high = min(low + len(starts), hours)
        part = value[low * per_hour : high * per_hour]
        amount = np.multiply(part, holding.factor, out=buffer[: len(part)])
        np.add.reduceat(amount, starts[: high - low], out=found.amount[low:high])
    holed = np.flatnonzero(~np.isfinite(found.amount))
    whole = value[: hours * per_hour].reshape(-1, per_hour)
    for some in np.array_split(holed, len(holed) // _HOLED + 1):
        if len(some):
            _fill(whole.take(some, axis=0), some, found, odd, holding)
    # Whether the last reading's hold ends with the hour, only what follows tells.
    end = hours * per_hour
    odd[hours - 1 :] |= end >= len(value) or not np.isfinite(value[end])
    odd[:-1] |= (found.covered < HOUR) | ~np.isfinite(found.amount)
    return _mend(grid, source, odd[:-1], found)


class _Holding(NamedTuple):
    """Step and hold of readings [us], energy of 1 W over a step [kWh/W]."""

    step: int
    hold: int
    factor: float


def _fill(
    rows: FloatArray,
    hour: IntArray,
    found: BucketSums,
    odd: BoolArray,
    holding: _Holding,
) -> None:
    """Sum hours with holes, in which the reading before a hole holds on.

    Hours into which or out of which a reading may hold are odd: the first reading of
    an hour is missing.
    """
    per_hour = rows.shape[1]
    missing = ~np.isfinite(rows)
    holes = np.flatnonzero(missing)
    amount = rows[~missing]
    is_begin = holes % per_hour == 0
    is_begin[1:] |= holes[1:] - holes[:-1] > 1
    is_begin[:1] = True
    begins = np.flatnonzero(is_begin)
    width = np.append(begins[1:], len(holes)) - begins
    before, after = holes[begins] - 1, holes[begins] + width
    row = before // per_hour
    within = (before >= 0) & (row == (after - 1) // per_hour)
    begins, before, row = begins[within], before[within], row[within]
    length = (width[within] + 1) * holding.step
    held = np.minimum(length, holding.hold)
    amount *= holding.factor
    amount[before - begins] = rows.ravel()[before] * energy.per_watt(held)
    count = per_hour - np.bincount(holes // per_hour, minlength=len(rows))
    some = count > 0
    first = (np.cumsum(count) - count)[some]
    found.amount[hour[~some]] = np.nan
    if len(first):
        found.amount[hour[some]] = np.add.reduceat(amount, first)
    lost = np.bincount(row, (length - held).astype(np.float64), len(rows))
    found.covered[hour] = HOUR - lost.astype(np.int64)
    crossed = hour[missing[:, 0]]
    odd[crossed] = True
    odd[np.maximum(crossed - 1, 0)] = True


def _empty(count: int) -> BucketSums:
    return BucketSums(
        np.zeros(count),
        np.zeros(count),
        np.full(count, HOUR, np.int64),
        np.zeros(count, np.int64),
    )


def _around(grid: Grid, odd: BoolArray) -> IntArray:
    """Indexes of the readings in and around odd hours."""
    span = np.arange(-_AROUND, grid.per_hour + _AROUND + 1)
    index = (np.flatnonzero(odd)[:, None] * grid.per_hour + span).ravel()
    wanted = np.zeros(grid.size, np.bool_)
    wanted[index[(index >= 0) & (index < grid.size)]] = True
    return np.flatnonzero(wanted)


def _mend(
    grid: Grid, source: Power | Counter, odd: BoolArray, found: BucketSums
) -> BucketSums:
    """Compute odd hours by the general path, all at once, with what lies around them.

    Where readings are left out between two odd hours, something wrong is said of the
    time between, which is not looked at.
    """
    hour = np.flatnonzero(odd)
    if not len(hour):
        return found
    index = _around(grid, odd)
    exact = source.segments(grid.ts(index), index)
    start = grid.start + hour * HOUR
    points = np.union1d(start, start + HOUR)
    sums = segments.sums(exact, points)
    bucket = np.searchsorted(points, start)
    for name in BucketSums.__slots__:
        getattr(found, name)[hour] = getattr(sums, name)[bucket]
    return found
