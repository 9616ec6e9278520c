"""Columns over time become rows of figures, one for each period."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from analytics import kpi, segments
from analytics.kpi import Target
from parkpulse.model import instants
from parkpulse.offline.kpi import civil, findings, formulas, plausible, spec
from parkpulse.offline.kpi.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from analytics.kpi import Formula, Sums
    from analytics.segments import BucketSums
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.offline.kpi.civil import Period
    from parkpulse.offline.kpi.meters import Meter

PUE_TARGET = Target(1.25, "lt")
REF_TARGET = Target(0.25, "ge")
_ANNUAL_DAYS = (364, 367)
_DIGITS = 12


class ColumnRow(msgspec.Struct):
    """What one column says of a period by itself."""

    column: str
    role: str
    kind: str
    amount: float
    """Energy [kWh], water [m3]."""
    coverage: float
    interpolated: bool = False
    """Whether an edge of the period falls between two readings of a register."""


class Row(msgspec.Struct):
    """The figures of one period; units are in the names, ratios without."""

    period: str
    label: str
    start: str
    end: str
    e_dc_kwh: float | None
    e_it_kwh: float | None
    e_ren_kwh: float | None
    pue: float | None
    category: int | None
    pue_by_category: dict[str, float | None]
    ref: float | None
    ref_hourly: float | None
    coverage: float
    ref_coverage: float | None
    e_dc_estimated_kwh: float
    e_it_estimated_kwh: float
    covered_s: float
    estimated_s: float
    elapsed_s: float
    pue_meets_target: bool | None
    """Whether the unrounded PUE lies below 1.25."""
    ref_meets_target: bool | None
    """Whether the unrounded share reaches 0.25."""
    pue_verdict: str
    ref_verdict: str
    total_from: str
    """`total`, `boundary` or `parts`: how E_DC was found."""
    wue: float | None = None
    """Water that enters per IT energy. [L/kWh]"""
    wue_by_category: dict[str, float | None] = {}
    """1 potable, 2 all, 3 less what is used again. [L/kWh]"""
    erf: float | None = None
    cer: float | None = None
    cue: float | None = None
    columns: list[ColumnRow] = []
    findings: list[Finding] = []


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller wants to know.

    Parameters
    ----------
    period
        Length of a row.
    zone
        Whose days, months and years are meant.
    certificates
        Retired certificates of 1,000 kWh for the one period of the file.
    emission_factor
        For CUE. [kgCO2/kWh]
    """

    period: Period
    zone: ZoneInfo
    certificates: float = 0.0
    emission_factor: float | None = None


def rows(
    meters: Sequence[Meter], asked: Asked, span: tuple[int, int] = (0, 0)
) -> list[Row]:
    """Figures of all periods that the columns touch, in order of time.

    Parameters
    ----------
    meters
        The columns.
    asked
        What is wanted.
    span
        Time that the file has rows of though no column has a value, (0, 0) if there is
        none. [us since 1970 UTC]
    """
    spans = [each for each in (findings.hull(meters), span) if each[0] < each[1]]
    if not spans:
        return []
    start, end = min(low for low, _ in spans), max(high for _, high in spans)
    plan = formulas.figures([meter.column.role for meter in meters])
    doubts = plausible.units(meters, plan)
    meters = _explained(plausible.plausible(meters, plan), start, end)
    edges = civil.edges(asked.period, start, end, asked.zone)
    book = _Book(meters, edges)
    told = findings.by_period(meters, edges, asked.zone)
    for index, more in enumerate(findings.partial(edges, start, end, asked.zone)):
        told[index] += more
    told[0] += doubts
    if plan.it and not plan.pue:
        told[0].append(findings.of_all("no_total", "only_it"))
    writer = _Writer(book, plan, asked)
    return [writer.row(index, told[index]) for index in range(len(edges) - 1)]


def _explained(meters: Sequence[Meter], start: int, end: int) -> list[Meter]:
    found = []
    for meter in meters:
        odd = findings.missing(meter, start, end)
        more = [] if odd is None or meter.column.role == "certificates" else [odd]
        found.append(replace(meter, odd=[*meter.odd, *more]))
    return found


