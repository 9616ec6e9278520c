"""What rules of data centres find in those of some slots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parkpulse.engine.alerts_reconcile import Origin
from parkpulse.engine.alerts_record import Finding
from parkpulse.engine.rules import daily
from parkpulse.engine.rules.daily import About
from parkpulse.model import instants, rule
from parkpulse.model.definitions import (
    BalanceRule,
    CentreDefinition,
    DriftRule,
    KpiRule,
    ProjectionRule,
)
from parkpulse.model.registry import SLOTS
from parkpulse.query import rule_figures
from parkpulse.store import conditions, kpi_views, parks
from parkpulse.store.kpi_views import Wanted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import UnionType

    from parkpulse.model.condition import Key
    from parkpulse.model.definitions import Definition
    from parkpulse.model.rule import StoredRule
    from parkpulse.store.parks import DataCentreRow
    from parkpulse.store.pool import Connection

CATEGORIES = (0, 1, 2, 3)
"""0 where a key figure has none."""
MAXIMUM_PERIODS = 4000
"""Ten years of days."""
_FRESH = {
    "hour": instants.DAY,
    "day": 3 * instants.DAY,
    "month": 40 * instants.DAY,
    "year": 400 * instants.DAY,
    "rolling_12_months": 3 * instants.DAY,
}
"""Age up to which the end of the newest period is fresh. [us]"""


def findings(
    conn: Connection,
    stored: Sequence[StoredRule],
    slots: Sequence[int],
    kinds: type | UnionType,
) -> tuple[list[Finding], set[Key]]:
    """Compare recorded and computed conditions; return these and all keys watched."""
    by_id = {each.id: each for each in parks.parks(conn) if each.id % SLOTS in slots}
    clocks = {key: instants.to_us(now) for key, now in parks.clocks(conn).items()}
    found: list[Finding] = []
    for centre in parks.data_centres(conn):
        park = by_id.get(centre.park_id)
        if park is None:
            continue
        about = About(park, centre, clocks[park.id])
        for each in rule.in_force(stored, park.id):
            definition = each.spec.definition
            if isinstance(definition, kinds) and _holds(definition, centre):
                found += _of_rule(conn, each.id, definition, about)
    return found, {each.origin.key for each in found}


def _holds(definition: Definition, centre: DataCentreRow) -> bool:
    return isinstance(definition, CentreDefinition) and (
        definition.data_centres is None or centre.code in definition.data_centres
    )


def _of_rule(
    conn: Connection, rule_id: int, definition: Definition, about: About
) -> list[Finding]:
    """Look at one rule of a data centre."""
    if isinstance(definition, KpiRule):
        return _of_figures(conn, rule_id, definition, about)
    if isinstance(definition, BalanceRule):
        return daily.balances(conn, rule_id, definition, about)
    if isinstance(definition, ProjectionRule):
        return daily.projections(conn, rule_id, definition, about)
    if isinstance(definition, DriftRule):
        return daily.drifts(conn, rule_id, definition, about)
    return []


def _of_figures(
    conn: Connection, rule_id: int, definition: KpiRule, about: About
) -> list[Finding]:
    one = definition.category
    return [
        _finding(conn, rule_id, definition, about, category)
        for category in (CATEGORIES if one is None else (one,))
    ]


def _finding(
    conn: Connection,
    rule_id: int,
    definition: KpiRule,
    about: About,
    category: int,
) -> Finding:
    park, centre, now = about
    parts = (park.code, centre.code, definition.kpi, category, definition.period)
    subject = "/".join(map(str, parts))
    origin = Origin(rule_id, subject, park.id, None, None, None, definition)
    wanted = Wanted(definition.kpi, category, definition.period)
    rows = kpi_views.rows(conn, centre.id, wanted, None, MAXIMUM_PERIODS)
    figures = rule_figures.figures(definition, rows, park.zone)
    new = rule_figures.intervals(definition, figures)
    old = conditions.overlapping(conn, {origin.key: 0})[origin.key]
    newest = figures[-1].ts if figures else 0
    is_fresh = now - newest <= _FRESH[definition.period]
    return Finding(origin, now, is_fresh, old, new)
