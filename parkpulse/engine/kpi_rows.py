"""Sums become judged KPI rows, and rows are compared with what is stored. Pure."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from analytics import indicators, joint, kpi
from analytics.kpi import Sums, Target
from parkpulse.engine.figures import Books, Counted, Emissions, Figure, Row, Stretch
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
    """Whether a share of E_DC was limited to [0, 1]."""
    finding: str | None = None
    """Why there is no value although there is data."""
    emissions: Emissions | None = None
    factors: tuple[int, ...] = ()
    """Ids of the emission factors of a day."""
    attributes: tuple[Counted, ...] = ()
    """Of each row of the ledger that touches the period, what counts."""


_decoder = msgspec.json.Decoder(Evidence)


class Table(NamedTuple):
    """Sums of periods [us] with the ids of the meters in their columns."""

    start: Int64Array
    end: Int64Array
    sums: Sums
    meter_ids: Sequence[int]
    emitted: FloatArray | None = None
    """Emissions by the grid and others, NaN if unknown, shape (k, 2). [kgCO2]"""


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
    books
        Certificates and emission factors.
    """

    tree: Tree
    calendar: Calendar
    targets: Sequence[TargetRow]
    clock: int
    books: Books = dataclasses.field(default_factory=Books)
    _dated: dict[tuple[str, date], TargetRow | None] = dataclasses.field(
        default_factory=dict
    )

    def target(self, formula: Formula, end: int) -> TargetRow | None:
        """Find the target in force on the last day of a period.

        One whose scope holds the data centre is preferred; another is for information.
        """
        name = "ref" if formula.kpi == "ref_hourly" else formula.kpi
        key = name, self.calendar.day_of(end - 1)
        if key not in self._dated:
            self._dated[key] = self._target(*key)
        return self._dated[key]

    def _target(self, kpi: str, day: date) -> TargetRow | None:
        dated = [row for row in self.targets if row.kpi == kpi and row.is_in_force(day)]
        return next(filter(self.is_in_scope, dated), dated[0] if dated else None)

    def is_in_scope(self, row: TargetRow) -> bool:
        """Whether a target binds this data centre."""
        return row.binds(self.tree.commissioned, self.tree.standard_racks)

    def records(self, formula: Formula, period: Period, table: Table) -> list[Record]:
        """Judge the rows of one formula."""
        sums = table.sums
        plain = kpi.value(formula.kpi, sums.numerator, sums.denominator)
        return [
            self._record(formula, period, table, row, float(plain[row]))
            for row in range(len(sums))
        ]

    def _beyond_meters(
        self, formula: Formula, period: Period, table: Table, row: int, elapsed: int
    ) -> Figure | None:
        """Add what the ledger and the factors say; None where meters say it all."""
        is_annual = period in _ANNUAL_PERIODS
        is_share = formula.kpi == "ref" and is_annual
        if not is_share and formula.kpi not in indicators.CARBON:
            return None
        of = Row(table.sums, row, table.meter_ids)
        stretch = self._stretch(table, row, elapsed)
        if is_share:
            return self.books.renewable(formula, of, stretch)
        if period in {"hour", "day"}:
            return self.books.carbon(formula, of, stretch.first)
        emitted = np.zeros(2) if table.emitted is None else table.emitted[row]
        if formula.kpi == "cue_market" and is_annual:
            return self.books.carbon_bought(of, emitted, stretch)
        return self.books.carbon_folded(of, emitted)

    def _stretch(self, table: Table, row: int, elapsed: int) -> Stretch:
        start, end = int(table.start[row]), int(table.end[row])
        sums = table.sums
        past = max(min(self.clock, end) - 1, start)
        last = date.fromordinal(self.calendar.day_of(past).toordinal() + 1)
        known = int(sums.covered[row]) + int(sums.estimated_time[row])
        share = known / elapsed if elapsed else 0.0
        return Stretch(self.calendar.day_of(start), last, share)

    def _record(
        self, formula: Formula, period: Period, table: Table, row: int, plain: float
    ) -> Record:
        sums = table.sums
        start, end = int(table.start[row]), int(table.end[row])
        covered, estimated = int(sums.covered[row]), int(sums.estimated_time[row])
        elapsed = max(min(self.clock, end) - start, covered + estimated)
        coverage = covered / elapsed if elapsed else 0.0
        figure = self._beyond_meters(formula, period, table, row, elapsed) or Figure(
            float(sums.numerator[row]), plain
        )
        numerator, value = figure.numerator, figure.value
        denominator = float(sums.denominator[row])
        dated = self.target(formula, end)
        verdict, evidence = self._verdict(
            formula, period, elapsed, coverage, value, dated
        )
        evidence.finding = _finding(formula, figure, denominator)
        evidence.clipped = _is_clipped(formula, numerator, denominator)
        evidence.emissions = figure.emissions
        evidence.factors = figure.factors
        evidence.attributes = figure.attributes
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


_IT_BASED = {"pue", "wue", *indicators.CARBON}


def _finding(formula: Formula, figure: Figure, denominator: float) -> str | None:
    if not figure.numerator and not denominator:
        return None
    if denominator <= 0.0:
        return _missing(formula)
    if formula.kpi == "pue" and figure.numerator < denominator:
        return "facility_below_it"
    if figure.emissions is not None and np.isnan(figure.emissions.total):
        return "no_emission_factor"
    return None


def _missing(formula: Formula) -> str:
    """Say what the denominator has none of."""
    if formula.kpi in _IT_BASED:
        return "no_it_energy"
    return "no_cooling_energy" if formula.kpi == "cer" else "no_facility_energy"


def _is_clipped(formula: Formula, numerator: float, denominator: float) -> bool:
    if formula.kpi not in {"ref", "erf"}:
        return False
    return not 0.0 <= numerator <= max(denominator, 0.0)


def _emitted(evidence: Sequence[Evidence]) -> FloatArray:
    """Emissions that rows state, shape (k, 2), NaN where there are none. [kgCO2]."""
    unknown = Emissions(None, None)
    rows = [each.emissions or unknown for each in evidence]
    # None becomes NaN.
    return np.array(rows, np.float64).reshape(-1, 2)


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
    end = _ints(record.key.end_us for record in records)
    return Table(start, end, sums, ids, _emitted(evidence))


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
    emitted = np.zeros((len(spans), 2))
    if len(held) and rows.emitted is not None:
        emitted[held] = kpi.slices(rows.emitted, first[held], last[held])
    if len(held):
        some = kpi.fold(rows.sums, first[held], last[held], start[held], end[held])
        for name in sums.__slots__:
            getattr(sums, name)[held] = getattr(some, name)
    return Table(start, end, sums, rows.meter_ids, emitted)


def derived(formula: Formula, found: Table, ids: Sequence[int]) -> Table:
    """Turn a table of a formula's source into its own.

    Parameters
    ----------
    formula
        What is wanted.
    found
        Table of the hours that it is folded from.
    ids
        Ids of the formula's meters.
    """
    if formula.source is None:
        return found
    column = {meter_id: index for index, meter_id in enumerate(found.meter_ids)}
    columns = [column.get(meter_id, -1) for meter_id in ids]
    return found._replace(sums=indicators.derived(formula, found.sums, columns))


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
