"""Registers, powers and interval energies become energy spread over time.

All functions take one series' readings sorted by time. What they say of a span of time
depends only on the few readings around it (`CONTEXT`), so that a window of a series
gives the same bits as the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analytics import segments
from analytics.arrays import HOUR
from analytics.segments import ESTIMATED, LOWER_BOUND, MEASURED, Segments

if TYPE_CHECKING:
    from analytics.arrays import BoolArray, FloatArray, IntArray, KindArray

CONTEXT = 4
"""Readings before and after a window that decide what is said within it."""
W_US_PER_KWH = 3.6e12
"""1 kWh = 3.6e6 W s."""
_TOLERANCE = 1.2
_ROLLOVER_FROM = 0.9


@dataclass(frozen=True, slots=True)
class Register:
    """What is known of a register (energy meter, tipping bucket).

    Parameters
    ----------
    gap : int
        Two readings further apart leave a gap that is only estimated inside. [us]
    modulus : float, optional
        Value at which the register starts again from 0, in its unit.
    max_rate : float
        Most that can be counted in an hour, in its unit per hour; for energy the
        greatest plausible power. [kW]
    resolution : float
        Smallest step of the register, in its unit.
    """

    gap: int
    modulus: float | None = None
    max_rate: float = np.inf
    resolution: float = 0.0


def from_register(ts: IntArray, value: FloatArray, register: Register) -> Segments:
    """Find what a register counted between its readings.

    A single reading that does not fit between its neighbours, which fit each other, is
    dropped. A fall is a roll-over if the modulus says so; else a reset, with the new
    reading as lower bound of what was counted; a step that no rate explains (meter
    swapped) leaves its span uncovered.

    Parameters
    ----------
    ts : array, shape (n,)
        Observed times, strictly ascending. [us since 1970 UTC]
    value : array, shape (n,)
        Register readings in the series' unit; what is not finite is ignored.
    register : Register
        Its parameters.

    Returns
    -------
    Segments
        One for each two readings that follow each other, gaps marked `ESTIMATED`,
        resets `LOWER_BOUND`.

    Notes
    -----
    Domain facts, section 5.5. A step is plausible up to
    ``1.2 * max_rate * hours + 2 * resolution``.
    """
    return read_register(ts, value, register).segments


def metered(ts: IntArray, value: FloatArray, register: Register) -> Segments:
    """Do as `from_register`, but leave the span of a reset uncovered.

    For ratios of several meters: a lower bound on one side only would shift them, while
    time that is not covered leaves both sides alike.

    Parameters
    ----------
    ts, value : arrays, shape (n,)
        As in `from_register`. [us since 1970 UTC], [the series' unit]
    register : Register
        Its parameters.

    Returns
    -------
    Segments
        Those of `from_register` but `LOWER_BOUND`.
    """
    found = from_register(ts, value, register)
    return found.take(found.kind != LOWER_BOUND)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a register counted, and what was odd about it.

    Parameters
    ----------
    segments : Segments
        As `from_register` returns them.
    dropped : array, shape (k,)
        Times of single readings that fit neither neighbour. [us since 1970 UTC]
    rolled, reset, unknown : arrays, shape (k, 2)
        Spans in which the register passed its modulus, began anew, or made a step that
        nothing explains (meter swapped), which is not covered. [us since 1970 UTC]
    """

    segments: Segments
    dropped: IntArray
    rolled: IntArray
    reset: IntArray
    unknown: IntArray


def read_register(ts: IntArray, value: FloatArray, register: Register) -> Counted:
    """Do as `from_register` and tell of everything odd.

    Parameters
    ----------
    ts, value : arrays, shape (n,)
        As in `from_register`. [us since 1970 UTC], [the series' unit]
    register : Register
        Its parameters.
    """
    ts, value = _usable(ts, value)
    none = np.empty((0, 2), np.int64)
    if len(ts) < 2:  # noqa: PLR2004 - a register tells nothing by one reading
        return Counted(segments.empty(), ts[:0], none, none, none)
    length, step = np.diff(ts), np.diff(value)
    doubtful = _doubtful(step, length, register)
    bad = _misfits(ts, value, doubtful, register)
    dropped = ts[:0]
    if bad.any():
        dropped = ts[bad]
        ts, value = ts[~bad], value[~bad]
        length, step = np.diff(ts), np.diff(value)
        doubtful = _doubtful(step, length, register)
    kind = np.where(length > register.gap, np.int8(ESTIMATED), np.int8(MEASURED))
    found = Segments(ts[:-1], ts[1:], step, kind)
    if not len(doubtful):
        return Counted(found, dropped, none, none, none)
    return _resolve(found, value, doubtful, register, dropped)


def from_power(ts: IntArray, value: FloatArray, hold: int) -> Segments:
    """Energy of a power that holds until the next reading.

    Parameters
    ----------
    ts : array, shape (n,)
        Observed times, strictly ascending. [us since 1970 UTC]
    value : array, shape (n,)
        Powers; what is not finite is ignored. [W]
    hold : int
        Longest time that a reading holds; later on nothing is covered. [us]

    Returns
    -------
    Segments
        Energies. [kWh]
    """
    ts, value = _usable(ts, value)
    length = np.full(len(ts), hold, np.int64)
    np.minimum(np.diff(ts), hold, out=length[:-1])
    return Segments(
        ts, ts + length, value * per_watt(length), np.zeros(len(ts), np.int8)
    )


def per_watt(length: IntArray | np.int64) -> FloatArray | np.float64:
    """Energy of 1 W over lengths of time [us]. [kWh/W]."""
    return length / W_US_PER_KWH


def from_intervals(ts: IntArray, value: FloatArray, length: int) -> Segments:
    """Amounts of intervals that are stamped with their end.

    Parameters
    ----------
    ts : array, shape (n,)
        Ends of the intervals, strictly ascending. [us since 1970 UTC]
    value : array, shape (n,)
        Amounts in the series' unit; what is not finite is ignored.
    length : int
        Length of an interval; one that would reach back beyond the end of the interval
        before it begins there. [us]
    """
    ts, value = _usable(ts, value)
    start = ts - length
    np.maximum(start[1:], ts[:-1], out=start[1:])
    return Segments(start, ts, value, np.zeros(len(ts), np.int8))


def _usable(ts: IntArray, value: FloatArray) -> tuple[IntArray, FloatArray]:
    finite = np.isfinite(value)
    if finite.all():
        return ts, value
    return ts[finite], value[finite]


def bound(length: IntArray, register: Register) -> FloatArray:
    """Most that the register can have counted in spans of these lengths [us]."""
    per_us = _TOLERANCE * register.max_rate / HOUR
    found: FloatArray = per_us * length.astype(np.float64)
    return found + 2.0 * register.resolution


def _doubtful(step: FloatArray, length: IntArray, register: Register) -> IntArray:
    """Indexes of the steps that are not plain."""
    # The bound of the shortest span holds for all, so that few need their own.
    least = bound(length.min(keepdims=True), register)
    rare = np.flatnonzero(~((step >= 0.0) & (step <= least)))
    return rare[~_plain(step[rare], length[rare], register)]


def _plain(step: FloatArray, length: IntArray, register: Register) -> BoolArray:
    """Whether a step is an ordinary one: not downwards and not too large."""
    return (step >= 0.0) & (step <= bound(length, register))


def rolled(
    before: FloatArray, step: FloatArray, length: IntArray, register: Register
) -> BoolArray:
    """Whether a step downwards is the register's passing its modulus.

    Parameters
    ----------
    before, step : arrays, shape (k,)
        Reading before the step, and how far it goes. [the series' unit]
    length : array, shape (k,)
        Time between the readings. [us]
    register : Register
        Its parameters; without a modulus nothing is.

    Returns
    -------
    array, shape (k,)
    """
    if register.modulus is None:
        return np.zeros(len(step), np.bool_)
    return (
        (step < 0.0)
        & (before > _ROLLOVER_FROM * register.modulus)
        & (step + register.modulus <= bound(length, register))
    )


def _fits(
    ts: IntArray, value: FloatArray, left: IntArray, right: IntArray, register: Register
) -> BoolArray:
    """Whether the register can have gone from one reading to the other."""
    length = ts[right] - ts[left]
    step = value[right] - value[left]
    is_rolled = rolled(value[left], step, length, register)
    return _plain(step, length, register) | is_rolled


def _misfits(
    ts: IntArray, value: FloatArray, doubtful: IntArray, register: Register
) -> BoolArray:
    """Mark readings that do not fit while their neighbours fit each other.

    Of several in a row only the first is marked, so that the nearest good reading is
    never more than two away.
    """
    if not len(doubtful):
        return np.zeros(1, np.bool_)
    broken = doubtful[~_fits(ts, value, doubtful, doubtful + 1, register)]
    candidate = np.unique(np.concatenate([broken, broken + 1]))
    candidate = candidate[(candidate > 0) & (candidate < len(ts) - 1)]
    marked = np.zeros(len(ts), np.bool_)
    marked[candidate] = _fits(ts, value, candidate - 1, candidate + 1, register)
    _choose(ts, value, marked)
    marked[1:] &= ~marked[:-1]
    return marked


def _choose(ts: IntArray, value: FloatArray, marked: BoolArray) -> None:
    """Of two readings alone, either of which may be wrong, mark the worse.

    Without it the register goes more evenly: its greatest rate nearby is smaller.
    """
    pair = np.flatnonzero(marked[1:-2] & marked[2:-1]) + 1
    pair = pair[~marked[pair - 1] & ~marked[pair + 2]]
    before, after = pair - 1, pair + 2
    without_first = np.maximum(
        _rate(ts, value, before, pair + 1), _rate(ts, value, pair + 1, after)
    )
    without_second = np.maximum(
        _rate(ts, value, before, pair), _rate(ts, value, pair, after)
    )
    marked[pair[without_second < without_first]] = False


def _rate(
    ts: IntArray, value: FloatArray, left: IntArray, right: IntArray
) -> FloatArray:
    found: FloatArray = (value[right] - value[left]) / (ts[right] - ts[left])
    return found


def _resolve(
    found: Segments,
    value: FloatArray,
    doubtful: IntArray,
    register: Register,
    dropped: IntArray,
) -> Counted:
    """Decide on each doubtful step: rolled over, reset, or unknown."""
    before = value[doubtful]
    after = value[doubtful + 1]
    step = found.amount[doubtful]
    length = found.end[doubtful] - found.start[doubtful]
    is_rolled = rolled(before, step, length, register)
    reset = (step < 0.0) & ~is_rolled & (after <= bound(length, register))
    amount = found.amount.copy()
    amount[doubtful[is_rolled]] += register.modulus or 0.0
    amount[doubtful[reset]] = after[reset]
    kind: KindArray = found.kind.copy()
    kind[doubtful[reset]] = LOWER_BOUND
    known = np.ones(len(found), np.bool_)
    unknown = ~is_rolled & ~reset
    known[doubtful[unknown]] = False
    spans = np.stack([found.start[doubtful], found.end[doubtful]], axis=1)
    resolved = Segments(found.start, found.end, amount, kind).take(known)
    return Counted(resolved, dropped, spans[is_rolled], spans[reset], spans[unknown])
