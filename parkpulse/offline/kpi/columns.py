"""A column of samples becomes energy over time, with everything that is odd in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from analytics import samples, segments
from analytics.segments import Segments
from parkpulse.model import instants
from parkpulse.offline.kpi import civil, limits, meters, registers
from parkpulse.offline.kpi.meters import Meter, Oddity

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import numpy.typing as npt

    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.offline.files import Table
    from parkpulse.offline.kpi.spec import Column

    BoolArray = npt.NDArray[np.bool_]

Stamp = Literal["auto", "start", "end"]
_RESTS, _ALIKE = 12, 1.0 / 6.0
"""A level is one of rest if another run at it has so many samples, and is so long."""
_STANDBY = 0.02
"""Share of its greatest power that own generation draws at rest at most."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How samples are understood.

    Parameters
    ----------
    zone
        Zone of civil days and months.
    stamp
        Whether a sample is stamped with the start or the end of its interval.
    step : int
        Usual interval of the file, and of a column that has but one sample. [us]
    powers, amounts : arrays, optional
        Edges; the only sample of a column that is a power, or an amount, stands for
        the stretch between them that holds it. [us since 1970 UTC]
    """

    zone: ZoneInfo
    stamp: Stamp
    step: int
    powers: Int64Array | None = None
    amounts: Int64Array | None = None

    def meter(self, column: Column, table: Table) -> Meter:
        """Read one column of a table that is sorted by time."""
        value = table.columns[column.name] * column.scale
        given = np.isfinite(value)
        ts, value, odd = _single(table.ts[given], value[given])
        if column.is_register:
            return registers.meter(column, ts, value, odd)
        return self._samples(column, ts, value, odd)

    def _samples(
        self, column: Column, ts: Int64Array, value: FloatArray, odd: list[Oddity]
    ) -> Meter:
        if not len(ts):
            return Meter(column, segments.empty(), self.step, odd)
        stands = self._stands(column, ts)
        hours = stands.length / instants.HOUR
        amount = value * hours if column.is_power else value.copy()
        power = value if column.is_power else value / np.maximum(hours, 1e-9)
        if not column.is_power:
            odd += _cut_short(stands, amount)
        limit = column.max_power or limits.of_samples(column, power)
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

    def _stands(self, column: Column, ts: Int64Array) -> _Stands:
        if column.role == "certificates" and self.powers is None:
            # Of the moment when they were retired, not of the time up to the next.
            return self._steps(ts)
        if len(ts) == 1:
            edges = self.powers if column.is_power else self.amounts
            return self._steps(ts) if edges is None else self._between(ts, edges)
        if self.stamp == "end":
            found = samples.intervals_before(ts)
            length = civil.mend(found, ts, self.zone, -1)
            return _Stands(ts - length, ts, found.usual)
        found = samples.intervals(ts)
        length = civil.mend(found, ts, self.zone, 1)
        return _Stands(ts, ts + length, found.usual)

    def _steps(self, ts: Int64Array) -> _Stands:
        before = self.step if self.stamp == "end" else 0
        length = np.full(len(ts), self.step)
        return _Stands(ts - before, ts - before + length, length)

    def _between(self, ts: Int64Array, edges: Int64Array) -> _Stands:
        side: Literal["left", "right"] = "left" if self.stamp == "end" else "right"
        after = np.clip(np.searchsorted(edges, ts, side), 1, len(edges) - 1)
        start, end = edges[after - 1], edges[after]
        return _Stands(start, end, end - start)


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


def _resting(column: Column, power: FloatArray) -> BoolArray:
    """Whether own generation draws what inverters draw at night."""
    if column.role not in {"renewable_onsite", "generator"}:
        return np.zeros(len(power), np.bool_)
    resting: BoolArray = (power < 0.0) & (power >= -_STANDBY * power.max())
    return resting


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
        meters.points(code, reason, ts[which])
        for code, reason, which in (
            ("duplicate", "same_value", again & ~other),
            ("duplicate", "other_value", other),
        )
        if which.any()
    ]
    return ts[~again], value[~again], odd


def _frozen(ts: Int64Array, value: FloatArray) -> BoolArray:
    """Frozen samples; at rest, a meter rightly shows 0 or another level for long."""
    same, rests = value[1:] == value[:-1], value[1:] == 0.0
    found = samples.frozen(ts, same & ~rests, same & rests)
    if not found.any():
        return found
    first = np.flatnonzero(np.append(True, ~same))
    count = np.diff(np.append(first, len(value)))
    for run in np.flatnonzero(found[first] & (count > 1)).tolist():
        alike = np.delete(count, run)[np.delete(value[first], run) == value[first[run]]]
        if alike.max(initial=0) >= max(_RESTS, count[run] * _ALIKE):
            found[first[run] : first[run] + count[run]] = False
    return found


def _cut_short(stands: _Stands, amount: FloatArray) -> list[Oddity]:
    """Leave of amounts whose interval overlaps the next only their share."""
    short = stands.length < samples.OVERLAP_BELOW * stands.usual
    amount[short] *= (stands.length / stands.usual)[short]
    return [
        each._replace(is_lost=False)
        for each in stands.stretches("overlap", "interval_cut", short)
    ]
