"""Hourly energies of meters on one regular grid, as fast as memory gives their bytes.

On a grid every reading stands for steps of equal length, so that the meters of a data
centre need no spans of their own: an hour of a power is the sum of its readings, an
hour of a register the difference of the readings at its edges. What is odd is found in
the same pass and mended: a missing reading by the one before it that holds, a doubtful
step of a register by the general path (`energy`, `segments`). The results are those of
the general path but for rounding (1e-12 of the hour's energy).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics import energy, joint, segments
from analytics.arrays import HOUR
from analytics.segments import BucketSums, Segments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.arrays import BoolArray, FloatArray, IntArray
    from analytics.energy import Register
    from analytics.joint import Hours, JointSums

_BLOCK = 61_440
"""Readings of a block, which with what is computed from them fits a core's cache."""
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

    def table(self, value: FloatArray) -> FloatArray:
        """Return readings hour by hour, shape (hours, per_hour)."""
        return value[: self.hours * self.per_hour].reshape(-1, self.per_hour)

    def within(self, step: IntArray, chosen: IntArray) -> tuple[BoolArray, IntArray]:
        """Tell which steps lie in chosen hours, and where in a table of just these."""
        hour = step // self.per_hour
        place = np.full(self.hours, -1)
        place[chosen] = np.arange(len(chosen))
        row = place[hour]
        which = row >= 0
        return which, step[which] + (row - hour)[which] * self.per_hour


class Lost(NamedTuple):
    """Steps that a meter does not wholly cover.

    Parameters
    ----------
    step : array, shape (n,)
        Which of the grid, ascending.
    covered : array, shape (n,)
        How much of each is covered, from its begin on. [us]
    """

    step: IntArray
    covered: IntArray


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

    def on(self, grid: Grid) -> _PowerHours:
        """Sum up the hours of a grid."""
        return _power(grid, self)


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
        return energy.metered(ts, self.value[index], self.register)

    def on(self, grid: Grid) -> _CounterHours:
        """Sum up the hours of a grid."""
        return _counter(grid, self)


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


