"""The monthly or quarterly report of a park as a document."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from parkpulse.reports import figures
from parkpulse.reports.document import Number, Section, Table
from parkpulse.reports.inspection import month_heads, month_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parkpulse.model.kpi import Kpi, KpiName
    from parkpulse.model.report import CentreMonths, ParkReport
    from parkpulse.reports.document import Cell, Words


def sentences(of: ParkReport, words: Words) -> list[str]:
    """Say the most important in three sentences."""
    return [_sensed(of, words), _alarmed(of, words), _ledger(of, words)]


def _sensed(of: ParkReport, words: Words) -> str:
    expected = sum(each.expected for each in of.sensing)
    readings = sum(each.readings for each in of.sensing)
    share = readings / expected if expected else None
    return words.text(
        "sensing_sentence",
        heard=Number(sum(each.heard for each in of.sensing)).text,
        devices=Number(sum(each.devices for each in of.sensing)).text,
        share=Number(share, 1, is_share=True).text,
    )


def _alarmed(of: ParkReport, words: Words) -> str:
    return words.text(
        "alarms_sentence",
        raised=Number(sum(each.raised for each in of.alarms)).text,
        answered=Number(sum(each.answered for each in of.alarms)).text,
        median=words.duration(of.median_s),
        retroactive=Number(of.retroactive).text,
        standing=Number(of.standing).text,
    )


def _ledger(of: ParkReport, words: Words) -> str:
    return words.text("balanced" if of.arrivals.balanced else "unbalanced")


def sections(of: ParkReport, words: Words) -> list[Section]:
    """Make all parts."""
    return [
        _sensing(of, words),
        _alarms(of, words),
        _energy(of, words),
        _quality(of, words),
        Section(words.text("method"), words.every("method")),
    ]


def _sensing(of: ParkReport, words: Words) -> Section:
    rows = [
        _sensed_row(each.kind, each.devices, each.heard, each.readings, each.expected)
        for each in of.sensing
    ]
    sums = [
        sum(getattr(each, field) for each in of.sensing)
        for field in ("devices", "heard", "readings", "expected")
    ]
    rows.append(_sensed_row(words.text("total"), *sums))
    keys = ("device_kind", "devices", "heard", "readings", "expected", "coverage")
    return Section(
        words.text("sensing"),
        [_sensed(of, words), words.text("sensing_note")],
        [Table("", words.texts(*keys), rows)],
    )


def _sensed_row(
    title: str, devices: int, heard: int, readings: int, expected: int
) -> list[Cell]:
    share = readings / expected if expected else None
    numbers = (Number(each) for each in (devices, heard, readings, expected))
    return [title, *numbers, Number(share, 2, is_share=True)]


def _alarms(of: ParkReport, words: Words) -> Section:
    rows: list[list[Cell]] = [
        [
            words.of("severity", each.severity),
            Number(each.raised),
            Number(each.answered),
            words.duration(each.median_s),
            words.duration(each.p95_s),
        ]
        for each in of.alarms
    ]
    keys = ("severity", "raised", "answered", "median", "p95")
    return Section(
        words.text("alarms"),
        [_alarmed(of, words)],
        [Table("", words.texts(*keys), rows)],
    )


def _energy(of: ParkReport, words: Words) -> Section:
    if not of.centres:
        return Section(words.text("energy"), [words.text("no_centres")])
    heads = month_heads(words)
    totals = Table(
        words.text("energy_total"),
        [words.text("data_centre"), *heads[1:]],
        [_total(each, words) for each in of.centres],
    )
    months = [_months(each, words) for each in of.centres]
    return Section(words.text("energy"), [words.text("energy_note")], [totals, *months])


def _months(of: CentreMonths, words: Words) -> Table:
    found = groupby(of.months, key=lambda row: row.start)
    rows = [month_row(words.day(start)[:7], list(each)) for start, each in found]
    title = words.text("month_of", name=words.name(of.name))
    return Table(title, month_heads(words), rows)


def _total(of: CentreMonths, words: Words) -> list[Cell]:
    pue, ref, hourly, cue = (
        _leading(of.months, kpi) for kpi in ("pue", "ref", "ref_hourly", "cue_location")
    )
    emitted = [each for row in cue if (each := figures.emissions(row)) is not None]
    elapsed = sum(row.elapsed_s for row in pue)
    covered = sum(row.covered_s for row in pue)
    return [
        words.name(of.name),
        Number(sum(row.numerator_kwh for row in pue) if pue else None, 1),
        Number(sum(row.denominator_kwh for row in pue) if pue else None, 1),
        figures.value("pue", figures.ratio(pue)),
        figures.value("ref", figures.ratio(ref)),
        figures.value("ref_hourly", figures.ratio(hourly)),
        Number(sum(emitted) if emitted else None, 1),
        Number(covered / elapsed if elapsed else None, 2, is_share=True),
    ]


def _leading(rows: Sequence[Kpi], kpi: KpiName) -> list[Kpi]:
    """Rows of a KPI in its highest category."""
    mine = [row for row in rows if row.kpi == kpi]
    highest = max((row.category for row in mine), default=0)
    return [row for row in mine if row.category == highest]


def _quality(of: ParkReport, words: Words) -> Section:
    it = of.arrivals
    counts = {
        "received": it.received,
        "stored": it.stored,
        "duplicate": it.duplicate,
        "quarantined": it.quarantined,
        "dropped": it.dropped_by_broker,
        "values_stored": it.values_stored,
        "values_corrected": it.values_corrected,
        "values_refused": it.values_refused,
    }
    count = words.text("count")
    ledger = Table(
        "",
        [words.text("what"), count],
        [[words.text(key), Number(number)] for key, number in counts.items()],
    )
    refused = Table(
        words.text("reasons"),
        [words.text("reason"), count],
        [[reason, Number(number)] for reason, number in it.refused.items()],
    )
    flags = Table(
        words.text("flags"),
        [words.text("test"), count],
        [[words.of("flag", test), Number(number)] for test, number in of.flags.items()],
    )
    said = [_ledger(of, words), words.text("ledger_note")]
    if not of.flags:
        said.append(words.text("no_flags"))
    tables = [each for each in (ledger, refused, flags) if each.rows]
    return Section(words.text("quality"), said, tables)
