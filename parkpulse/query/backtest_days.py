"""What rules that look at closed days would have said on each day of the past.

Figures, meters, targets and certificates are those that are known today; what late data
changed since is not told from what was known on the day.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from parkpulse.model import instants
from parkpulse.model.condition import Interval, Step
from parkpulse.model.periods import Calendar
from parkpulse.query import drift, projection, rule_days

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from parkpulse.model.definitions import DriftRule, ProjectionRule
    from parkpulse.store.parks import DataCentreRow, ParkRow
    from parkpulse.store.pool import Connection


class Followed(NamedTuple):
    """The conditions of one subject of a data centre."""

    metric: str
    intervals: list[Interval]
    figures: int
    """Days or hours of meters that were looked at."""


def closed(zone: str, start: int, end: int, now: int) -> list[int]:
    """Return the ends of the days that are looked at in [start, end). [us]."""
    until = min(end, now - rule_days.SETTLED)
    if until <= start:
        return []
    edges = Calendar(zone).edges(start, until)
    return [each for each in edges.tolist() if start <= each < until]


def projections(
    conn: Connection,
    definition: ProjectionRule,
    of: tuple[ParkRow, DataCentreRow],
    days: Sequence[int],
) -> Iterator[Followed]:
    """Project each year on each of these days; what a year began ends with it."""
    park, row = of
    calendar = Calendar(park.zone)
    found = projection.of_the_past(
        conn,
        rule_days.centre(row),
        park.zone,
        days,
        kpi=definition.kpi,
        category=definition.category,
    )
    steps: list[tuple[int, bool, Step | None]] = []
    for day, each in zip(days, found, strict=True):
        severity = rule_days.missed(definition, each)
        value = each.value or 0.0
        step = None if severity is None else Step(day, severity, value)
        steps.append((day, each.value is not None, step))
    for year, mine in groupby(steps, key=lambda one: calendar.day_of(one[0]).year):
        intervals: list[Interval] = []
        known = list(mine)
        for day, is_known, step in known:
            if is_known:
                intervals = _followed(intervals, day, step)
        ends = next((day for day in days if day > known[-1][0]), None)
        metric = f"projection/{definition.kpi}/{year}"
        yield Followed(metric, _ended(intervals, ends), len(known))


def drifts(
    conn: Connection,
    definition: DriftRule,
    of: tuple[ParkRow, DataCentreRow],
    days: Sequence[int],
) -> Followed:
    """Search for a lasting rise on each of these days, as the engine does."""
    park, row = of
    intervals: list[Interval] = []
    hours = 0
    for day in days:
        found = drift.search(conn, row.id, park.zone, instants.from_us(day))
        hours += found.hours
        onset, shift = found.rise or (None, None)
        severity = rule_days.risen(definition, onset, shift, found.thermometer)
        step = None if severity is None else Step(day, severity, shift or 0.0)
        intervals = _followed(intervals, day, step, _begin(park.zone, onset))
    return Followed("drift", intervals, hours)


def _begin(zone: str, onset: date | None) -> int | None:
    return None if onset is None else Calendar(zone).midnight(onset)


def _followed(
    intervals: Sequence[Interval], day: int, step: Step | None, onset: int | None = None
) -> list[Interval]:
    """Let the last condition go on, change or end, or another one begin."""
    past = [each for each in intervals if each.cleared is not None]
    lasting = [each for each in intervals if each.cleared is None]
    return [*past, *rule_days.present(lasting, day, step, onset)]


def _ended(intervals: Sequence[Interval], at: int | None) -> list[Interval]:
    return [
        replace(each, cleared=at) if each.cleared is None else each
        for each in intervals
    ]
