"""Figures of data centres against rules: from all periods to condition intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from analytics import thresholds
from parkpulse.model import instants
from parkpulse.query import terms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parkpulse.model.condition import Interval
    from parkpulse.model.definitions import KpiRule
    from parkpulse.store.kpi_views import KpiRow

_HOLD = 400 * instants.DAY


class Figure(NamedTuple):
    """A number that is known from a time on. [us]."""

    ts: int
    value: float


def figures(definition: KpiRule, rows: Sequence[KpiRow], zone: str) -> list[Figure]:
    """Return what a rule compares, one a closed period, at the period's end."""
    closed = [each for each in rows if each.state == "closed"]
    if definition.quantity == "coverage":
        return [Figure(_end(each), each.coverage) for each in closed]
    known = [each for each in closed if each.coverage >= definition.least_coverage]
    if definition.span == "year_to_date":
        return list(_to_date(known, zone))
    return [Figure(_end(each), each.value) for each in known if each.value is not None]


def _to_date(rows: Sequence[KpiRow], zone: str) -> Iterator[Figure]:
    """Yield ratios of the sums since 1 January."""
    year, numerator, denominator = 0, 0.0, 0.0
    for each in rows:
        mine = each.start.astimezone(ZoneInfo(zone)).year
        if mine != year:
            year, numerator, denominator = mine, 0.0, 0.0
        numerator += each.numerator_kwh
        denominator += each.denominator_kwh
        if denominator > 0:
            yield Figure(_end(each), numerator / denominator)


def _end(row: KpiRow) -> int:
    return instants.to_us(row.end)


def intervals(definition: KpiRule, found: Sequence[Figure]) -> list[Interval]:
    """Return when the condition held."""
    limits = _limits(definition)
    _, transitions = thresholds.advance(
        limits,
        thresholds.initial(1),
        np.zeros(len(found), np.int64),
        np.array([each.ts for each in found], np.int64),
        np.array([each.value for each in found], np.float64),
    )
    return terms.computed(None, transitions, definition)


def _limits(definition: KpiRule) -> thresholds.Limits:
    sign = 1.0 if definition.direction == "above" else -1.0
    limit = np.array([[sign * each.limit for each in definition.levels]])
    if definition.inclusive:
        limit = np.nextafter(limit, -np.inf)
    none = np.zeros(1, np.int64)
    return thresholds.Limits(
        sign=np.array([sign]),
        limit=limit,
        deadband=np.array([definition.deadband]),
        on_delay=none,
        off_delay=none,
        hold=none + _HOLD,
        on_samples=none + definition.on_samples,
        off_samples=none + definition.off_samples,
    )
