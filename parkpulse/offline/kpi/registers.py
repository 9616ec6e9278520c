"""Readings of a register become energy, with everything that is odd in them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from analytics import energy, samples, segments
from analytics.segments import Segments
from parkpulse.model import instants
from parkpulse.offline.kpi import limits, meters
from parkpulse.offline.kpi.meters import Meter, Oddity

if TYPE_CHECKING:
    import numpy.typing as npt

    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.offline.kpi.spec import Column

    BoolArray = npt.NDArray[np.bool_]

GAP_INTERVALS = 2.5
"""A register gap begins after so many of its usual steps."""
_CATCHES_UP = 0.5
_TOLERANCE = 1.2
_DIGITS = (4, 10)
"""Digits that a register shows: at least 4, less than 10."""
_LIKELY = 5.0
"""A roll-over that nobody told of counts so much faster than usual at most."""


def meter(
    column: Column, ts: Int64Array, value: FloatArray, odd: list[Oddity]
) -> Meter:
    """Find what a register counted.

    Parameters
    ----------
    column
        What it measures.
    ts, value : arrays, shape (n,)
        Readings, strictly ascending in time. [us since 1970 UTC], [kWh or m3]
    odd
        What is known to be odd so far.
    """
    usual = int(np.sort(np.diff(ts))[(len(ts) - 2) // 2]) if len(ts) > 1 else 0
    negative = value < 0.0
    if negative.any():
        odd.append(meters.points("impossible", "negative", ts[negative]))
        ts, value = ts[~negative], value[~negative]
    rate = column.max_power or limits.of_register(column, ts, value)
    register = energy.Register(
        gap=int(GAP_INTERVALS * usual), modulus=column.modulus, max_rate=rate
    )
    if column.modulus is None:
        register = replace(register, modulus=_modulus(ts, value, register))
    hung = _hung(ts, value, rate)
    odd += _stretches(ts, hung)
    found = energy.read_register(ts[~hung], value[~hung], register)
    odd += _odd_register(found)
    # What a reset counted is unknown: its time leaves all meters alike.
    sure = found.segments.take(found.segments.kind != segments.LOWER_BOUND)
    thawed, frozen = _thaw(sure)
    return Meter(column, thawed, usual, odd + frozen)


def _hung(ts: Int64Array, value: FloatArray, rate: float) -> BoolArray:
    """Mark readings of a register that hung before a step that makes up for it."""
    found = np.zeros(len(ts), np.bool_)
    if len(ts) < 2:  # noqa: PLR2004 - nothing to compare
        return found
    step = np.diff(value)
    still = np.append(False, step == 0.0)
    last = np.maximum.accumulate(np.where(still, 0, np.arange(len(ts))))[:-1]
    most = _TOLERANCE * rate / instants.HOUR
    fast = (step > most * np.diff(ts)) & (step <= most * (ts[1:] - ts[last]))
    for index in np.flatnonzero(fast).tolist():
        found[last[index] + 1 : index + 1] = True
    return found


def _stretches(ts: Int64Array, hung: BoolArray) -> list[Oddity]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hung, [0]])))
    first, last = edges[::2] - 1, edges[1::2] - 1
    if not len(first):
        return []
    return [Oddity("stuck", "no_step", ts[first], ts[last], last - first, is_lost=True)]


def _modulus(
    ts: Int64Array, value: FloatArray, register: energy.Register
) -> float | None:
    """Power of ten at which the register rolls over, None if no fall looks like it."""
    step, length = np.diff(value), np.diff(ts)
    fall = np.flatnonzero(step < 0.0)
    if not len(fall):
        return None
    rate = (step / length)[step > 0.0]
    usual = float(np.median(rate)) * instants.HOUR if len(rate) else 0.0
    most = min(register.max_rate, _LIKELY * usual)
    before, after, length = value[fall], value[fall + 1], length[fall]
    for digits in range(*_DIGITS):
        known = replace(register, modulus=10.0**digits, max_rate=most)
        rolled = energy.rolled(before, after - before, length, known)
        if (rolled & (before < 10.0**digits)).any():
            return known.modulus
    return None


def _odd_register(found: energy.Counted) -> list[Oddity]:
    odd = [meters.points("impossible", "does_not_fit", found.dropped)]
    rough = found.segments.take(found.segments.kind == segments.ESTIMATED)
    for code, reason, (start, end), is_lost in (
        ("rollover", "modulus", found.rolled.T, False),
        ("reset", "begins_anew", found.reset.T, True),
        ("impossible", "swap_or_jump", found.unknown.T, True),
        ("gap", "estimated", (rough.start, rough.end), False),
    ):
        one = np.ones(len(start), np.int64)
        odd.append(Oddity(code, reason, start, end, one, is_lost))
    return odd


def _thaw(found: Segments) -> tuple[Segments, list[Oddity]]:
    """Take spans without a step for what they are: a meter that hangs.

    If the step after them makes up for it, the whole is one gap with a known amount;
    else what was counted meanwhile is lost.
    """
    if len(found) < 2:  # noqa: PLR2004 - nothing to compare
        return found, []
    still = found.amount == 0.0
    frozen = samples.frozen(found.start, still[1:] & still[:-1])
    if not frozen.any():
        return found, []
    edges = np.flatnonzero(np.diff(np.concatenate([[0], frozen, [0]])))
    rate = found.amount[~still].sum() / (found.end - found.start)[~still].sum()
    keep, start, kind = ~frozen, found.start.copy(), found.kind.copy()
    spans = edges.reshape(-1, 2)
    for first, last in spans:
        if last < len(found) and found.start[last] == found.end[last - 1]:
            span = found.end[last] - found.start[first]
            if found.amount[last] >= _CATCHES_UP * rate * span:
                start[last], kind[last] = found.start[first], segments.ESTIMATED
    mended = Segments(start, found.end, found.amount, kind).take(keep)
    first, last = spans.T
    low, high = found.start[first], found.end[last - 1]
    return mended, [Oddity("stuck", "no_step", low, high, last - first, is_lost=True)]
