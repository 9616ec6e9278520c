"""PUE and renewable share: which energies count, folded over periods, judged.

Symbols, units and sources: `nomenclature.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from analytics import joint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.arrays import FloatArray, IntArray
    from analytics.segments import BucketSums, Segments

Kpi = Literal[
    "pue", "ref", "ref_hourly", "cue_location", "cue_market", "wue", "erf", "cer"
]
Verdict = Literal[
    "compliant",
    "not compliant",
    "insufficient data",
    "not applicable",
    "interim: above target",
    "interim: below target",
]
ON_SITE = ("pv", "wind", "hydro")
FACILITY = {
    "grid_import": 1.0,
    "grid_export": -1.0,
    "generator": 1.0,
    "delivered_cooling": 1.0,
    "fuel": 1.0,
    "foreign_load": -1.0,
    **dict.fromkeys(ON_SITE, 1.0),
}
"""Roles that make up E_DC, with their sign; storage lies inside the boundary."""
RENEWABLE = {"grid_export": -1.0, "green_power": 1.0, **dict.fromkeys(ON_SITE, 1.0)}
"""Roles that make up E_ren, with their sign."""
_SHARES = {"ref", "ref_hourly", "erf"}
IT_ROLES = {1: "ups_output", 2: "pdu_output", 3: "rack"}
"""Where E_IT is measured, by category."""


@dataclass(frozen=True, slots=True)
class Formula:
    """One KPI as sums over the meters of a data centre.

    Parameters
    ----------
    kpi
        Its name.
    category
        Category of the PUE, 0 where it does not apply.
    meters
        Indexes of the meters that it needs, all of them.
    numerator, denominator
        Weight of each of these meters: 1, -1, or 0; 1000 turns water [m3] into litres.
    source
        KPI and category of the hours that its days are folded from; None for its own.
    """

    kpi: Kpi
    category: int
    meters: tuple[int, ...]
    numerator: tuple[float, ...]
    denominator: tuple[float, ...]
    source: tuple[Kpi, int] | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    """Energies of one formula in k buckets or periods, which may be added up.

    Parameters
    ----------
    numerator, denominator : arrays, shape (k,)
        Measured and estimated together. [kWh]
    numerator_estimated, denominator_estimated : arrays, shape (k,)
        What estimates contribute to them. [kWh]
    covered, estimated_time : arrays, shape (k,)
        Time that all meters measured; that all cover, at least one by estimate. [us]
    gap_start, gap_end : arrays, shape (k,)
        As in `joint.JointSums`. [us since 1970 UTC]
    meter : array, shape (k, m, 3)
        Of each meter: its energy in that time, the estimated part of it [kWh], and the
        time that it covers by itself. [s]
    """

    numerator: FloatArray
    numerator_estimated: FloatArray
    denominator: FloatArray
    denominator_estimated: FloatArray
    covered: IntArray
    estimated_time: IntArray
    gap_start: IntArray
    gap_end: IntArray
    meter: FloatArray

    def __len__(self) -> int:
        return len(self.numerator)


def formulas(roles: Sequence[str]) -> list[Formula]:
    """Which KPIs a data centre with meters of these roles can have.

    Parameters
    ----------
    roles
        Role of each meter.
    """
    facility = _signs(roles, FACILITY)
    if not any(sign > 0.0 for sign in facility):
        return []
    found = [
        formula("pue", category, facility, _signs(roles, {role: 1.0}))
        for category, role in IT_ROLES.items()
        if role in roles
    ]
    renewable = _signs(roles, RENEWABLE)
    found.append(formula("ref", 0, renewable, facility))
    found.append(formula("ref_hourly", 0, renewable, facility))
    return found


def _signs(roles: Sequence[str], of: dict[str, float]) -> list[float]:
    return [of.get(role, 0.0) for role in roles]


def formula(
    kpi: Kpi, category: int, numerator: Sequence[float], denominator: Sequence[float]
) -> Formula:
    """Make a formula of the weights of all meters of a data centre."""
    meters = tuple(
        index
        for index, signs in enumerate(zip(numerator, denominator, strict=True))
        if any(signs)
    )
    return Formula(
        kpi,
        category,
        meters,
        tuple(numerator[index] for index in meters),
        tuple(denominator[index] for index in meters),
    )


def hourly(
    formula: Formula,
    meters: Sequence[Segments],
    own: Sequence[BucketSums],
    edges: IntArray,
) -> Sums:
    """Energies of a formula per hour, over the time that all its meters cover.

    Parameters
    ----------
    formula : Formula
        What is counted.
    meters : sequence of Segments
        All meters of the data centre. [kWh]
    own : sequence of BucketSums
        The same, each summed alone over `edges`.
    edges : array, shape (k + 1,)
        Edges of consecutive hours. [us since 1970 UTC]
    """
    return of_hours(formula, joint.Spans(edges, own, meters))


def of_hours(formula: Formula, hours: joint.Hours) -> Sums:
    """Do as `hourly`, from all meters of a data centre hour by hour."""
    found = hours.together(formula.meters)
    sums = Sums(
        _weighted(formula.numerator, found.amount),
        _weighted(formula.numerator, found.estimated),
        _weighted(formula.denominator, found.amount),
        _weighted(formula.denominator, found.estimated),
        found.covered,
        found.estimated_time,
        found.gap_start,
        found.gap_end,
        _of_meters(found, [hours.own[index] for index in formula.meters]),
    )
    return _matched(sums) if formula.kpi == "ref_hourly" else sums


def _of_meters(found: joint.JointSums, alone: Sequence[BucketSums]) -> FloatArray:
    """Fill `Sums.meter`."""
    # Each of its numbers beside that of the next hour, as it is written and read.
    table = np.empty((3, *found.amount.shape[::-1])).T
    table[:, :, 0] = found.amount
    table[:, :, 1] = found.estimated
    for column, own in enumerate(alone):
        table[:, column, 2] = (own.covered + own.estimated_time) / 1e6
    return table


def _weighted(signs: tuple[float, ...], amount: FloatArray) -> FloatArray:
    # Not a matrix product: its rounding depends on how many rows there are.
    total = np.zeros(len(amount))
    for column, sign in enumerate(signs):
        if sign:
            total += sign * amount[:, column]
    return total


def _matched(sums: Sums) -> Sums:
    """Limit the renewable energy of each hour to what the hour needed."""
    useful = np.clip(sums.numerator, 0.0, np.maximum(sums.denominator, 0.0))
    positive = sums.numerator > 0.0
    share = np.divide(useful, sums.numerator, out=np.zeros_like(useful), where=positive)
    return Sums(
        useful,
        sums.numerator_estimated * share,
        sums.denominator,
        sums.denominator_estimated,
        sums.covered,
        sums.estimated_time,
        sums.gap_start,
        sums.gap_end,
        sums.meter,
    )


def fold(
    sums: Sums, first: IntArray, last: IntArray, start: IntArray, end: IntArray
) -> Sums:
    """Add up rows to longer periods.

    What was estimated in a row counts as measured in a period that holds the whole gap
    the estimate stems from, for there the register's difference is exact.

    Parameters
    ----------
    sums : Sums
        k rows in order of time.
    first, last : arrays, shape (p,)
        Period i holds the rows [first[i], last[i]), at least one.
    start, end : arrays, shape (p,)
        Periods [start, end). [us since 1970 UTC]
    """
    period, row = _estimates(sums.estimated_time, first, last)
    exact = sums.gap_start[row] >= start[period]
    exact &= sums.gap_end[row] <= end[period]
    freed = _Picker(period[exact], row[exact], len(first))
    left = _Picker(period[~exact], row[~exact], len(first))
    gap_start = np.full(len(first), joint.FAR)
    gap_end = np.full(len(first), -joint.FAR)
    np.minimum.at(gap_start, left.period, sums.gap_start[left.row])
    np.maximum.at(gap_end, left.period, sums.gap_end[left.row])
    covered = slices(sums.covered.astype(np.float64), first, last)
    covered += freed.sum(sums.estimated_time)
    meter = slices(sums.meter, first, last)
    for column in range(sums.meter.shape[1]):
        meter[:, column, 1] = left.sum(sums.meter[:, column, 1])
    return Sums(
        slices(sums.numerator, first, last),
        left.sum(sums.numerator_estimated),
        slices(sums.denominator, first, last),
        left.sum(sums.denominator_estimated),
        covered.astype(np.int64),
        left.sum(sums.estimated_time).astype(np.int64),
        gap_start,
        gap_end,
        meter,
    )


@dataclass(frozen=True, slots=True)
class _Picker:
    """Pairs of a period and a row in it."""

    period: IntArray
    row: IntArray
    count: int

    def sum(self, values: FloatArray | IntArray) -> FloatArray:
        found = np.bincount(self.period, values[self.row], self.count)
        return found.astype(np.float64, copy=False)


def _estimates(
    estimated_time: IntArray, first: IntArray, last: IntArray
) -> tuple[IntArray, IntArray]:
    """Each pair of a period and a row of it that is partly estimated."""
    rows = np.flatnonzero(estimated_time > 0)
    low = np.searchsorted(rows, first, side="left")
    count = np.searchsorted(rows, last, side="left") - low
    period = np.repeat(np.arange(len(first)), count)
    skipped = np.cumsum(count) - count
    index = np.arange(len(period)) - np.repeat(skipped - low, count)
    return period, rows[index]


def slices(values: FloatArray, first: IntArray, last: IntArray) -> FloatArray:
    """Sum slices along the first axis.

    Parameters
    ----------
    values : array, shape (n, ...)
        What is summed; the result has its unit.
    first, last : arrays, shape (k,)
        Slice i is [first[i], last[i]), not empty.

    Returns
    -------
    array, shape (k, ...)
    """
    padded = np.concatenate([values, np.zeros_like(values[:1])])
    pairs = np.stack([first, last], axis=1).ravel()
    found: FloatArray = np.add.reduceat(padded, pairs, axis=0)[::2]
    return found


def value(kpi: Kpi, numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Ratio of the energies of a period.

    Parameters
    ----------
    kpi
        Which KPI: shares of E_DC are limited to [0, 1].
    numerator, denominator : arrays, shape (k,)
        E_DC and E_IT, E_ren and E_DC, and so on. [kWh; CUE kgCO2, WUE L]

    Returns
    -------
    array, shape (k,)
        NaN where the denominator is not positive, and where E_DC is below E_IT, which
        is an error in the data and not a PUE below 1. [-]
    """
    ratio = np.full(len(numerator), np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator > 0.0)
    if kpi == "pue":
        ratio[ratio < 1.0] = np.nan
    if kpi not in _SHARES:
        return ratio
    limited: FloatArray = np.clip(ratio, 0.0, 1.0)
    return limited


