"""Sums become judged KPI rows, and rows are compared with what is stored. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from analytics import joint, kpi
from analytics.kpi import Sums, Target
from parkpulse.model import instants
from parkpulse.store.kpis import Key, Record, Revision

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from analytics.kpi import Formula
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.model.periods import Calendar, Period, Span
    from parkpulse.store.meters import TargetRow, Tree

SETTLING = 2 * instants.HOUR
"""A period is closed this long after its end on the park's clock. [us]"""
_ANNUAL = 364 * instants.DAY
_ANNUAL_PERIODS = {"year", "rolling_12_months"}


class Evidence(msgspec.Struct, omit_defaults=True):
    """What a row rests on, as it is stored."""

    meters: list[tuple[int, float, float, float]] = []
    """Of each meter: id, energy [kWh], estimated part [kWh], time it covers [s]."""
    target: int | None = None
    """Id of the target that the value was compared with."""
    in_scope: bool = False
    clipped: bool = False
    """Whether a renewable share was limited to [0, 1]."""
    finding: str | None = None
    """Why there is no value although there is data."""


_decoder = msgspec.json.Decoder(Evidence)


class Table(NamedTuple):
    """Sums of periods [us] with the ids of the meters in their columns."""

    start: Int64Array
    end: Int64Array
    sums: Sums
    meter_ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class Judge:
    """What rows of a data centre are judged by.

    Parameters
    ----------
    tree
        The data centre.
    calendar
        Civil days of its park.
    targets
        All targets, newest first.
    clock
        The park's time. [us since 1970 UTC]
    """

    tree: Tree
    calendar: Calendar
    targets: Sequence[TargetRow]
    clock: int

    def target(self, formula: Formula, end: int) -> TargetRow | None:
        """Find the target in force on the last day of a period.

        One whose scope holds the data centre is preferred; another is for information.
        """
        name = "ref" if formula.kpi == "ref_hourly" else formula.kpi
        day = self.calendar.day_of(end - 1)
        dated = [
            row
            for row in self.targets
            if row.kpi == name
            and row.valid_from <= day
            and (row.valid_to is None or day < row.valid_to)
        ]
        return next(filter(self.is_in_scope, dated), dated[0] if dated else None)

    def is_in_scope(self, row: TargetRow) -> bool:
        """Whether a target binds this data centre."""
        since = row.commissioned_from
        return self.tree.standard_racks >= row.min_standard_racks and (
            since is None or self.tree.commissioned >= since
        )

    def records(self, formula: Formula, period: Period, table: Table) -> list[Record]:
        """Judge the rows of one formula."""
        sums = table.sums
        values = kpi.value(formula.kpi, sums.numerator, sums.denominator)
        return [
            self._record(formula, period, table, row, float(values[row]))
            for row in range(len(sums))
        ]

    def _record(
        self, formula: Formula, period: Period, table: Table, row: int, value: float
    ) -> Record:
        sums = table.sums
        start, end = int(table.start[row]), int(table.end[row])
        covered, estimated = int(sums.covered[row]), int(sums.estimated_time[row])
        elapsed = max(min(self.clock, end) - start, covered + estimated)
        coverage = covered / elapsed if elapsed else 0.0
        dated = self.target(formula, end)
        verdict, evidence = self._verdict(
            formula, period, elapsed, coverage, value, dated
        )
        numerator, denominator = (
            float(sums.numerator[row]),
            float(sums.denominator[row]),
        )
        evidence.finding = _finding(formula, numerator, denominator)
        evidence.clipped = _is_clipped(formula, numerator, denominator)
        evidence.meters = [
            (meter_id, *figures)
            for meter_id, figures in zip(
                table.meter_ids, sums.meter[row].tolist(), strict=True
            )
        ]
        exact = estimated > 0 and abs(int(sums.gap_start[row])) < joint.FAR
        return Record(
            key=Key(period, start, end, formula.kpi, formula.category),
            value=None if np.isnan(value) else value,
            numerator_kwh=numerator,
            numerator_estimated_kwh=float(sums.numerator_estimated[row]),
            denominator_kwh=denominator,
            denominator_estimated_kwh=float(sums.denominator_estimated[row]),
            covered_us=covered,
            estimated_us=estimated,
            elapsed_us=elapsed,
            gap_start_us=int(sums.gap_start[row]) if exact else None,
            gap_end_us=int(sums.gap_end[row]) if exact else None,
            coverage=coverage,
            verdict=verdict,
            target=dated.value if dated else None,
            state="closed" if self.clock >= end + SETTLING else "open",
            revision=0,
            evidence=msgspec.json.encode(evidence).decode(),
        )

    def _verdict(
        self,
        formula: Formula,
        period: Period,
        elapsed: int,
        coverage: float,
        value: float,
        dated: TargetRow | None,
    ) -> tuple[str, Evidence]:
        in_scope = dated is not None and self.is_in_scope(dated)
        in_scope = in_scope and formula.kpi != "ref_hourly"
        target = None
        if dated is not None and in_scope:
            target = Target(dated.value, dated.comparison, dated.coverage_floor)
        is_annual = period in _ANNUAL_PERIODS and elapsed >= _ANNUAL
        judge = kpi.annual_verdict if is_annual else kpi.interim_verdict
        evidence = Evidence(target=dated.id if dated else None, in_scope=in_scope)
        return judge(value, coverage, target), evidence


