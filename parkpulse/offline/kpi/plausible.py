"""What cannot be, told by comparing the columns with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics import kpi, segments
from parkpulse.model import instants
from parkpulse.offline.kpi import findings, spec
from parkpulse.offline.kpi.meters import Oddity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from analytics.kpi import Formula, Sums
    from parkpulse.model.packed import Int64Array
    from parkpulse.offline.kpi.findings import Finding
    from parkpulse.offline.kpi.formulas import Figures
    from parkpulse.offline.kpi.meters import Meter

    BoolArray = npt.NDArray[np.bool_]

_ROUNDING = 1e-9
_THOUSANDFOLD = (1.0 / 200.0, 300.0)
"""A PUE below or above these is one of kWh over Wh, or of Wh over kWh."""
_STILL = 0.2
"""A register is coarse if it often shows the same again."""
_GIANT = 10.0
"""No part takes so many times the IT load."""
_SEEN, _STEADY, _WEIGHTY = 8, 0.5, 0.2
"""A momentary IT load of 0 is doubted if so many other cells tell of one that is never
below half its median, and that is at least a fifth of the total."""


def plausible(meters: Sequence[Meter], plan: Figures) -> list[Meter]:
    """Exclude the time in which the IT cannot have used what its meters say.

    That is more than enters the data centre; or nothing, while as much enters as with
    its usual load. Of the parts that make up a total, exclude what dwarfs the IT.
    """
    found = [*_without_giants(meters, plan)]
    meters = list(found)
    for formula in plan.pue.values():
        involved = [meters[index] for index in formula.meters]
        edges = _cells(involved)
        if len(edges) < 2:  # noqa: PLR2004 - no cell
            continue
        known = sums(formula, meters, edges)
        coarse = sum(_quantum(meter) for meter in involved)
        above = known.denominator > known.numerator * (1.0 + _ROUNDING) + coarse
        registers = any(
            meters[index].column.is_register and weight
            for index, weight in zip(formula.meters, formula.denominator, strict=True)
        )
        nothing = np.zeros_like(above) if registers else _nothing(known)
        for reason, which in (("it_above_total", above), ("it_zero", nothing)):
            # Of an estimate nobody knows when within its gap it was used.
            bad = np.flatnonzero(
                which & (known.covered > 0) & (known.estimated_time == 0)
            )
            for index, weight in zip(formula.meters, formula.denominator, strict=True):
                if weight and len(bad):
                    odd = _merged(reason, edges[bad], edges[bad + 1])
                    found[index] = findings.exclude(found[index], odd)
    return found


def _without_giants(meters: Sequence[Meter], plan: Figures) -> Iterator[Meter]:
    """Leave out of parts of a total the samples beyond `_GIANT` times the IT load."""
    usual = _it_load(meters, plan)
    for meter in meters:
        known = meter.segments
        power = known.amount / np.maximum(known.end - known.start, 1)
        giants = np.flatnonzero(power > _GIANT * usual)
        if meter.column.role in spec.PARTS and len(giants):
            start, end = known.start[giants], known.end[giants]
            odd = _merged("above_limit", start, end)
            yield findings.exclude(meter, odd)
        else:
            yield meter


def _it_load(meters: Sequence[Meter], plan: Figures) -> float:
    """Usual IT load [kWh/us], infinite where it is not known."""
    if plan.it is None:
        return float("inf")
    load = 0.0
    for index in plan.it.meters:
        known = meters[index].segments
        power = known.amount / np.maximum(known.end - known.start, 1)
        load += float(np.median(power)) if len(power) else 0.0
    return load or float("inf")


def _quantum(meter: Meter) -> float:
    """Step of a register that shows coarser numbers than it is often read [kWh]."""
    step = meter.segments.amount
    if not meter.column.is_register or not len(step):
        return 0.0
    counted = step[step > 0.0]
    is_coarse = len(step) - len(counted) >= _STILL * len(step)
    return float(np.median(counted)) if is_coarse and len(counted) else 0.0


def _nothing(known: Sums) -> BoolArray:
    """Where the IT uses nothing though the total is as with its usual load."""
    time = np.maximum(known.covered, 1)
    total, it = known.numerator / time, known.denominator / time
    usual = (known.covered > 0) & (it > 0.0)
    if np.count_nonzero(usual) < _SEEN:
        return np.zeros(len(it), np.bool_)
    middle, least = np.median(it[usual]), np.quantile(it[usual], 0.05)
    whole = np.median(total[usual])
    if least < _STEADY * middle or middle < _WEIGHTY * whole:
        return np.zeros(len(it), np.bool_)
    nothing: BoolArray = (it == 0.0) & (total >= whole - middle / 2.0)
    return nothing


def units(meters: Sequence[Meter], plan: Figures) -> list[Finding]:
    """Tell of columns whose energies differ by the factor of a thousand."""
    found = []
    for formula in plan.pue.values():
        start, end = findings.hull([meters[index] for index in formula.meters])
        known = sums(formula, meters, np.array([start, max(end, start + 1)]))
        total, it = float(known.numerator[0]), float(known.denominator[0])
        low, high = _THOUSANDFOLD
        if it > 0.0 and total > 0.0 and not low <= total / it <= high:
            found.append(findings.of_all("doubtful", "units", total / it))
    return found


def _cells(involved: Sequence[Meter]) -> Int64Array:
    """Stretches to compare: the coarsest intervals, hours where registers count."""
    start, end = findings.hull(involved)
    if any(meter.column.is_register for meter in involved):
        first, last = start // instants.HOUR, -(-end // instants.HOUR)
        return np.arange(first, last + 1) * instants.HOUR
    coarsest = max(involved, key=lambda meter: meter.usual).segments
    return np.unique(np.concatenate([coarsest.start, coarsest.end]))


def _merged(reason: str, start: Int64Array, end: Int64Array) -> Oddity:
    first = np.append(True, start[1:] != end[:-1])
    last = np.append(first[1:], True)
    count = np.diff(np.append(np.flatnonzero(first), len(start)))
    return Oddity("impossible", reason, start[first], end[last], count, is_lost=True)


def sums(formula: Formula, meters: Sequence[Meter], edges: Int64Array) -> Sums:
    """Sum up a formula over columns between edges [us]."""
    parts = [meter.segments for meter in meters]
    own = [segments.sums(part, edges) for part in parts]
    return kpi.hourly(formula, parts, own, edges)
