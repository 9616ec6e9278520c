"""What is looked at by civil days: meter balance, projections, drift of the overhead.

A balance is judged for each closed day. A projection and a search for drift say what is
known now: their conditions begin and end with the newest closed day.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from parkpulse.engine.alerts_evaluate import at
from parkpulse.engine.alerts_reconcile import Origin
from parkpulse.engine.alerts_record import Finding
from parkpulse.model import instants
from parkpulse.model.condition import Step
from parkpulse.model.definitions import KpiRule, Level
from parkpulse.model.periods import Calendar
from parkpulse.query import projection, rule_days, rule_figures
from parkpulse.store import conditions, drift

if TYPE_CHECKING:
    from parkpulse.model.alert import Severity
    from parkpulse.model.condition import Interval
    from parkpulse.model.definitions import (
        BalanceRule,
        Definition,
        DriftRule,
        ProjectionRule,
    )
    from parkpulse.store.drift import DriftRow
    from parkpulse.store.parks import DataCentreRow, ParkRow
    from parkpulse.store.pool import Connection

BALANCE_DAYS = 31
"""So many closed days are balanced again, for late readings."""


class About(NamedTuple):
    """A data centre and its park's clock. [us]."""

    park: ParkRow
    centre: DataCentreRow
    now: int

    @property
    def days_end(self) -> int:
        """End of the newest closed day. [us]."""
        calendar = Calendar(self.park.zone)
        return calendar.midnight(calendar.day_of(self.now - rule_days.SETTLED))

    def origin(self, rule_id: int, definition: Definition, *parts: object) -> Origin:
        """Tell what alerts of a rule are about."""
        subject = "/".join(map(str, (self.park.code, self.centre.code, *parts)))
        return Origin(rule_id, subject, self.park.id, None, None, None, definition)


def balances(
    conn: Connection, rule_id: int, definition: BalanceRule, about: About
) -> list[Finding]:
    """Compare each meter with those below it, day by day."""
    calendar = Calendar(about.park.zone)
    last = calendar.day_of(about.days_end)
    start = calendar.midnight(last - timedelta(days=BALANCE_DAYS))
    more = timedelta(days=max(definition.on_samples, definition.off_samples))
    first = calendar.midnight(last - timedelta(days=BALANCE_DAYS) - more)
    figures = rule_figures.shares(
        conn,
        definition,
        (about.centre.id, about.park.zone),
        (first, about.days_end),
        about.now,
    )
    found = []
    for parent, known in sorted(figures.items()):
        origin = about.origin(rule_id, definition, "balance", parent)
        old = conditions.overlapping(conn, {origin.key: start})[origin.key]
        new = rule_figures.intervals(definition, known, start + 1, at(old, start))
        found.append(Finding(origin, about.now, is_fresh=True, old=old, new=new))
    return found


def projections(
    conn: Connection, rule_id: int, definition: ProjectionRule, about: About
) -> list[Finding]:
    """Compare the projected figure of the year with the target that binds it."""
    row, park = about.centre, about.park
    found = projection.project(
        conn,
        rule_days.centre(row),
        park.zone,
        instants.from_us(about.now),
        kpi=definition.kpi,
        category=definition.category,
    )
    year = Calendar(park.zone).day_of(about.now).year
    severity = rule_days.missed(definition, found)
    target = found.target or 0.0
    # The limit that people are shown is the dated target.
    shown = KpiRule(
        definition.kpi,
        definition.direction,
        [Level(severity or definition.severity, target)],
    )
    origin = about.origin(rule_id, shown, "projection", definition.kpi, year)
    if found.value is None:
        return [_unchanged(conn, origin, about)]
    return [_present(conn, origin, about, severity, found.value)]


def drifts(
    conn: Connection, rule_id: int, definition: DriftRule, about: About
) -> list[Finding]:
    """Tell of a lasting rise that the daily search has found."""
    origin = about.origin(rule_id, definition, "drift")
    row = drift.load(conn).get(about.centre.id)
    if row is None:
        return [_unchanged(conn, origin, about)]
    severity = rule_days.risen(definition, row.onset, row.shift_kw, row.thermometer)
    shift = row.shift_kw or 0.0
    return [_present(conn, origin, about, severity, shift, _onset(row, about))]


def _onset(row: DriftRow, about: About) -> int | None:
    if row.onset is None:
        return None
    return Calendar(about.park.zone).midnight(row.onset)


def _lasting(conn: Connection, origin: Origin, about: About) -> list[Interval]:
    found = conditions.overlapping(conn, {origin.key: about.days_end})[origin.key]
    return [each for each in found if each.cleared is None]


def _unchanged(conn: Connection, origin: Origin, about: About) -> Finding:
    old = _lasting(conn, origin, about)
    return Finding(origin, about.now, is_fresh=True, old=old, new=old)


def _present(
    conn: Connection,
    origin: Origin,
    about: About,
    severity: Severity | None,
    value: float,
    onset: int | None = None,
) -> Finding:
    """Let a condition hold from the newest closed day on, or no longer."""
    old = _lasting(conn, origin, about)
    step = None if severity is None else Step(about.days_end, severity, value)
    new = rule_days.present(old, about.days_end, step, onset)
    return Finding(origin, about.now, is_fresh=True, old=old, new=new)