class _Book:
    """Sums of all columns per period."""

    def __init__(self, meters: Sequence[Meter], edges: Int64Array) -> None:
        self.meters = meters
        self.edges = edges
        self._parts = [meter.segments for meter in meters]
        self.alone: list[BucketSums] = [segments.sums(p, edges) for p in self._parts]

    def sums(self, formula: Formula) -> Sums:
        """Sum up a formula per period; nothing within a period is cut."""
        found = kpi.hourly(formula, self._parts, self.alone, self.edges)
        at = np.arange(len(self.edges))
        return kpi.fold(found, at[:-1], at[1:], self.edges[:-1], self.edges[1:])

    def hourly(self, formula: Formula) -> Sums:
        """Sum up hours, cut at the edges of periods, to periods."""
        low, high = int(self.edges[0]), int(self.edges[-1])
        hours = np.arange(low // instants.HOUR + 1, -(-high // instants.HOUR))
        cells = np.union1d(self.edges, hours * instants.HOUR)
        found = plausible.sums(formula, self.meters, cells)
        at = np.searchsorted(cells, self.edges)
        return kpi.fold(found, at[:-1], at[1:], self.edges[:-1], self.edges[1:])

    def is_cut(self, meter: Meter, index: int) -> bool:
        """Whether a register was not read at an edge that it counted across."""
        start, end = meter.segments.start, meter.segments.end
        if not (meter.column.is_register and len(start)):
            return False
        edges = self.edges[index : index + 2]
        at = np.searchsorted(start, edges) - 1
        return bool(((at >= 0) & (end[at] > edges)).any())

    def amounts(self, role: str) -> FloatArray:
        """Amounts of all columns of a role, whatever others cover."""
        total = np.zeros(len(self.edges) - 1)
        for meter, alone in zip(self.meters, self.alone, strict=True):
            if meter.column.role == role:
                total += alone.amount
        return total


class _Writer:
    """Computes every figure once and picks out rows."""

    def __init__(self, book: _Book, plan: formulas.Figures, asked: Asked) -> None:
        self._book = book
        self._asked = asked
        self._category = max(plan.pue, default=None)
        self._pue = {key: book.sums(each) for key, each in plan.pue.items()}
        self._total = book.sums(plan.total) if plan.total else None
        self._ref = book.sums(plan.ref) if plan.ref else None
        self._own = _own(plan, book.meters)
        self._hourly = book.hourly(plan.ref_hourly) if plan.ref_hourly else None
        self._plan = plan
        self._it = book.sums(plan.it) if plan.it else None
        self._wue = {key: book.sums(each) for key, each in plan.water.items()}
        self._others = {key: book.sums(each) for key, each in plan.others.items()}
        self._certified = book.amounts("certificates")
        self._certified += asked.certificates * spec.KWH_PER_CERTIFICATE
        if self._ref is None and asked.certificates:
            self._ref = self._total
        self._from = _total_from([meter.column.role for meter in book.meters])

    def row(self, index: int, told: list[Finding]) -> Row:
        """Row of one period."""
        start, end = (int(each) for each in self._book.edges[index : index + 2])
        zone = self._asked.zone
        main = self._main()
        elapsed = end - start
        pue = self._ratio("pue", self._chosen(), index)
        ref, renewable = self._share(index)
        coverage = float(main.covered[index]) / elapsed if main else 0.0
        ref_coverage = float(self._ref.covered[index]) / elapsed if self._ref else None
        return Row(
            period=self._asked.period,
            label=_label(self._asked.period, civil.local(start, zone).isoformat()),
            start=civil.text(start, zone),
            end=civil.text(end, zone),
            e_dc_kwh=self._facility(index),
            e_it_kwh=_at(self._chosen() or self._it, "denominator", index),
            e_ren_kwh=renewable,
            pue=pue,
            category=self._category,
            pue_by_category={
                str(key): self._ratio("pue", each, index)
                for key, each in sorted(self._pue.items())
            },
            ref=ref,
            ref_hourly=self._ratio("ref_hourly", self._hourly, index),
            coverage=coverage,
            ref_coverage=ref_coverage,
            e_dc_estimated_kwh=self._estimated(index),
            e_it_estimated_kwh=_at(self._chosen(), "denominator_estimated", index)
            or 0.0,
            covered_s=float(main.covered[index]) / 1e6 if main else 0.0,
            estimated_s=float(main.estimated_time[index]) / 1e6 if main else 0.0,
            elapsed_s=elapsed / 1e6,
            pue_meets_target=_is_met(PUE_TARGET, pue),
            ref_meets_target=_is_met(REF_TARGET, ref),
            pue_verdict=self._verdict(pue, coverage, PUE_TARGET, elapsed),
            ref_verdict=self._verdict(ref, ref_coverage or 0.0, REF_TARGET, elapsed),
            total_from=self._from,
            wue=self._water(min(2, max(self._plan.water, default=0)), index),
            wue_by_category={
                str(key): self._water(key, index) for key in sorted(self._plan.water)
            },
            erf=self._ratio("ref", self._others.get("erf"), index),
            cer=self._ratio("cer", self._others.get("cer"), index),
            cue=None if pue is None else self._carbon(pue),
            columns=self._columns(index, elapsed),
            findings=told,
        )

    def _chosen(self) -> Sums | None:
        return None if self._category is None else self._pue[self._category]

    def _main(self) -> Sums | None:
        return self._chosen() or self._total or self._it

    def _facility(self, index: int) -> float | None:
        chosen = self._chosen()
        if chosen is not None:
            return float(chosen.numerator[index])
        return _at(self._total, "denominator", index)

    def _estimated(self, index: int) -> float:
        chosen = self._chosen()
        if chosen is not None:
            return float(chosen.numerator_estimated[index])
        return _at(self._total, "denominator_estimated", index) or 0.0

    def _ratio(self, name: str, sums: Sums | None, index: int) -> float | None:
        if sums is None:
            return None
        numerator, denominator = sums.numerator[index], sums.denominator[index]
        if denominator <= 0.0 or (name == "pue" and numerator < denominator):
            return None
        ratio = float(numerator / denominator)
        return min(max(ratio, 0.0), 1.0) if name.startswith("ref") else ratio

    def _share(self, index: int) -> tuple[float | None, float | None]:
        """REF and E_ren [kWh]."""
        if self._ref is None:
            return None, None
        renewable = float(self._ref.numerator[index] + self._certified[index])
        own = float(self._ref.meter[index, :, 0] @ self._own) if len(self._own) else 0.0
        renewable -= min(own, 0.0)
        facility = float(self._ref.denominator[index])
        share = min(max(renewable / facility, 0.0), 1.0) if facility > 0.0 else None
        return share, renewable

    def _water(self, category: int, index: int) -> float | None:
        return self._ratio("wue", self._wue.get(category), index)

    def _carbon(self, pue: float) -> float | None:
        factor = self._asked.emission_factor
        return None if factor is None else factor * pue

    def _verdict(
        self, value: float | None, coverage: float, target: Target, elapsed: int
    ) -> str:
        low, high = (days * instants.DAY for days in _ANNUAL_DAYS)
        is_annual = low <= elapsed < high
        judge = kpi.annual_verdict if is_annual else kpi.interim_verdict
        return judge(_exact(value), coverage, target)

    def _columns(self, index: int, elapsed: int) -> list[ColumnRow]:
        return [
            ColumnRow(
                meter.column.name,
                meter.column.role,
                meter.column.kind,
                float(alone.amount[index]),
                float(alone.covered[index] + alone.estimated_time[index]) / elapsed,
                self._book.is_cut(meter, index),
            )
            for meter, alone in zip(self._book.meters, self._book.alone, strict=True)
        ]


def _own(plan: formulas.Figures, meters: Sequence[Meter]) -> FloatArray:
    """Weights of the meters of the renewable share in the own generation."""
    used = plan.ref.meters if plan.ref else ()
    return np.array([spec.OWN.get(meters[each].column.role, 0.0) for each in used])


def _exact(value: float | None) -> float:
    """Ratio without the noise of adding binary fractions: 1.25 stays 1.25."""
    return float("nan") if value is None else round(value, _DIGITS)


def _is_met(target: Target, value: float | None) -> bool | None:
    return None if value is None else target.is_met(_exact(value))


def _at(sums: Sums | None, name: str, index: int) -> float | None:
    return None if sums is None else float(getattr(sums, name)[index])


def _total_from(roles: Sequence[str]) -> str:
    if "total" in roles:
        return "total"
    return "boundary" if "grid_import" in roles else "parts"


def _label(period: Period, start: str) -> str:
    return {"day": start[:10], "month": start[:7], "year": start[:4]}.get(period, "all")
