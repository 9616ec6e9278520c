"""What the service reported against what really happened."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from simulators.scenario.kinds import PLANT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from simulators.scenario.reported import Reported

_Json = dict[str, Any]

_GRACE = timedelta(hours=1)
"""How long after a fault an alert may still be its consequence."""
_INTERVALS, _MORE = 2.5, timedelta(minutes=2)
"""How far from the true times an alert may lie: report intervals, and more."""
_COVERAGES = (0.999, 0.95, 0.5, 0.0)


class Span(NamedTuple):
    """A time: [start, end), end is None while it lasts."""

    start: datetime
    end: datetime | None

    def meets(self, other: Span, slack: timedelta) -> bool:
        """Whether two times overlap, or nearly so."""
        return (self.end is None or other.start <= self.end + slack) and (
            other.end is None or self.start <= other.end + slack
        )


@dataclass(slots=True)
class _Case:
    """Something true, and the reported alerts that answer to it."""

    truth: _Json
    span: Span
    answers: list[int] = field(default_factory=list)


def score(truth: _Json, reported: Reported) -> _Json:
    """Compare.

    Parameters
    ----------
    truth
        The truth file of the scenario.
    reported
        What the service said.

    Returns
    -------
    dict
        `alerts` (expected, found, missed, spurious, precision, recall, delay; those of
        rules whose alerts the truth does not foretell are `unjudged`),
        `faults` by kind (total, detected, recall, precision, delay), `kpis` (error by
        coverage), `ledger`; JSON.
    """
    alerts = reported.alerts
    spans = [_span(each["onset"], each["cleared_at"]) for each in alerts]
    conditions = [_condition(each, alerts, spans) for each in truth["alerts"]]
    answers = {place for case in conditions for place in case.answers}
    faults = [
        case
        for event in truth["events"]
        for others in [set() if event["physical"] else answers]
        for case in _cases(event, alerts, spans, others)
    ]
    caused = {place for case in conditions + faults for place in case.answers}
    others = [each for place, each in enumerate(alerts) if place not in caused]
    spurious = [each for each in others if each["rule"]["code"] in truth["rules"]]
    return {
        "park": truth["park"],
        "alerts": _alert_figures(conditions, len(caused), spans, spurious)
        | {"unjudged": [_named(each) for each in others if each not in spurious]},
        "faults": _fault_figures(faults, alerts, spans, spurious),
        "kpis": _kpi_figures(truth["data_centre"], reported.kpis),
        "ledger": reported.ledger,
    }


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _span(start: str, end: str | None) -> Span:
    return Span(_time(start), None if end is None else _time(end))


def _condition(
    expected: _Json, alerts: Sequence[_Json], spans: Sequence[Span]
) -> _Case:
    span = _span(expected["onset"], expected["clear"])
    slack = _MORE + timedelta(seconds=_INTERVALS * expected["report_interval_s"])
    case = _Case(expected, span)
    for place, each in enumerate(alerts):
        is_same = (each["rule"]["code"], each["device"]) == (
            expected["rule"],
            expected["device"],
        )
        if is_same and span.meets(spans[place], slack):
            case.answers.append(place)
    return case


def _cases(
    event: _Json, alerts: Sequence[_Json], spans: Sequence[Span], others: set[int]
) -> list[_Case]:
    """List a fault's cases: one for each device, one for all of a data centre.

    Alerts at places in `others` have another cause.
    """
    span = _span(event["start"], event["end"])
    is_plant = event["kind"] in PLANT
    devices = event["devices"]
    found = []
    for befallen in [devices] if is_plant else [[each] for each in devices]:
        case = _Case(event, span)
        for place, each in enumerate(alerts):
            is_meant = each["device"] in befallen or (is_plant and not each["device"])
            begins = spans[place].start >= span.start - _MORE
            if is_meant and begins and span.meets(spans[place], _GRACE):
                case.answers.append(place)
        case.answers = [place for place in case.answers if place not in others]
        found.append(case)
    return found


def _delays(cases: Iterable[_Case], spans: Sequence[Span]) -> _Json:
    delays = [
        (
            min(spans[place].start for place in case.answers) - case.span.start
        ).total_seconds()
        for case in cases
        if case.answers
    ]
    if not delays:
        return {"median_s": None, "largest_s": None}
    return {"median_s": statistics.median(delays), "largest_s": max(delays)}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _alert_figures(
    conditions: Sequence[_Case],
    caused: int,
    spans: Sequence[Span],
    spurious: Sequence[_Json],
) -> _Json:
    certain = [
        case
        for case in conditions
        if case.truth["observable"]
        and not case.truth["marginal"]
        and not case.truth["affected"]
    ]
    found = [case for case in certain if case.answers]
    return {
        "reported": caused + len(spurious),
        "expected": len(certain),
        "doubtful": len(conditions) - len(certain),
        "found": len(found),
        "recall": _share(len(found), len(certain)),
        "precision": _share(caused, caused + len(spurious)),
        "delay": _delays(found, spans),
        "missed": [case.truth for case in certain if not case.answers],
        "spurious": [_named(each) for each in spurious],
    }


def _named(alert: _Json) -> _Json:
    return {"rule": alert["rule"]["code"]} | {
        name: alert[name] for name in ("device", "metric", "onset", "value")
    }


def _fault_figures(
    faults: Sequence[_Case],
    alerts: Sequence[_Json],
    spans: Sequence[Span],
    spurious: Sequence[_Json],
) -> _Json:
    figures: _Json = {}
    for kind in sorted({case.truth["kind"] for case in faults}):
        cases = [case for case in faults if case.truth["kind"] == kind]
        detected = [case for case in cases if case.answers]
        right = {place for case in cases for place in case.answers}
        rules = {alerts[place]["rule"]["code"] for place in right}
        wrong = sum(each["rule"]["code"] in rules for each in spurious)
        figures[kind] = {
            "total": len(cases),
            "detected": len(detected),
            "recall": _share(len(detected), len(cases)),
            "precision": _share(len(right), len(right) + wrong),
            "delay": _delays(detected, spans),
            "rules": sorted(rules),
        }
    return figures


def _kpi_figures(centre: _Json | None, kpis: Sequence[_Json]) -> list[_Json]:
    if centre is None:
        return []
    hours = {_time(each["start"]): each for each in centre["hours"]}
    known = [
        (each, _true_value(each, hours[_time(each["start"])]))
        for each in kpis
        if _time(each["start"]) in hours
    ]
    keys = sorted({(each["kpi"], each["category"]) for each, _ in known})
    return [
        _kpi_figure(kpi, category, len(hours), centre["whole"], of_kpi)
        for kpi, category in keys
        if (
            of_kpi := [
                pair
                for pair in known
                if (pair[0]["kpi"], pair[0]["category"]) == (kpi, category)
            ]
        )
    ]


def _true_value(kpi: _Json, figures: _Json) -> float:
    if kpi["kpi"] == "pue":
        value: float = figures["pue"][str(kpi["category"])]
        return value
    share: float = figures["renewable_share"]
    return share


def _kpi_figure(
    kpi: str,
    category: int,
    hours: int,
    whole: _Json,
    known: Sequence[tuple[_Json, float]],
) -> _Json:
    rows = [
        (row, row["value"] - true) for row, true in known if row["value"] is not None
    ]
    above = sum(row["numerator_kwh"] for row, _ in rows)
    below = sum(row["denominator_kwh"] for row, _ in rows)
    return {
        "kpi": kpi,
        "category": category,
        "hours": hours,
        "reported": len(rows),
        "whole": {
            "reported": above / below if below else None,
            "true": _true_value({"kpi": kpi, "category": category}, whole),
        },
        "error_by_coverage": [
            {"coverage_from": least} | _errors(_within(rows, least, most))
            for least, most in zip(_COVERAGES, (2.0, *_COVERAGES), strict=False)
        ],
    }


def _within(
    rows: Sequence[tuple[_Json, float]], least: float, most: float
) -> list[float]:
    return [abs(error) for row, error in rows if least <= row["coverage"] < most]


def _errors(errors: Sequence[float]) -> _Json:
    return {
        "hours": len(errors),
        "mean_error": statistics.fmean(errors) if errors else None,
        "largest_error": max(errors, default=None),
    }


def told(figures: _Json) -> str:
    """Tell the result in a few lines."""
    alerts = figures["alerts"]
    first = (
        f"{alerts['found']} of {alerts['expected']} expected alerts found,"
        f" {len(alerts['spurious'])} of {alerts['reported']} without a cause;"
        f" delay {_seconds(alerts['delay']['median_s'])} (median),"
        f" {_seconds(alerts['delay']['largest_s'])} (largest)"
    )
    lines = [first]
    lines += [f"  missed: {_called(each)}" for each in alerts["missed"]]
    lines += [f"  without a cause: {_called(each)}" for each in alerts["spurious"]]
    if alerts["unjudged"]:
        lines.append(f"  by rules that the truth leaves out: {len(alerts['unjudged'])}")
    for kind, each in figures["faults"].items():
        lines.append(
            f"{kind}: {each['detected']} of {each['total']} detected, precision"
            f" {_percent(each['precision'])},"
            f" delay {_seconds(each['delay']['median_s'])}"
        )
    for each in figures["kpis"]:
        lines.append(f"{each['kpi']} {each['category'] or ''}: {each['reported']} of")
        lines[-1] += f" {each['hours']} hours; {_errors_told(each)}"
    return "\n".join(lines)


def _called(alert: _Json) -> str:
    return f"{alert['rule']} of {alert['device']} at {alert['onset']}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} s"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"


def _errors_told(figure: _Json) -> str:
    parts = [
        f"coverage from {each['coverage_from']:g}: error at most"
        f" {each['largest_error']:.5f} in {each['hours']} hours"
        for each in figure["error_by_coverage"]
        if each["hours"]
    ]
    return "; ".join(parts) or "none to compare"
