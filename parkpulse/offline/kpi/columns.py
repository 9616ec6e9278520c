"""A column of samples becomes energy over time, with everything that is odd in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from analytics import energy, samples, segments
from analytics.segments import Segments
from parkpulse.model import instants
from parkpulse.offline.kpi import civil, spec

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.offline.files import Table
    from parkpulse.offline.kpi.spec import Column

    BoolArray = npt.NDArray[np.bool_]

Stamp = Literal["auto", "start", "end"]
GREATEST_KW = 1e6
"""No data centre draws a GW: a greater power is not one."""
GAP_INTERVALS = 2.5
"""A register gap begins after so many of its usual steps."""
_CATCHES_UP = 0.5
_DIGITS = (4, 10)
"""Digits that a register shows: at least 4, less than 10."""
_LIKELY = 5.0
"""A roll-over that nobody told of counts so much faster than usual at most."""
_FEW = 8
_PEAK = 3.0
_RARE = 0.01
"""No data centre draws thrice its 95th percentile in at most 1 of 100 samples."""
_STANDBY = 0.02
"""Share of its greatest power that own generation draws at rest at most."""


class Oddity(NamedTuple):
    """Stretches of a column with something to report.

    Parameters
    ----------
    code
        What it is, as in `docs/figures.md`.
    reason
        More exactly.
    start, end : arrays, shape (k,)
        [us since 1970 UTC]
    samples : array, shape (k,)
        Samples or intervals in each.
    is_lost
        Whether the time is not covered for it.
    """

    code: str
    reason: str
    start: Int64Array
    end: Int64Array
    samples: Int64Array
    is_lost: bool


@dataclass(frozen=True, slots=True)
class Meter:
    """A column as energy over time.

    Parameters
    ----------
    column
        What it measures.
    segments
        Energy over time. [kWh; m3 for water]
    usual : int
        The usual step of its samples. [us]
    odd
        What is reported.
    """

    column: Column
    segments: Segments
    usual: int
    odd: list[Oddity] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reader:
    """How samples are understood.

    Parameters
    ----------
    zone
        Zone of civil days and months.
    stamp
        Whether a sample is stamped with the start or the end of its interval.
    alone : int
        Interval of a column that has but one sample. [us]
    """

    zone: ZoneInfo
    stamp: Stamp
    alone: int

    def meter(self, column: Column, table: Table) -> Meter:
        """Read one column of a table that is sorted by time."""
        value = table.columns[column.name]
        if column.role == "certificates" and column.kind == "count":
            value = value * spec.KWH_PER_CERTIFICATE
        given = np.isfinite(value)
        ts, value, odd = _single(table.ts[given], value[given])
        if column.is_register:
            return _register(column, ts, value, odd)
        return self._samples(column, ts, value, odd)

    def _samples(
        self, column: Column, ts: Int64Array, value: FloatArray, odd: list[Oddity]
    ) -> Meter:
        if not len(ts):
            return Meter(column, segments.empty(), self.alone, odd)
        stands = self._stretch(ts)
        hours = stands.length / instants.HOUR
        is_power = column.kind == "power_kw"
        amount = value * hours if is_power else value.copy()
        power = value if is_power else value / np.maximum(hours, 1e-9)
        if not is_power:
            odd += _cut_short(stands, amount)
        limit = column.max_power or _limit(column, power)
        resting = _resting(column, power)
        value, amount = np.where(resting, 0.0, value), np.where(resting, 0.0, amount)
        odd += [
            each._replace(is_lost=False)
            for each in stands.stretches("standby", "generation", resting)
        ]
        bad = np.zeros(len(ts), np.bool_)
        for code, reason, which in (
            ("impossible", "negative", value < 0.0),
            ("impossible", "above_limit", power > limit),
            ("stuck", "same_value", _frozen(ts, value)),
        ):
            odd += stands.stretches(code, reason, which & ~bad)
            bad |= which
        found = Segments(
            stands.start, stands.end, amount, np.zeros(len(ts), np.int8)
        ).take(~bad)
        return Meter(column, found, int(np.median(stands.usual)), odd)

    def _stretch(self, ts: Int64Array) -> _Stands:
        if len(ts) == 1:
            before = self.alone if self.stamp == "end" else 0
            length = np.array([self.alone])
            return _Stands(ts - before, ts - before + length, length)
        if self.stamp == "end":
            found = samples.intervals_before(ts)
            length = civil.mend(found, ts, self.zone, -1)
            return _Stands(ts - length, ts, found.usual)
        found = samples.intervals(ts)
        length = civil.mend(found, ts, self.zone, 1)
        return _Stands(ts, ts + length, found.usual)


class _Stands(NamedTuple):
    """Intervals [start, end) that samples stand for, and their usual step. [us]."""

    start: Int64Array
    end: Int64Array
    usual: Int64Array

    @property
    def length(self) -> Int64Array:
        return self.end - self.start

    def stretches(self, code: str, reason: str, which: BoolArray) -> list[Oddity]:
        """Gather marked samples that follow each other."""
        if not which.any():
            return []
        edges = np.flatnonzero(np.diff(np.concatenate([[0], which, [0]])))
        first, last = edges[::2], edges[1::2]
        start, end = self.start[first], self.end[last - 1]
        return [Oddity(code, reason, start, end, last - first, is_lost=True)]


def _limit(column: Column, power: FloatArray) -> float:
    """Greatest plausible power; the load of a whole data centre has no sudden peaks."""
    if len(power) == 1:
        # The interval of a single sample is a guess.
        return float("inf")
    if column.role != "total" and column.role not in spec.IT:
        return GREATEST_KW
    return min(samples.greatest(power), _peaks(power), GREATEST_KW)


def _resting(column: Column, power: FloatArray) -> BoolArray:
    """Whether own generation draws what inverters draw at night."""
    if column.role not in {"renewable_onsite", "generator"}:
        return np.zeros(len(power), np.bool_)
    resting: BoolArray = (power < 0.0) & (power >= -_STANDBY * power.max())
    return resting


def _peaks(power: FloatArray) -> float:
    """Limit above which lie but a few peaks, infinite if more do than chance brings."""
    above = np.sort(power[power > 0.0])
    if len(above) < _FEW:
        return float("inf")
    limit = _PEAK * float(above[int(0.95 * (len(above) - 1))])
    most = max(1.0, _RARE * len(power))
    return limit if np.count_nonzero(power > limit) <= most else float("inf")


def _single(
    ts: Int64Array, value: FloatArray
) -> tuple[Int64Array, FloatArray, list[Oddity]]:
    """Keep the first sample of each time."""
    again = np.append(False, ts[1:] == ts[:-1])[: len(ts)]
    if not again.any():
        return ts, value, []
    kept = np.maximum.accumulate(np.where(again, 0, np.arange(len(ts))))
    other = again & (value != value[kept])
    odd = [
        _points(code, reason, ts[which])
        for code, reason, which in (
            ("duplicate", "same_value", again & ~other),
            ("duplicate", "other_value", other),
        )
        if which.any()
    ]
    return ts[~again], value[~again], odd


def _points(code: str, reason: str, ts: Int64Array) -> Oddity:
    moments, count = np.unique(ts, return_counts=True)
    return Oddity(code, reason, moments, moments, count, is_lost=False)


def _frozen(ts: Int64Array, value: FloatArray) -> BoolArray:
    """Frozen samples; at rest, a meter rightly shows 0 for long."""
    same, rests = value[1:] == value[:-1], value[1:] == 0.0
    return samples.frozen(ts, same & ~rests, same & rests)


def _cut_short(stands: _Stands, amount: FloatArray) -> list[Oddity]:
    """Leave of amounts whose interval overlaps the next only their share."""
    short = stands.length < samples.OVERLAP_BELOW * stands.usual
    amount[short] *= (stands.length / stands.usual)[short]
    return [
        each._replace(is_lost=False)
        for each in stands.stretches("overlap", "interval_cut", short)
    ]


def _register(
    column: Column, ts: Int64Array, value: FloatArray, odd: list[Oddity]
) -> Meter:
    usual = int(np.sort(np.diff(ts))[(len(ts) - 2) // 2]) if len(ts) > 1 else 0
    rate = column.max_power or min(samples.greatest_rate(ts, value), GREATEST_KW)
    register = energy.Register(
        gap=int(GAP_INTERVALS * usual), modulus=column.modulus, max_rate=rate
    )
    if column.modulus is None:
        register = replace(register, modulus=_modulus(ts, value, register))
    negative = value < 0.0
    if negative.any():
        odd.append(_points("impossible", "negative", ts[negative]))
        ts, value = ts[~negative], value[~negative]
    found = energy.read_register(ts, value, register)
    odd += _odd_register(found)
    # What a reset counted is unknown: its time leaves all meters alike.
    sure = found.segments.take(found.segments.kind != segments.LOWER_BOUND)
    thawed, frozen = _thaw(sure)
    return Meter(column, thawed, usual, odd + frozen)


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
    odd = [_points("impossible", "does_not_fit", found.dropped)]
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