@dataclass(frozen=True, slots=True)
class Target:
    """What a KPI is compared with.

    Parameters
    ----------
    value
        Target value. [-]
    comparison
        `lt`: the value must lie below the target; `ge`: reach it.
    coverage_floor
        Least coverage of a period that may be judged. [-]
    """

    value: float
    comparison: Literal["lt", "ge"]
    coverage_floor: float = 0.95

    def is_met(self, unrounded: float) -> bool:
        """Whether a value complies; 1.25 is not below 1.25."""
        if self.comparison == "lt":
            return unrounded < self.value
        return unrounded >= self.value


def annual_verdict(unrounded: float, coverage: float, target: Target | None) -> Verdict:
    """Judge a calendar year or rolling 12 months.

    Parameters
    ----------
    unrounded
        The KPI, NaN if it has no value. [-]
    coverage
        Time that every required meter measured / elapsed time. [-]
    target
        None when no target's scope holds this data centre.
    """
    if target is None:
        return "not applicable"
    if np.isnan(unrounded) or coverage < target.coverage_floor:
        return "insufficient data"
    return "compliant" if target.is_met(unrounded) else "not compliant"


def interim_verdict(
    unrounded: float, coverage: float, target: Target | None
) -> Verdict:
    """Compare a period that is shorter than a year, as `annual_verdict` does."""
    if target is None:
        return "not applicable"
    if np.isnan(unrounded) or coverage < target.coverage_floor:
        return "insufficient data"
    if unrounded < target.value:
        return "interim: below target"
    return "interim: above target"
