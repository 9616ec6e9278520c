"""What the reports of a data centre and of a park say of a KPI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.reports.document import Number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parkpulse.model.kpi import Factor, Kpi, KpiName, Rule
    from parkpulse.reports.document import Words

SHARES = frozenset({"ref", "ref_hourly", "erf"})
_LONG_DIGITS = 8
_SENTENCES = {
    "compliant": "compliant",
    "not compliant": "not_compliant",
    "insufficient data": "insufficient_data",
    "interim: kept": "interim_kept",
    "interim: missed": "interim_missed",
}


def value(kpi: str, number: float | None) -> Number:
    """Write a KPI's value: a share in percent, else three digits."""
    return Number(number, 2, is_share=True) if kpi in SHARES else Number(number, 3)


def against_target(row: Kpi) -> Number:
    """Write a value so that it does not look like the target that it is not."""
    short = value(row.kpi, row.value)
    is_alike = short.text == value(row.kpi, row.target).text
    if row.value is None or row.value == row.target or not is_alike:
        return short
    return Number(row.value, _LONG_DIGITS, is_share=short.is_share)


def target(row: Kpi) -> str:
    """Write what the value is compared with."""
    if row.target is None:
        return "–"
    sign = "<" if row.comparison == "lt" else "≥"
    return f"{sign} {value(row.kpi, row.target).text}"


def name(row: Kpi, words: Words) -> str:
    """Name a KPI with its category."""
    kpi = words.of("kpi", row.kpi)
    return f"{kpi} · {category(row, words)}" if row.category else kpi


def category(row: Kpi, words: Words) -> str:
    """Name a measurement category; a KPI without has a dash."""
    return words.of("point", str(row.category)) if row.kpi == "pue" else "–"


def verdict(row: Kpi) -> str:
    """Key of what the verdict means: below its target is good for a PUE only."""
    if not row.verdict.startswith("interim"):
        return row.verdict
    is_below = row.verdict == "interim: below target"
    is_kept = is_below is (row.comparison == "lt")
    return "interim: kept" if is_kept else "interim: missed"


def sentence(row: Kpi, words: Words) -> str:
    """Say what a figure means."""
    floor = row.evidence.rule.coverage_floor if row.evidence.rule else None
    given = {
        "kpi": name(row, words),
        "value": against_target(row).text,
        "target": target(row),
        "coverage": Number(row.coverage, 1, is_share=True).text,
        "floor": Number(floor, 0, is_share=True).text,
    }
    key = _SENTENCES.get(verdict(row))
    if key is None:
        key = "no_target" if row.target is None else "not_applicable"
    return words.text(key, **given)


def find(rows: Iterable[Kpi], kpi: KpiName) -> Kpi | None:
    """Find a KPI of the highest category."""
    mine = [row for row in rows if row.kpi == kpi]
    return max(mine, key=lambda row: row.category, default=None)


def finding(row: Kpi, words: Words) -> str:
    """Say why there is no value, or what was done to it."""
    if row.evidence.finding:
        return words.of("finding", row.evidence.finding)
    return words.of("finding", "clipped") if row.evidence.clipped else ""


def source(of: Rule | Factor, words: Words) -> str:
    """Say where a target or factor comes from, in Chinese where that is known."""
    return (words.language == "zh" and of.source_zh) or of.source


def ratio(rows: Sequence[Kpi]) -> float | None:
    """Sum of numerators by sum of denominators of rows that have a value."""
    known = [row for row in rows if row.value is not None]
    below = sum(row.denominator_kwh for row in known)
    return sum(row.numerator_kwh for row in known) / below if below else None


def emissions(row: Kpi | None) -> float | None:
    """Emissions of a location-based CUE. [kgCO2]."""
    if row is None or row.value is None:
        return None
    return row.value * row.denominator_kwh
