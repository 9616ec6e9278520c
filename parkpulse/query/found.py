"""Rules of quality and of anomalies in numbers, over stored findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from analytics import findings
from parkpulse.model import instants
from parkpulse.model.definitions import QualityRule
from parkpulse.model.quality import TESTS
from parkpulse.query import terms as rule_terms
from parkpulse.store import findings as store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.thresholds import Structured
    from parkpulse.model.definitions import FoundDefinition
    from parkpulse.model.packed import FloatArray, Int64Array
    from parkpulse.store.findings import Found, Spans
    from parkpulse.store.pool import Connection
    from parkpulse.store.rules import WatchedSeries

Kind = Literal["quality", "anomaly"]
_EPSILON = 1e-6
"""Scores are stored with seven digits."""


class Course(NamedTuple):
    """Readings of one series, with what was found at them."""

    ts: Int64Array
    found_ts: Int64Array
    test: Int64Array
    number: FloatArray


def holds(definition: FoundDefinition, series: WatchedSeries) -> bool:
    """Whether a rule watches a series."""
    if definition.metrics is not None:
        is_metric = series.metric in definition.metrics
    else:
        # Registers only rise: what is rare in them is told by their rates.
        is_metric = isinstance(definition, QualityRule) or series.kind == "gauge"
    return is_metric and definition.scope.holds(
        series.device, series.device_kind, series.places, series.tags
    )


def terms(definition: FoundDefinition) -> findings.Terms:
    """Return when findings make a condition."""
    return findings.Terms(
        definition.count,
        round(definition.within_s * instants.SECOND),
        round(definition.off_delay_s * instants.SECOND),
    )


def read(conn: Connection, kind: Kind, spans: Spans) -> list[Course]:
    """Read n spans of series with their findings."""
    readings = store.readings(conn, spans)
    look = store.flags if kind == "quality" else store.scores
    found = look(conn, spans)
    count = len(spans.series)
    edges = np.searchsorted(readings.position, np.arange(count + 1))
    marks = np.searchsorted(found.position, np.arange(count + 1))
    return [
        _course(readings.ts[edges[n] : edges[n + 1]], found, marks[n], marks[n + 1])
        for n in range(count)
    ]


def _course(ts: Int64Array, found: Found, first: int, last: int) -> Course:
    mine = slice(first, last)
    return Course(ts, found.ts[mine], found.test[mine], found.number[mine])


class From(NamedTuple):
    """Where a series' condition is followed from."""

    active: int
    """Level that it has there."""
    since: int
    """[us]."""
    zone: str
    """Of the park."""


def transitions(definition: FoundDefinition, course: Course, start: From) -> Structured:
    """Tell what happens from a time on."""
    number = np.zeros(len(course.ts))
    wanted = np.ones(len(course.found_ts), np.bool_)
    if isinstance(definition, QualityRule):
        wanted = np.isin(course.test, [TESTS.index(test) for test in definition.tests])
    at = np.searchsorted(course.ts, course.found_ts[wanted])
    # A finding whose reading counts no longer says nothing.
    inside = at < len(course.ts)
    inside[inside] &= course.ts[at[inside]] == course.found_ts[wanted][inside]
    np.maximum.at(number, at[inside], course.number[wanted][inside])
    limits = np.array([each.limit for each in definition.levels]) - _EPSILON
    level = np.searchsorted(limits, number, "right")
    weekly = rule_terms.weekly_of(definition.schedule, start.zone)
    if weekly is not None:
        level[~weekly.holds(course.ts)] = 0
    return findings.transitions(
        terms(definition), start.active, start.since, course.ts, level, number
    )


def reach(definitions: Sequence[FoundDefinition]) -> int:
    """How far before a reading what follows from it may depend on. [us]."""
    return max((terms(each).reach for each in definitions), default=0)