def _finding(formula: Formula, numerator: float, denominator: float) -> str | None:
    if not numerator and not denominator:
        return None
    if denominator <= 0.0:
        return "no_it_energy" if formula.kpi == "pue" else "no_facility_energy"
    if formula.kpi == "pue" and numerator < denominator:
        return "facility_below_it"
    return None


def _is_clipped(formula: Formula, numerator: float, denominator: float) -> bool:
    return formula.kpi == "ref" and not 0.0 <= numerator <= max(denominator, 0.0)


def table(records: Sequence[Record]) -> Table:
    """Turn rows of one formula, in order of time, back into sums."""
    evidence = [_decoder.decode(record.evidence) for record in records]
    ids = sorted({meter[0] for each in evidence for meter in each.meters})
    column = {meter_id: index for index, meter_id in enumerate(ids)}
    meter = np.zeros((len(records), len(ids), 3))
    for row, each in enumerate(evidence):
        for meter_id, *figures in each.meters:
            meter[row, column[meter_id]] = figures
    estimated = _ints(record.estimated_us for record in records)
    sums = Sums(
        _floats(record.numerator_kwh for record in records),
        _floats(record.numerator_estimated_kwh for record in records),
        _floats(record.denominator_kwh for record in records),
        _floats(record.denominator_estimated_kwh for record in records),
        _ints(record.covered_us for record in records),
        estimated,
        _gap(estimated, [record.gap_start_us for record in records], -joint.FAR),
        _gap(estimated, [record.gap_end_us for record in records], joint.FAR),
        meter,
    )
    start = _ints(record.key.start_us for record in records)
    return Table(start, _ints(record.key.end_us for record in records), sums, ids)


def _floats(values: Iterable[float]) -> FloatArray:
    return np.array(list(values), np.float64)


def _ints(values: Iterable[int]) -> Int64Array:
    return np.array(list(values), np.int64)


def _gap(
    estimated: Int64Array, bounds: Sequence[int | None], unknown: int
) -> Int64Array:
    """Bounds of gaps; `unknown` where no period makes the estimate exact."""
    found = _ints(unknown if bound is None else bound for bound in bounds)
    return np.where(estimated > 0, found, -unknown)


def fold(rows: Table, spans: Sequence[Span]) -> Table:
    """Add up rows to longer periods; one that holds no row has nothing covered."""
    start, end = np.array(spans, np.int64).reshape(-1, 2).T
    first = np.searchsorted(rows.start, start)
    last = np.searchsorted(rows.start, end)
    held = np.flatnonzero(last > first)
    sums = _nothing(len(spans), len(rows.meter_ids))
    if len(held):
        some = kpi.fold(rows.sums, first[held], last[held], start[held], end[held])
        for name in sums.__slots__:
            getattr(sums, name)[held] = getattr(some, name)
    return Table(start, end, sums, rows.meter_ids)


def _nothing(count: int, meters: int) -> Sums:
    return Sums(
        numerator=np.zeros(count),
        numerator_estimated=np.zeros(count),
        denominator=np.zeros(count),
        denominator_estimated=np.zeros(count),
        covered=np.zeros(count, np.int64),
        estimated_time=np.zeros(count, np.int64),
        gap_start=np.full(count, joint.FAR, np.int64),
        gap_end=np.full(count, -joint.FAR, np.int64),
        meter=np.zeros((count, meters, 3)),
    )


class Changes(NamedTuple):
    """What is to be written."""

    records: list[Record]
    revisions: list[Revision]


def reconcile(
    stored: Mapping[Key, Record], computed: Iterable[Record], cause: str
) -> Changes:
    """Compare computed rows with the stored ones.

    An open row is overwritten; a change of a closed one is a revision. A period that
    nothing covers has a row only if it was open once, an hour not even then.
    """
    changes = Changes([], [])
    for new in computed:
        old = stored.get(new.key)
        if old is not None:
            _compare(old, new, cause, changes)
        elif new.covered_us or new.estimated_us or _is_awaited(new):
            changes.records.append(new)
    return changes


def _compare(old: Record, new: Record, cause: str, changes: Changes) -> None:
    if old.state == "open":
        if _differs(old, new):
            changes.records.append(new._replace(revision=old.revision))
        return
    again = new._replace(state="closed", revision=old.revision)
    if _figures(old) != _figures(again):
        changes.records.append(again._replace(revision=old.revision + 1))
        changes.revisions.append(_revision(old, again, cause))
    elif _differs(old, again):
        changes.records.append(again)


def _revision(old: Record, new: Record, cause: str) -> Revision:
    return Revision(
        key=new.key,
        revision=old.revision + 1,
        old_value=old.value,
        new_value=new.value,
        old_coverage=old.coverage,
        new_coverage=new.coverage,
        cause=cause,
    )


def _differs(old: Record, new: Record) -> bool:
    return (old.state, _figures(old)) != (new.state, _figures(new)) or (
        # As values, for the database prints JSON in its own way.
        _decoder.decode(old.evidence) != _decoder.decode(new.evidence)
    )


def _is_awaited(record: Record) -> bool:
    return record.state == "open" and record.key.period != "hour"


def _figures(record: Record) -> tuple[object, ...]:
    """Pick what an inspector was told."""
    return record[1 : Record._fields.index("state")]


def spans(calendar: Calendar, period: Period, moments: Iterable[int]) -> list[Span]:
    """Periods that these instants [us] belong to, each once, in order."""
    return sorted({calendar.span(period, moment) for moment in moments})