def _general(ts: IntArray, sources: Sequence[Power | Counter]) -> joint.Spans:
    low, high = (int(ts[0]) // HOUR, int(ts[-1]) // HOUR) if len(ts) else (0, 0)
    edges = np.arange(low, high + 1, dtype=np.int64) * HOUR
    parts = [each.segments(ts, np.arange(len(ts))) for each in sources]
    return joint.Spans(edges, [segments.sums(each, edges) for each in parts], parts)


def _fast(grid: Grid, sources: Sequence[Power | Counter]) -> _Steps | None:
    meters = [each.on(grid) for each in sources]
    if any(each.own.estimated_time.any() for each in meters):
        # Whether a gap is exact depends on readings far away.
        return None
    return _Steps(grid, meters)


def find(ts: IntArray) -> Grid | None:
    """Grid of readings, None if they are not on one that has a whole hour.

    Parameters
    ----------
    ts : array, shape (n,)
        Ascending. [us since 1970 UTC]
    """
    if len(ts) < 2:  # noqa: PLR2004 - no step
        return None
    start, step = int(ts[0]), int(ts[1] - ts[0])
    fits = step > 0 and HOUR % step == 0 and start % HOUR == 0
    fits = fits and len(ts) * step >= HOUR
    if not fits or int(ts[-1]) != start + (len(ts) - 1) * step:
        return None
    block = np.arange(_BLOCK, dtype=np.int64) * step
    begin = np.empty(_BLOCK, np.int64)
    for low in range(0, len(ts), _BLOCK):
        part = ts[low : low + _BLOCK]
        found = np.subtract(part, block[: len(part)], out=begin[: len(part)])
        if not (found == start + low * step).all():
            return None
    return Grid(start, step, len(ts))


class _Steps:
    """Hours of meters that share a grid (`joint.Hours`)."""

    def __init__(
        self, grid: Grid, meters: Sequence[_PowerHours | _CounterHours]
    ) -> None:
        self._grid = grid
        self._meters = meters
        self.edges = grid.edges
        self.own = [each.own for each in meters]

    def together(self, meters: Sequence[int]) -> JointSums:
        """Do as `joint.together`: cut each meter to the steps that all cover."""
        chosen = [self._meters[index] for index in meters]
        found = joint.measured([each.own.amount for each in chosen])
        lost = _least([each.lost for each in chosen])
        if not len(lost.step):
            return found
        per_hour, step = self._grid.per_hour, self._grid.step
        hour = lost.step // per_hour
        partial, row = np.unique(hour, return_inverse=True)
        share = np.ones((len(partial), per_hour))
        share[row, lost.step - hour * per_hour] = lost.covered / step
        for column, each in enumerate(chosen):
            amount = each.steps(partial)
            amount *= share
            found.amount[partial, column] = amount.sum(axis=1)
        gone = np.bincount(row, step - lost.covered, len(partial))
        found.covered[partial] -= gone.astype(np.int64)
        return found


def _least(parts: Sequence[Lost]) -> Lost:
    """Join what meters do not cover: of a step the least counts."""
    step = np.concatenate([each.step for each in parts])
    covered = np.concatenate([each.covered for each in parts])
    order = np.argsort(step, kind="stable")
    step, covered = step[order], covered[order]
    first = np.flatnonzero(np.diff(step, prepend=-1))
    if not len(first):
        return Lost(step, covered)
    return Lost(step[first], np.minimum.reduceat(covered, first))


@dataclass(frozen=True, slots=True)
class _PowerHours:
    """Hours of a power: its own sums, and its missing readings with their substitutes.

    Parameters
    ----------
    grid, source
        What it was made of.
    own : BucketSums
        Per hour.
    lost : Lost
        Steps that nothing holds for.
    hole : array, shape (n,)
        Missing readings.
    fill : array, shape (n,)
        The reading before each, 0 if there is none. [W]
    """

    grid: Grid
    source: Power
    own: BucketSums
    lost: Lost
    hole: IntArray
    fill: FloatArray

    def steps(self, chosen: IntArray) -> FloatArray:
        """Energy of each step of the chosen hours, as if wholly covered. [kWh]."""
        rows = self.grid.table(self.source.value)[chosen]
        which, place = self.grid.within(self.hole, chosen)
        rows.ravel()[place] = self.fill[which]
        rows *= energy.per_watt(np.int64(self.grid.step))
        return rows


def _power(grid: Grid, source: Power) -> _PowerHours:
    table = grid.table(source.value)
    total = _row_sums(table.ravel(), grid.per_hour)
    holed = np.flatnonzero(~np.isfinite(total))
    hole = _holes(table, holed, total)
    fill, held = _held(source, hole, grid.step)
    is_lost = held < grid.step
    lost = Lost(hole[is_lost], held[is_lost])
    share = held / grid.step
    total += np.bincount(hole // grid.per_hour, fill * share, grid.hours)
    total *= energy.per_watt(np.int64(grid.step))
    gone = np.bincount(lost.step // grid.per_hour, grid.step - lost.covered, grid.hours)
    own = _own(total, HOUR - gone.astype(np.int64))
    return _PowerHours(grid, source, own, lost, hole, fill)


def _row_sums(values: FloatArray, width: int) -> FloatArray:
    # Faster than a sum along an axis.
    found: FloatArray = np.add.reduceat(values, np.arange(0, len(values), width))
    return found


def _holes(table: FloatArray, holed: IntArray, total: FloatArray) -> IntArray:
    """Missing readings of hours that have some; their totals are set without these."""
    found = [np.empty(0, np.int64)]
    most = _BLOCK // table.shape[1]
    for low in range(0, len(holed), most):
        some = holed[low : low + most]
        rows = table.take(some, axis=0).ravel()
        hole = np.flatnonzero(~np.isfinite(rows))
        rows[hole] = 0.0
        total[some] = _row_sums(rows, table.shape[1])
        found.append(hole + low * table.shape[1])
    missing: IntArray = np.concatenate(found)
    row = missing // table.shape[1]
    missing += (holed[row] - row) * table.shape[1]
    return missing


def _held(source: Power, hole: IntArray, step: int) -> tuple[FloatArray, IntArray]:
    """Find what stands for missing readings [W], and how long of each step. [us]."""
    begins = np.diff(hole, prepend=-2) > 1
    first = np.flatnonzero(begins)
    run = np.cumsum(begins) - 1
    before = hole[first] - 1
    value = np.where(before >= 0, source.value[before], 0.0)
    since = hole - before[run]
    held = np.clip(source.hold - since * step, 0, step)
    held[(before < 0)[run]] = 0
    return value[run], held


@dataclass(frozen=True, slots=True)
class _CounterHours:
    """Hours of a register: its own sums, and what the general path says of odd hours.

    Parameters
    ----------
    grid, source
        What it was made of.
    own : BucketSums
        Per hour.
    lost : Lost
        Steps that are not covered.
    rolled : array, shape (n,)
        Steps in which it passed its modulus.
    odd : array, shape (n,)
        Hours that the general path computed.
    exact : Segments
        What it found in them.
    """

    grid: Grid
    source: Counter
    own: BucketSums
    lost: Lost
    rolled: IntArray
    odd: IntArray
    exact: Segments

    def steps(self, chosen: IntArray) -> FloatArray:
        """Energy of each step of the chosen hours, as if wholly covered. [kWh]."""
        begin = chosen[:, None] * self.grid.per_hour + np.arange(self.grid.per_hour)
        after = np.minimum(begin + 1, self.grid.size - 1)
        found: FloatArray = self.source.value[after] - self.source.value[begin]
        _, place = self.grid.within(self.rolled, chosen)
        found.ravel()[place] += self.source.register.modulus or 0.0
        is_odd = np.isin(chosen, self.odd)
        if is_odd.any():
            found[is_odd] = _exact_steps(self.grid, self.exact, chosen[is_odd])
        return found


def _exact_steps(grid: Grid, exact: Segments, chosen: IntArray) -> FloatArray:
    """Amounts of segments in each step of the chosen hours."""
    within = chosen[:, None] * grid.per_hour + np.arange(grid.per_hour + 1)
    edges = np.unique(within)
    amount = segments.amounts(exact, grid.ts(edges))
    found: FloatArray = amount[np.searchsorted(edges, within[:, :-1])]
    return found


def _counter(grid: Grid, source: Counter) -> _CounterHours:
    value, per_hour = source.value, grid.per_hour
    count = min(grid.hours, (grid.size - 1) // per_hour)
    at_edges = value[: count * per_hour + 1 : per_hour]
    amount = np.zeros(grid.hours)
    np.subtract(at_edges[1:], at_edges[:-1], out=amount[:count])
    rolled, strange = _doubtful(grid, source)
    rolled = rolled[rolled < grid.hours * per_hour]
    passed = np.bincount(rolled // per_hour, minlength=grid.hours)
    amount += passed * (source.register.modulus or 0.0)
    near = strange[:, None] + np.arange(-_AROUND, _AROUND + 1)
    odd = np.zeros(grid.hours, np.bool_)
    odd[np.clip(near.ravel() // per_hour, 0, grid.hours - 1)] = True
    odd[count:] = True
    own = _own(amount, np.full(grid.hours, HOUR, np.int64))
    return _mend(grid, source, rolled, np.flatnonzero(odd), own)


def _doubtful(grid: Grid, source: Counter) -> tuple[IntArray, IntArray]:
    """Which steps pass the modulus, and which are else not plain."""
    value = source.value
    length = np.array([grid.step])
    most = energy.bound(length, source.register)
    limit = np.minimum(most, np.finfo(np.float64).max).view(np.uint64)[0]
    found = [np.empty(0, np.int64)]
    buffer, mask = np.empty(_BLOCK), np.empty(_BLOCK, np.bool_)
    for low in range(0, grid.size - 1, _BLOCK):
        high = min(low + _BLOCK, grid.size - 1)
        step = buffer[: high - low]
        np.subtract(value[low + 1 : high + 1], value[low:high], out=step)
        # As bits, floats from 0 to the limit are those up to the limit's: negative
        # ones and NaN are above.
        above = np.greater(step.view(np.uint64), limit, out=mask[: high - low])
        if above.any():
            found.append(low + np.flatnonzero(above))
    index = np.concatenate(found)
    before, after = value[index], value[index + 1]
    rolled = energy.rolled(before, after - before, length, source.register)
    return index[rolled], index[~rolled]


def _mend(
    grid: Grid, source: Counter, rolled: IntArray, odd: IntArray, own: BucketSums
) -> _CounterHours:
    """Compute odd hours by the general path, all at once, with what lies around them.

    Where readings are left out between two odd hours, something wrong is said of the
    time between, which is not looked at.
    """
    if not len(odd):
        return _CounterHours(
            grid, source, own, Lost(odd, odd), rolled, odd, segments.empty()
        )
    index = _around(grid, odd)
    exact = source.segments(grid.ts(index), index)
    start = grid.start + odd * HOUR
    points = np.union1d(start, start + HOUR)
    sums = segments.sums(exact, points)
    bucket = np.searchsorted(points, start)
    for name in BucketSums.__slots__:
        getattr(own, name)[odd] = getattr(sums, name)[bucket]
    step = (odd[:, None] * grid.per_hour + np.arange(grid.per_hour)).ravel()
    lost = step[~_covers(exact, grid.ts(step))]
    return _CounterHours(grid, source, own, Lost(lost, lost * 0), rolled, odd, exact)


def _covers(exact: Segments, moment: IntArray) -> BoolArray:
    """Whether segments cover what begins at each moment."""
    if not len(exact):
        return np.zeros(len(moment), np.bool_)
    index = np.searchsorted(exact.start, moment, side="right") - 1
    return (index >= 0) & (exact.end[index] > moment)


def _around(grid: Grid, odd: IntArray) -> IntArray:
    """Indexes of the readings in and around odd hours."""
    span = np.arange(-_AROUND, grid.per_hour + _AROUND + 1)
    index = np.unique(odd[:, None] * grid.per_hour + span)
    return index[(index >= 0) & (index < grid.size)]


def _own(amount: FloatArray, covered: IntArray) -> BucketSums:
    return BucketSums(
        amount,
        np.zeros(len(amount)),
        covered,
        np.zeros(len(amount), np.int64),
    )
