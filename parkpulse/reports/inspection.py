"""The inspector's report of a data centre as a document."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from parkpulse.reports import figures
from parkpulse.reports.document import Number, Section, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.kpi import Evidence, Kpi
    from parkpulse.model.report import Inspection
    from parkpulse.reports.document import Cell, Words

_JUDGED = ("pue", "ref")


def facts(of: Inspection, words: Words) -> list[tuple[str, str]]:
    """Tell what the report is of."""
    return [
        (words.text("data_centre"), _named(words.name(of.data_centre_name), of)),
        (words.text("commissioned"), words.date(of.commissioned)),
        (words.text("racks"), Number(of.standard_racks).text),
    ]


def _named(name: str, of: Inspection) -> str:
    return f"{name} ({of.data_centre})"


def sentences(of: Inspection, words: Words) -> list[str]:
    """Tell the verdicts, a sentence each: PUE by category, then REF."""
    found = [figures.sentence(row, words) for row in of.figures if row.kpi in _JUDGED]
    return found or [words.text("no_figures")]


def sections(of: Inspection, words: Words) -> list[Section]:
    """Make all parts, in the order an inspector asks for them."""
    return [
        _figures(of, words),
        _meters(of, words),
        _months(of, words),
        _certificates(of, words),
        *_projection(of, words),
        _revisions(of, words),
        Section(words.text("method"), words.every("method")),
    ]


def _figures(of: Inspection, words: Words) -> Section:
    rows: list[list[Cell]] = [
        [
            words.of("kpi", row.kpi),
            figures.category(row, words),
            figures.against_target(row),
            "" if row.unit == "1" else row.unit,
            figures.target(row),
            words.of("verdict", figures.verdict(row)) if row.kpi in _JUDGED else "–",
            Number(row.coverage, 2, is_share=True),
        ]
        for row in of.figures
    ]
    values = Table(
        "",
        words.texts(
            "figure",
            "category",
            "value",
            "unit",
            "target",
            "verdict",
            "coverage",
        ),
        rows,
    )
    tables = [values, _energies(of, words), _targets(of, words), _factors(of, words)]
    return Section(
        words.text("figures"),
        [] if of.figures else [words.text("no_figures")],
        [each for each in tables if each.rows],
    )


def _energies(of: Inspection, words: Words) -> Table:
    rows: list[list[Cell]] = [
        [
            figures.name(row, words),
            Number(row.numerator_kwh, 1),
            Number(row.numerator_estimated_kwh, 1),
            row.numerator_unit,
            Number(row.denominator_kwh, 1),
            Number(row.denominator_estimated_kwh, 1),
            Number(row.revision),
            words.of("state", row.state),
            figures.finding(row, words),
        ]
        for row in of.figures
    ]
    keys = (
        *("figure", "numerator", "estimated_numerator", "unit"),
        *("denominator", "estimated_denominator", "revision", "state", "finding"),
    )
    heads = words.texts(*keys)
    heads[4], heads[5] = (f"{heads[at]} [kWh]" for at in (4, 5))
    return Table("", heads, rows)


def _targets(of: Inspection, words: Words) -> Table:
    rules = {
        (row.kpi, row.evidence.rule.value): (row, row.evidence.rule)
        for row in of.figures
        if row.evidence.rule is not None
    }
    rows: list[list[Cell]] = [
        [
            words.of("kpi", row.kpi),
            figures.target(row),
            words.date(rule.valid_from),
            _scope(rule.commissioned_from, rule.min_standard_racks, words),
            words.truth(rule.in_scope),
            Number(rule.coverage_floor, 0, is_share=True),
            figures.source(rule, words),
        ]
        for row, rule in rules.values()
    ]
    keys = ("figure", "target", "valid_from", "scope", "in_scope", "floor", "source")
    return Table(words.text("targets"), words.texts(*keys), rows)


def _scope(since: object, racks: int, words: Words) -> str:
    parts = []
    if since is not None:
        parts.append(words.text("scope_from", day=str(since)))
    if racks:
        parts.append(words.text("scope_racks", n=Number(racks).text))
    return ", ".join(parts) or words.text("scope_all")


def _factors(of: Inspection, words: Words) -> Table:
    rows = {
        (each.region, each.kind, each.valid_from): each
        for row in (*of.figures, *of.months)
        if row.evidence.emissions is not None
        for each in row.evidence.emissions.factors
    }
    return Table(
        words.text("factors"),
        [
            *words.texts("region", "kind", "valid_from"),
            f"{words.text('factor')} [kgCO2/kWh]",
            words.text("source"),
        ],
        [
            [
                each.region,
                each.kind,
                words.date(each.valid_from),
                Number(each.factor, 4),
                figures.source(each, words),
            ]
            for _, each in sorted(rows.items())
        ],
    )


def _meters(of: Inspection, words: Words) -> Section:
    keys = ("meter", "metric", "role", "amount", "estimated", "coverage")
    tables = [
        Table(
            words.text("meters_of", kpi=figures.name(row, words)),
            words.texts(*keys),
            _meter_rows(row, row.evidence, words),
        )
        for row in of.figures
        if row.evidence.meters
    ]
    return Section(words.text("meters"), [words.text("meters_note")], tables)


def _meter_rows(row: Kpi, evidence: Evidence, words: Words) -> list[list[Cell]]:
    elapsed = row.elapsed_s or 1.0
    return [
        [
            each.device,
            each.metric,
            words.of("role", each.role),
            Number(each.kwh, 1),
            Number(each.estimated_kwh, 1),
            Number(min(each.covered_s / elapsed, 1.0), 2, is_share=True),
        ]
        for each in evidence.meters
    ]


def _months(of: Inspection, words: Words) -> Section:
    found = groupby(of.months, key=lambda row: row.start)
    rows = [month_row(words.day(start)[:7], list(each)) for start, each in found]
    tables = [Table("", month_heads(words), rows)] if rows else []
    return Section(words.text("months"), [], tables)


def month_heads(words: Words) -> list[str]:
    """Make the heads of `month_row`."""
    return [
        words.text("month"),
        f"{words.text('e_dc')} [kWh]",
        f"{words.text('e_it')} [kWh]",
        words.of("kpi", "pue"),
        words.of("kpi", "ref"),
        words.of("kpi", "ref_hourly"),
        f"{words.text('emissions')} [kgCO2]",
        words.text("coverage"),
    ]


def month_row(title: str, rows: Sequence[Kpi]) -> list[Cell]:
    """Write the figures of one month."""
    pue, ref, hourly, cue = (
        figures.find(rows, kpi) for kpi in ("pue", "ref", "ref_hourly", "cue_location")
    )
    return [
        title,
        Number(pue.numerator_kwh if pue else None, 1),
        Number(pue.denominator_kwh if pue else None, 1),
        *(_value(each) for each in (pue, ref, hourly)),
        Number(figures.emissions(cue), 1),
        Number(pue.coverage if pue else None, 2, is_share=True),
    ]


def _value(row: Kpi | None) -> Number:
    return figures.value(row.kpi, row.value) if row else Number(None)


def _certificates(of: Inspection, words: Words) -> Section:
    title = words.text("certificates")
    if not of.certificates:
        return Section(title, [words.text("no_certificates")])
    annual = figures.find(of.figures, "ref")
    counted = {
        each.serial: each for each in (annual.evidence.attributes if annual else ())
    }
    rows: list[list[Cell]] = []
    for each in of.certificates:
        known = counted.get(each.serial)
        rows.append(
            [
                each.serial,
                words.of("attribute", each.kind),
                Number(each.volume_kwh),
                Number(known.counted_kwh if known else None),
                words.of("refused", known.refused) if known and known.refused else "",
                f"{each.generated_from} – {each.generated_to}",
                f"{each.used_from} – {each.used_to}",
                words.date(each.retired_on),
                each.source,
            ]
        )
    keys = (
        *("serial", "kind", "volume", "counted", "finding"),
        *("generated", "used", "retired", "source"),
    )
    heads = words.texts(*keys)
    heads[2], heads[3] = (f"{heads[at]} [kWh]" for at in (2, 3))
    return Section(title, [], [Table("", heads, rows)])


def _projection(of: Inspection, words: Words) -> list[Section]:
    if not of.projections:
        return []
    rows: list[list[Cell]] = [
        [
            words.of("kpi", each.kpi),
            figures.value(each.kpi, each.to_date.value),
            figures.value(each.kpi, each.value),
            figures.value(each.kpi, each.low),
            figures.value(each.kpi, each.high),
            Number(each.headroom_kwh, 0),
            words.of("expectation", each.expectation or "–"),
        ]
        for each in of.projections
    ]
    keys = ("figure", "to_date", "projected", "low", "high", "headroom", "expectation")
    heads = words.texts(*keys)
    heads[5] = f"{heads[5]} [kWh]"
    return [
        Section(
            words.text("projection"),
            [words.text("projection_note")],
            [Table("", heads, rows)],
        )
    ]


def _revisions(of: Inspection, words: Words) -> Section:
    rows: list[list[Cell]] = [
        [
            words.of("kpi", each.kpi),
            words.of("period", each.period),
            words.day(each.start),
            Number(each.revision),
            figures.value(each.kpi, each.old_value),
            figures.value(each.kpi, each.new_value),
            each.cause,
            words.moment(each.at),
        ]
        for each in of.revisions
    ]
    title = words.text("revisions")
    if not rows:
        return Section(title, [words.text("no_revisions")])
    keys = (
        *("figure", "period", "begin", "revision"),
        *("before", "after", "cause", "at"),
    )
    heads = words.texts(*keys)
    return Section(title, [], [Table("", heads, rows)])
